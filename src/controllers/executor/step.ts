import { type Executor, executorHasBegun, executorHasEnded } from "../../api/executor.ts";
import { EXECUTOR_FINALIZER } from "../../api/group.ts";
import type { Task } from "../../api/task.ts";
import { hasEnded } from "../../api/taskstate.ts";
import type { Live } from "../../cluster/object.ts";
import { type ExecutorEnd, isRunBy } from "./ending.ts";

/** What is to be done about an executor. */
export type ExecutorStep =
  | { readonly kind: "keep" }
  /** Look again after so many milliseconds. */
  | { readonly kind: "wait"; readonly after: number }
  | { readonly kind: "end"; readonly end: ExecutorEnd }
  /** It is of no use any more: delete the object. */
  | { readonly kind: "delete" }
  /** Let the deletion happen. */
  | { readonly kind: "release" };

export interface ExecutorSurroundings {
  /** Tasks of its agent, ended or not. */
  readonly tasks: readonly Live<Task>[];
  /** Wall time in milliseconds. */
  readonly now: number;
}

/** Milliseconds within which the first task of an executor comes: it is made right before it. */
const FIRST_TASK = 60_000;
/** Milliseconds that an ended executor is kept for people to see. */
const KEPT = 60_000;

/** The next step in the life of an executor, but for what its agent's absence or its slot asks for. */
export function executorStep(executor: Live<Executor>, surroundings: ExecutorSurroundings): ExecutorStep {
  const { metadata, spec, status } = executor;
  const tasks = surroundings.tasks.filter((task) => isRunBy(executor, task));
  const live = tasks.some((task) => !hasEnded(task.status));
  if (executorHasEnded(status)) return afterEnd(executor, live, surroundings.now);
  // What has begun ends by its agent's word alone.
  if (executorHasBegun(status)) return { kind: "keep" };
  if (metadata.deletionTimestamp !== undefined || spec.shutdown !== undefined) {
    const message = spec.shutdown?.message ?? "the Executor was deleted before it started";
    return end(message);
  }
  if (live) return { kind: "keep" };
  if (tasks.length > 0) return end("its tasks ended before it started");
  const left = Date.parse(metadata.creationTimestamp) + FIRST_TASK - surroundings.now;
  return left > 0 ? { kind: "wait", after: left } : end("no task came for it");
}

function afterEnd({ metadata, status }: Live<Executor>, live: boolean, now: number): ExecutorStep {
  if (metadata.deletionTimestamp !== undefined) {
    return metadata.finalizers?.includes(EXECUTOR_FINALIZER) ? { kind: "release" } : { kind: "keep" };
  }
  if (live) return { kind: "keep" };
  const left = Date.parse(status?.endedAt ?? metadata.creationTimestamp) + KEPT - now;
  return left > 0 ? { kind: "wait", after: left } : { kind: "delete" };
}

const end = (message: string): ExecutorStep => ({
  kind: "end",
  end: { reason: "REASON_EXECUTOR_UNREGISTERED", message },
});
