import { isAbsolute, join } from "node:path";
import type { TaskSpec } from "../../api/task.ts";
import type { AgentConfig } from "../../config/agent.ts";
import type { TaskRecord } from "../checkpoint/record.ts";
import type { BindMount, ContainerSpec, Dns } from "../containerizer/spec.ts";
import { environment, SANDBOX_TARGET } from "../environment/environment.ts";
import { executorEnvironment } from "../environment/executor.ts";
import type { PodCgroup } from "../isolation/podCgroup.ts";
import type { Level } from "../podsecurity/level.ts";
import { networkOf, securityOf } from "../podsecurity/profile.ts";
import { STDERR, STDOUT } from "../sandbox/sandbox.ts";
import { argvOf } from "./argv.ts";
import { heldMemory, limitsOf, oomScoreAdj } from "./limits.ts";
import type { ExecutorPlace } from "./place.ts";

/** Labels of a task's container: by them it is known without a record. */
export const LABEL_NAMESPACE = "mesos.dev/task-namespace";
export const LABEL_NAME = "mesos.dev/task-name";
/** Marks the container of an executor. */
export const LABEL_EXECUTOR = "mesos.dev/executor";

export interface NodeFacts {
  /** The agent's name. */
  readonly name: string;
  readonly address: string;
  readonly memoryBytes: number;
}

export interface SpecRequest {
  readonly record: TaskRecord;
  readonly sandbox: string;
  readonly level: Level;
  readonly user: string | undefined;
  readonly mounts: readonly BindMount[];
  /** Values of the variables that name a Secret. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly cgroup: PodCgroup;
  /** Of a task that a DEFAULT executor runs. */
  readonly place?: ExecutorPlace | undefined;
  /** For a network of its own. */
  readonly dns: Dns | undefined;
  readonly node: NodeFacts;
  readonly config: Pick<AgentConfig, "cfsQuota" | "pidsLimit" | "network" | "http">;
  /** What the container may use; absent: what the task holds. */
  readonly resources?: TaskSpec["resources"] | undefined;
}

/** The longest host name that Linux takes. */
const MAX_HOSTNAME = 63;

/** What to run, and how it is confined. Pure. */
export function containerSpec(request: SpecRequest): ContainerSpec {
  const { record, sandbox, level, user, mounts, cgroup, place, dns, node, config } = request;
  const { spec, name } = record;
  const { resources = spec.resources } = request;
  const shared = spec.container?.network === undefined ? place?.network : undefined;
  const network = shared ?? networkOf(level, spec, config.network.defaultName);
  const ownNetwork = network.type !== "host";
  const command = spec.command ? argvOf(spec.command) : undefined;
  const args = spec.command && !command ? (spec.command.arguments ?? []).slice(1) : [];
  return {
    id: record.uid,
    labels: {
      [LABEL_NAMESPACE]: record.namespace,
      [LABEL_NAME]: name,
      ...(record.executor && { [LABEL_EXECUTOR]: "true" }),
    },
    // An image's own entrypoint is the first process, as it expects to be.
    ...(command === undefined ? {} : { command, init: true }),
    ...(args.length === 0 ? {} : { args }),
    env: environmentOf(request, !ownNetwork),
    ...(user === undefined ? {} : { user }),
    ...workingDirectory(spec.container),
    sandbox: { source: sandbox, target: SANDBOX_TARGET },
    mounts,
    network,
    ...(ownNetwork ? { hostname: (spec.container?.hostname ?? name).slice(0, MAX_HOSTNAME) } : {}),
    ...(ownNetwork && dns ? { dns } : {}),
    cgroup,
    limits: limitsOf({ ...spec, resources }, { cfsQuota: config.cfsQuota, pids: config.pidsLimit }),
    security: securityOf(level, spec),
    oomScoreAdj: oomScoreAdj(heldMemory({ resources }), node.memoryBytes),
    stdout: join(sandbox, STDOUT),
    stderr: join(sandbox, STDERR),
  };
}

function environmentOf(
  { record, sandbox, node, config, secrets, place }: SpecRequest,
  hostNetwork: boolean,
): Record<string, string> {
  const { spec, name, executor } = record;
  const facts = {
    spec,
    frameworkId: record.framework.id,
    agent: node.name,
    nodeAddress: node.address,
    hostNetwork,
    sandbox,
    secrets,
  };
  if (executor === undefined) return environment({ ...facts, name, executorId: place?.executorId });
  const { executorId, shutdownGracePeriod = "5s" } = executor.spec;
  const { token } = executor;
  return executorEnvironment({ ...facts, executorId, shutdownGracePeriod, token, port: config.http.port });
}

/** Without an image of its own a task works in its sandbox, as in Mesos; else where the image says (the containerizer's default). */
function workingDirectory(container: TaskRecord["spec"]["container"]): { cwd?: string } {
  const asked = container?.workingDirectory;
  if (asked !== undefined) return { cwd: isAbsolute(asked) ? asked : join(SANDBOX_TARGET, asked) };
  return container?.image === undefined ? { cwd: SANDBOX_TARGET } : {};
}
