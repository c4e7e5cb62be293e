import { createHash } from "node:crypto";
import type { Framework } from "../../api/framework.ts";
import type { StatusUpdate, Task, TaskStatus } from "../../api/task.ts";
import type { TaskState } from "../../api/taskstate.ts";
import { appendUpdate } from "../../api/taskupdate.ts";
import type { Live } from "../../cluster/object.ts";

/** A transition that the operator makes; reasons are Mesos's (include/mesos/v1/mesos.proto, TaskStatus.Reason). */
export interface Transition {
  readonly state: TaskState;
  readonly reason: string;
  readonly message: string;
  /** Set: the task may still run on an agent that is away, since then. Absent: that is over. */
  readonly unreachableSince?: string;
}

/** What the operator writes into Task.status; null takes a field away. */
export interface TransitionPatch {
  readonly state: TaskState;
  readonly reason: string;
  readonly source: "SOURCE_MASTER";
  readonly message: string;
  readonly unreachableSince: string | null;
  readonly updates: StatusUpdate[];
}

/** Whether Mesos's finer states may be told: a framework without PARTITION_AWARE knows TASK_LOST only. */
export const isPartitionAware = (task: Task, framework: Framework | undefined): boolean =>
  task.spec.framework === undefined || framework?.spec.capabilities?.includes("PARTITION_AWARE") === true;

/** The state of a task that never ran (Mesos: slave.cpp, sendTaskDroppedUpdate). */
export const dropState = (partitionAware: boolean): TaskState =>
  partitionAware ? "TASK_DROPPED" : "TASK_LOST";

/**
 * The status of a task after a transition that the operator makes at `now` (RFC 3339). The update has a uuid, which Mesos's
 * master-made ones have not: it is made from the version of the task that it was decided on, so a write repeated after a crash is the same write.
 */
export function transitionPatch(task: Live<Task>, transition: Transition, now: string): TransitionPatch {
  const { state, reason, message, unreachableSince } = transition;
  const update: StatusUpdate = {
    uuid: updateUuid(task.metadata.uid, task.metadata.resourceVersion, state),
    state,
    reason,
    source: "SOURCE_MASTER",
    message,
    timestamp: now,
  };
  return {
    state,
    reason,
    source: "SOURCE_MASTER",
    message,
    unreachableSince: unreachableSince ?? null,
    updates: appendUpdate(task.status?.updates, task.spec.acknowledged, update),
  };
}

/** A UUID (version 8, RFC 9562) that these words alone decide. */
export function updateUuid(...words: readonly string[]): string {
  const bytes = createHash("sha256").update(words.join("\n")).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** When the task entered its state: the time of its last update. Undefined when nobody has written one. */
export function endedAt(status: TaskStatus | undefined): string | undefined {
  return status?.updates?.at(-1)?.timestamp ?? status?.container?.finishedAt;
}
