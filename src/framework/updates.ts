import type { StatusUpdate, Task } from "../api/task.ts";
import type { TaskState } from "../api/taskstate.ts";
import { unacknowledgedUpdates } from "../api/taskupdate.ts";
import type { TaskUpdate } from "./scheduler.ts";

/** The updates of a task that the framework has not acknowledged, oldest first. */
export const unacknowledged = (task: Task): readonly StatusUpdate[] =>
  unacknowledgedUpdates(task.status?.updates, task.spec.acknowledged);

export const taskIdOf = (task: Task): string => task.spec.taskId ?? task.metadata.name;

const identity = (task: Task) => ({
  taskId: taskIdOf(task),
  name: task.metadata.name,
  ...(task.spec.agent === undefined ? {} : { agent: task.spec.agent }),
});

export function toTaskUpdate(task: Task, update: StatusUpdate): TaskUpdate {
  return { ...update, ...identity(task) };
}

/** The answer to a reconciliation: the latest state, without a uuid. */
export function reconciliation(task: Task, now: Date): TaskUpdate {
  return {
    ...identity(task),
    state: task.status?.state ?? "TASK_STAGING",
    source: "SOURCE_MASTER",
    reason: "REASON_RECONCILIATION",
    message: "Reconciliation: Latest task state",
    timestamp: now.toISOString(),
  };
}

/** The answer for a task that is not there. */
export function unknownTask(taskId: string, state: TaskState, now: Date): TaskUpdate {
  return {
    taskId,
    name: taskId,
    state,
    source: "SOURCE_MASTER",
    reason: "REASON_RECONCILIATION",
    message: "Reconciliation: Task is unknown",
    timestamp: now.toISOString(),
  };
}
