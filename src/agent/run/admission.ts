import { type Executor, executorIsGoing } from "../../api/executor.ts";
import { type Framework, mesosFrameworkId } from "../../api/framework.ts";
import { BUILT_IN_FRAMEWORK } from "../../api/group.ts";
import type { Reservation } from "../../api/reservation.ts";
import type { Task, TaskSpec } from "../../api/task.ts";
import type { Namespace } from "../../cluster/core.ts";
import { isNotFound } from "../../cluster/errors.ts";
import type { Live } from "../../cluster/object.ts";
import type { Resource } from "../../cluster/resource.ts";
import type { FrameworkFacts } from "../checkpoint/record.ts";
import { dropped, type Outcome, refused } from "../lifecycle/outcome.ts";
import { REASON } from "../lifecycle/reason.ts";
import { type Level, levelOf } from "../podsecurity/level.ts";
import { violations } from "../podsecurity/violations.ts";
import type { KeyedLock } from "../provisioner/keyedLock.ts";
import type { Layout } from "../sandbox/layout.ts";
import { VolumeError } from "../sandbox/volumeError.ts";
import { claimVolume } from "../sandbox/volumeIdentity.ts";
import { persistentVolumes } from "../sandbox/volumes.ts";
import { volumeIdentity } from "../upkeep/volumes.ts";

export interface AdmissionOptions {
  readonly executors: Pick<Resource<Executor>, "get">;
  readonly frameworks: Pick<Resource<Framework>, "get">;
  readonly namespaces: Pick<Resource<Namespace>, "get">;
  readonly reservations: Pick<Resource<Reservation>, "list">;
  /** The agent's name. */
  readonly node: string;
  readonly layout: Layout;
  /** Two tasks may want one shared volume. */
  readonly volumeLock: KeyedLock;
}

/** Whether a task may start here, and what of its framework and namespace bears on that. */
export type Admission = Admitted | { readonly framework: FrameworkFacts; readonly outcome: Outcome };

export interface Admitted {
  readonly framework: FrameworkFacts;
  readonly level: Level;
  /** The DEFAULT executor that runs it. */
  readonly executor: Live<Executor> | undefined;
}

/** Who has no Framework object, or none any more: all of Mesos's states are told. */
const BUILT_IN: FrameworkFacts = { id: BUILT_IN_FRAMEWORK, partitionAware: true, killingState: true };

/** Judges a task by what the API says of its framework, its namespace and its volumes, as it is now. Rejects as the API server does. */
export async function admit(
  task: Live<Task>,
  options: AdmissionOptions,
  signal: AbortSignal,
): Promise<Admission> {
  const namespace = task.metadata.namespace ?? "";
  const framework = await frameworkFacts(task, options, signal);
  if (!framework) {
    const message = `The framework ${task.spec.framework} was removed before the task was started`;
    const outcome: Outcome = {
      state: "TASK_KILLED",
      reason: REASON.frameworkRemoved,
      source: "SOURCE_AGENT",
      message,
    };
    return { framework: BUILT_IN, outcome };
  }
  const { metadata } = await options.namespaces.get({ name: namespace }, { signal });
  const level = levelOf(metadata.labels);
  const executor = await executorOf(task, options, signal);
  if (executor === "gone") {
    const outcome = dropped(framework, REASON.executorTerminated, "The executor of the task has ended");
    return { framework, outcome };
  }
  const specs = [task.spec, ...(executor ? [executor.spec] : [])];
  const forbidden = specs.flatMap((spec) => violations(level, spec, framework.user));
  if (forbidden.length > 0) {
    const message = `The namespace ${namespace} enforces the pod-security level ${level}: ${forbidden.join("; ")}`;
    return { framework, outcome: refused(REASON.unauthorized, message) };
  }
  for (const spec of specs) {
    const missing = await claimVolumes(spec, options, signal);
    if (missing !== undefined) return { framework, outcome: refused(REASON.invalid, missing) };
  }
  return { framework, level, executor };
}

/** Undefined: the task's framework is not there any more. */
export async function frameworkFacts(
  { metadata, spec }: Live<Task>,
  { frameworks }: Pick<AdmissionOptions, "frameworks">,
  signal: AbortSignal,
): Promise<FrameworkFacts | undefined> {
  if (spec.framework === undefined) return BUILT_IN;
  const ref = { namespace: metadata.namespace ?? "", name: spec.framework };
  try {
    const found = await frameworks.get(ref, { signal });
    const { capabilities = [], user } = found.spec;
    return {
      id: mesosFrameworkId(found),
      partitionAware: capabilities.includes("PARTITION_AWARE"),
      killingState: capabilities.includes("TASK_KILLING_STATE"),
      ...(user === undefined ? {} : { user }),
    };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Undefined: it has none, or one that is not the agent itself. */
async function executorOf(
  { metadata, spec }: Live<Task>,
  { executors }: AdmissionOptions,
  signal: AbortSignal,
): Promise<Live<Executor> | "gone" | undefined> {
  if (spec.executor === undefined) return undefined;
  const ref = { namespace: metadata.namespace ?? "", name: spec.executor.name };
  try {
    const executor = await executors.get(ref, { signal });
    if (executor.spec.type !== "DEFAULT") return undefined;
    return executorIsGoing(executor) ? "gone" : executor;
  } catch (error) {
    if (isNotFound(error)) return "gone";
    throw error;
  }
}

/**
 * Makes sure that a task, or an executor, finds its own persistent volumes. A sentence when it wants one that no Reservation of this agent has: it is
 * another's, or was destroyed.
 */
async function claimVolumes(
  spec: Pick<TaskSpec, "resources" | "allocated">,
  { reservations, node, layout, volumeLock }: AdmissionOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const wanted = persistentVolumes(spec);
    if (wanted.length === 0) return undefined;
    const { items } = await reservations.list({ signal });
    for (const volume of wanted) {
      const identity = volumeIdentity(items, node, volume);
      if (identity === undefined)
        return `There is no persistent volume ${volume.id} of the role ${volume.role} on ${node}`;
      await volumeLock.run(layout.volume(volume), () => claimVolume(layout, volume, identity));
    }
    return undefined;
  } catch (error) {
    if (error instanceof VolumeError) return error.message;
    throw error;
  }
}
