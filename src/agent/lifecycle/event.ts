import type { StatusUpdate } from "../../api/task.ts";
import type { CheckStatus, KillCause, TaskRecord } from "../checkpoint/record.ts";
import type { Outcome, ProcessEnd, SlotEnd } from "./outcome.ts";

/** What happens to a task that this agent has taken on. */
export type TaskEvent =
  /** The API has TASK_STARTING: no one else may decide about the task now. */
  | { readonly type: "claimed" }
  /** The API has a terminal state, or no such object: the task is not this agent's to start. */
  | { readonly type: "refused" }
  | { readonly type: "prepared"; readonly image: string }
  /** All tasks of the group are prepared. */
  | { readonly type: "groupReady" }
  | { readonly type: "launched"; readonly container: NonNullable<TaskRecord["container"]> }
  /** It could not be prepared or launched; no process ran. */
  | { readonly type: "failed"; readonly outcome: Outcome }
  | {
      readonly type: "kill";
      readonly cause: KillCause;
      readonly graceMs: number;
      readonly message?: string;
    }
  /** The grace period is over. */
  | { readonly type: "escalate" }
  | ({ readonly type: "exited" } & ProcessEnd)
  /** The container is not there any more and how it ended is not known. */
  | { readonly type: "vanished"; readonly message: string; readonly slotEnd?: SlotEnd }
  | { readonly type: "checked"; readonly status: CheckStatus }
  | { readonly type: "health"; readonly healthy: boolean; readonly message: string; readonly kill: boolean }
  /** The API called the task unreachable or lost while it went on. */
  | { readonly type: "reregistered" }
  /** The API has these updates. */
  | { readonly type: "published"; readonly uuids: ReadonlySet<string> }
  /** The API holds a terminal state that is not the agent's, or the object is gone. */
  | { readonly type: "overruled"; readonly graceMs: number }
  /** Its executor is there: the task may be handed over. */
  | { readonly type: "executorReady" }
  /** The task's executor says so; the update has its uuid. */
  | { readonly type: "told"; readonly update: StatusUpdate }
  /** The task's executor is gone. */
  | { readonly type: "executorEnded"; readonly outcome: Outcome }
  /** An executor has subscribed. */
  | { readonly type: "subscribed" }
  /** Neither process nor container is left on the node. */
  | { readonly type: "released" };

/** What the driver does after the new state is on disk. */
export type Effect =
  /** Write TASK_STARTING, on condition that nobody else has decided; answers claimed or refused. */
  | { readonly type: "claim" }
  /** Fetch image and files; answers prepared or failed. */
  | { readonly type: "prepare" }
  /** Stop preparing or launching; what is under way still answers. */
  | { readonly type: "abort" }
  /** Create the container; answers launched or failed. */
  | { readonly type: "launch" }
  /** Wait for the task's executor; answers executorReady. */
  | { readonly type: "await" }
  /** Give the task to its executor. */
  | { readonly type: "handOver" }
  /** Have its executor kill the task. */
  | { readonly type: "askToKill" }
  /** Wait for the process; answers exited or vanished. */
  | { readonly type: "wait" }
  /** Start checks, the limits of disk and log sizes, and the completion timer. */
  | { readonly type: "monitor" }
  | { readonly type: "unmonitor" }
  | { readonly type: "signal"; readonly signal: "SIGTERM" | "SIGKILL" }
  /** Answers escalate at that time (milliseconds of the epoch). */
  | { readonly type: "escalateAt"; readonly time: number }
  /** Bring pending updates to the API; answers published or overruled. */
  | { readonly type: "publish" }
  /** Kill what is left, remove the container; answers released. */
  | { readonly type: "release" };

/** Clock and chance, from outside. */
export interface Stamp {
  /** Milliseconds of the epoch. */
  readonly now: number;
  readonly uuid: () => string;
}

export interface Step {
  readonly record: TaskRecord;
  readonly effects: readonly Effect[];
}

export type NewUpdate = Omit<StatusUpdate, "uuid" | "timestamp">;
