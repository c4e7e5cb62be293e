import { type Executor, executorHasEnded } from "../../api/executor.ts";
import type { Task } from "../../api/task.ts";
import type { Live } from "../../cluster/object.ts";
import type { TaskRecord } from "../checkpoint/record.ts";
import { isRunByExecutor } from "../lifecycle/executorTask.ts";
import { dropped, type Outcome } from "../lifecycle/outcome.ts";
import { REASON } from "../lifecycle/reason.ts";
import { endWithExecutor, isOver } from "./taskEnd.ts";

/** Milliseconds after which an executor that nobody has seen will not come: it is made before its tasks. */
const LATEST = 60_000;

/** What is known of the executor of a task. */
export interface ExecutorFacts {
  /** The Executor object. */
  readonly object: Live<Executor> | undefined;
  /** What the node has of it. */
  readonly record: TaskRecord | undefined;
  /** Milliseconds of the epoch. */
  readonly now: number;
}

/** Whether a task that has not begun must wait for its executor, or why it can never run. */
export function executorObstacle(
  { spec, metadata }: Live<Task>,
  { object, record, now }: ExecutorFacts,
): "wait" | Outcome | undefined {
  if (spec.executor === undefined) return undefined;
  // The agent itself starts what a task of a group runs below.
  if (!isRunByExecutor(spec) && object !== undefined) return undefined;
  if (record !== undefined) {
    return isOver(record) ? endWithExecutor(record.framework, record) : undefined;
  }
  const missing = object === undefined && Date.parse(metadata.creationTimestamp) + LATEST < now;
  if (!missing && !executorHasEnded(object?.status)) return "wait";
  const why = missing ? "is not there" : `has ended: ${object?.status?.message ?? ""}`;
  const all = { id: "", partitionAware: true, killingState: true };
  return dropped(all, REASON.executorTerminated, `The executor ${spec.executor.executorId} ${why}`);
}
