import type { Framework } from "../../api/framework.ts";
import type { Task, TaskSpec } from "../../api/task.ts";
import type { Live } from "../../cluster/object.ts";
import { timestamp } from "../../cluster/time.ts";
import type { Dependencies } from "../dependencies.ts";
import { isPartitionAware, type Transition, transitionPatch } from "./ending.ts";

/** The field manager of what the operator writes of Tasks, conditions aside. */
export const TASK_MANAGER = "mesos-operator";

type Needs = Pick<Dependencies, "clients" | "clock">;

/**
 * Writes a transition of the task as it was read: if anyone, the agent above all, has written it since, this
 * rejects with a conflict and nothing has happened. Whoever calls looks again then.
 */
export function writeTransition(
  { clients, clock }: Needs,
  task: Live<Task>,
  transition: Transition,
  signal: AbortSignal,
): Promise<Live<Task>> {
  const { uid, resourceVersion } = task.metadata;
  const status = transitionPatch(task, transition, timestamp(clock.now()));
  return clients.tasks.mergePatch(
    task.metadata,
    { metadata: { uid, resourceVersion }, status },
    { fieldManager: TASK_MANAGER, subresource: "status", signal },
  );
}

/** Asks the agent to kill the task; a kill that was asked before stays as it is. */
export async function askToKill(
  { clients }: Needs,
  task: Live<Task>,
  kill: NonNullable<TaskSpec["kill"]>,
  signal: AbortSignal,
): Promise<void> {
  if (task.spec.kill !== undefined) return;
  const { uid, resourceVersion } = task.metadata;
  await clients.tasks.mergePatch(
    task.metadata,
    { metadata: { uid, resourceVersion }, spec: { kill } },
    { fieldManager: TASK_MANAGER, signal },
  );
}

/** The Framework object of a task; undefined for the built-in one and for one that is not there. */
export const frameworkOf = (
  { caches }: Pick<Dependencies, "caches">,
  task: Live<Task>,
): Live<Framework> | undefined =>
  task.spec.framework === undefined
    ? undefined
    : caches.frameworks.store.get(`${task.metadata.namespace}/${task.spec.framework}`);

export const partitionAware = (deps: Pick<Dependencies, "caches">, task: Live<Task>): boolean =>
  isPartitionAware(task, frameworkOf(deps, task));
