import { type Executor, executorHasBegun, executorHasEnded } from "../../api/executor.ts";
import type { Live } from "../../cluster/object.ts";
import { REASON } from "../lifecycle/reason.ts";

/**
 * The container that stands for an executor on the node and holds what its tasks share.
 * - `absent`: there is none
 * - `starting`: a task has asked for it
 * - `running`
 * - `lost`: it could not be made, or has ended without being asked to
 */
export type HolderState = "absent" | "starting" | "running" | "lost";

/** A task of an executor, as far as its executor minds. */
export interface ExecutorTask {
  readonly uid: string;
  readonly ended: boolean;
  /** It has ended, and the node holds nothing of it. */
  readonly over: boolean;
}

export interface ExecutorView {
  readonly executor: Pick<Live<Executor>, "metadata" | "spec" | "status">;
  readonly holder: HolderState;
  /** Of a holder that is lost: Mesos's reason, and a sentence. */
  readonly loss?: ExecutorLoss | undefined;
  readonly tasks: readonly ExecutorTask[];
}

export interface ExecutorLoss {
  readonly reason: string;
  readonly message: string;
}

export type ExecutorDecision =
  | { readonly kind: "keep" }
  /** Its tasks are to end: `request` because somebody wants it, `executor` because they have lost it, `disk` because they shared too much. */
  | { readonly kind: "kill"; readonly cause: "request" | "executor" | "disk"; readonly message: string }
  /** The holder goes, then the executor has ended; `reason`: not as it should have. */
  | { readonly kind: "end"; readonly reason?: string; readonly message: string }
  /** The API says that it has ended: the holder goes. */
  | { readonly kind: "clear" };

const KEEP: ExecutorDecision = { kind: "keep" };
const LOST: ExecutorLoss = {
  reason: REASON.executorTerminated,
  message: "The executor's container is gone",
};

/**
 * What the agent does as a DEFAULT executor, from what is recorded: it lives as long as one of its tasks does (src/launcher/
 * default_executor.cpp waited(), shutdown()). Before it has begun its end is the operator's.
 */
export function executorDecision({ executor, holder, loss, tasks }: ExecutorView): ExecutorDecision {
  const { metadata, spec, status } = executor;
  const live = tasks.some(({ ended }) => !ended);
  const over = tasks.every((task) => task.over);
  if (executorHasEnded(status)) {
    if (live)
      return { kind: "kill", cause: "executor", message: status?.message ?? "Its executor has ended" };
    return over && holder !== "absent" && holder !== "starting" ? { kind: "clear" } : KEEP;
  }
  const asked = spec.shutdown !== undefined || metadata.deletionTimestamp !== undefined;
  if (asked && live) {
    return { kind: "kill", cause: "request", message: spec.shutdown?.message ?? "Its executor is shut down" };
  }
  if (!executorHasBegun(status) || holder === "starting") return KEEP;
  if (holder !== "running") {
    const { reason, message } = loss ?? LOST;
    if (live) return { kind: "kill", cause: reason === REASON.disk ? "disk" : "executor", message };
    return over ? { kind: "end", reason, message } : KEEP;
  }
  if (!over) return KEEP;
  return { kind: "end", message: asked ? "It was shut down" : "Its last task has ended" };
}
