import { durationMs } from "../../api/duration.ts";
import type { Framework } from "../../api/framework.ts";
import { TASK_FINALIZER } from "../../api/group.ts";
import type { Task } from "../../api/task.ts";
import { hasBegun, hasEnded } from "../../api/taskstate.ts";
import type { Live } from "../../cluster/object.ts";
import { acknowledgementWait, wantsAcknowledgement } from "./acknowledgement.ts";
import { endedAt, type Transition } from "./ending.ts";
import { invalidity } from "./refusal.ts";

/** What is to be done about a task. */
export type TaskStep =
  | { readonly kind: "keep" }
  /** Look again after so many milliseconds. */
  | { readonly kind: "wait"; readonly after: number }
  | { readonly kind: "hold" }
  | { readonly kind: "end"; readonly transition: Transition }
  /** Have the agent kill it. */
  | { readonly kind: "kill" }
  /** Its time is over: delete the object. */
  | { readonly kind: "delete" }
  /** Let the deletion happen. */
  | { readonly kind: "release" };

export interface TaskSurroundings {
  readonly framework: Live<Framework> | undefined;
  /** How long an ended task is kept when it does not say so itself; a duration. */
  readonly ttl: string;
  /** Wall time in milliseconds. */
  readonly now: number;
}

const killed = (message: string): TaskStep => ({
  kind: "end",
  transition: { state: "TASK_KILLED", reason: "REASON_TASK_KILLED_DURING_LAUNCH", message },
});

/** The next step in the life of a task, but for what its agent's absence or its slot asks for. */
export function taskStep(task: Live<Task>, surroundings: TaskSurroundings): TaskStep {
  const { metadata, spec, status } = task;
  if (hasEnded(status)) return afterEnd(task, surroundings);
  const begun = hasBegun(status);
  if (metadata.deletionTimestamp !== undefined) {
    if (begun) return spec.kill === undefined ? { kind: "kill" } : { kind: "keep" };
    return killed("the Task was deleted before it started");
  }
  if (!begun && spec.kill !== undefined) return killed("killed before it started");
  if (!metadata.finalizers?.includes(TASK_FINALIZER)) return { kind: "hold" };
  const wrong = begun ? undefined : invalidity(task);
  if (wrong !== undefined) {
    return {
      kind: "end",
      transition: { state: "TASK_ERROR", reason: "REASON_TASK_INVALID", message: wrong },
    };
  }
  return { kind: "keep" };
}

function afterEnd(task: Live<Task>, { framework, ttl, now }: TaskSurroundings): TaskStep {
  const { metadata, spec, status } = task;
  if (metadata.deletionTimestamp !== undefined) {
    if (!metadata.finalizers?.includes(TASK_FINALIZER)) return { kind: "keep" };
    const after = acknowledgementWait(task, framework, now);
    return after > 0 ? { kind: "wait", after } : { kind: "release" };
  }
  if (wantsAcknowledgement(task, framework)) return { kind: "keep" };
  const end = Date.parse(endedAt(status) ?? metadata.creationTimestamp);
  const left = end + durationMs(spec.ttlAfterFinished ?? ttl) - now;
  return left > 0 ? { kind: "wait", after: left } : { kind: "delete" };
}
