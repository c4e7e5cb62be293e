import { join } from "node:path";
import type { Executor } from "../../api/executor.ts";
import type { Live } from "../../cluster/object.ts";
import type { AgentConfig } from "../../config/agent.ts";
import type { ContainerSpec, Dns, Network } from "../containerizer/spec.ts";
import type { PodCgroup } from "../isolation/podCgroup.ts";
import { LABEL_NAMESPACE } from "../launch/containerSpec.ts";
import { limitsOf } from "../launch/limits.ts";
import { UNPRIVILEGED_USER } from "../podsecurity/profile.ts";
import { STDERR, STDOUT } from "../sandbox/sandbox.ts";

/** On the container of a DEFAULT executor: its name. */
export const LABEL_HOLDER = "mesos.dev/default-executor";

export interface HolderRequest {
  readonly executor: Pick<Live<Executor>, "metadata" | "spec">;
  readonly sandbox: string;
  readonly network: Network;
  readonly cgroup: PodCgroup;
  /** For a network of its own. */
  readonly dns: Dns | undefined;
  readonly config: Pick<AgentConfig, "cfsQuota" | "pidsLimit">;
}

/** Seconds of sleep: 68 years, the most that every `sleep` understands. */
const FOREVER = "2147483647";
/** As the kubelet gives pause containers: killed last. */
const OOM_SCORE_ADJ = -998;
const MAX_HOSTNAME = 63;

/** The container that holds what the tasks of a DEFAULT executor share. It runs nobody's program and may do nothing. */
export function holderSpec({
  executor,
  sandbox,
  network,
  cgroup,
  dns,
  config,
}: HolderRequest): ContainerSpec {
  const { metadata, spec } = executor;
  const ownNetwork = network.type !== "host";
  return {
    id: metadata.uid,
    labels: { [LABEL_NAMESPACE]: metadata.namespace ?? "", [LABEL_HOLDER]: metadata.name },
    command: ["sleep", FOREVER],
    init: true,
    env: {},
    user: UNPRIVILEGED_USER,
    cwd: "/",
    network,
    ...(ownNetwork ? { hostname: (spec.container?.hostname ?? metadata.name).slice(0, MAX_HOSTNAME) } : {}),
    ...(ownNetwork && dns ? { dns } : {}),
    cgroup,
    limits: limitsOf(spec, { cfsQuota: config.cfsQuota, pids: config.pidsLimit }),
    security: { dropCapabilities: ["ALL"], runAsNonRoot: true, readOnlyRootfs: true },
    oomScoreAdj: OOM_SCORE_ADJ,
    stdout: join(sandbox, STDOUT),
    stderr: join(sandbox, STDERR),
  };
}
