import { z } from "zod";

/** Mesos's TaskState (include/mesos/v1/mesos.proto). */
export const TASK_STATES = [
  "TASK_STAGING",
  "TASK_STARTING",
  "TASK_RUNNING",
  "TASK_KILLING",
  "TASK_FINISHED",
  "TASK_FAILED",
  "TASK_KILLED",
  "TASK_ERROR",
  "TASK_LOST",
  "TASK_DROPPED",
  "TASK_UNREACHABLE",
  "TASK_GONE",
  "TASK_GONE_BY_OPERATOR",
  "TASK_UNKNOWN",
] as const;

export const taskState = z.enum(TASK_STATES);
export type TaskState = z.output<typeof taskState>;

const TERMINAL: ReadonlySet<string> = new Set<TaskState>([
  "TASK_FINISHED",
  "TASK_FAILED",
  "TASK_KILLED",
  "TASK_ERROR",
  "TASK_LOST",
  "TASK_DROPPED",
  "TASK_GONE",
  "TASK_GONE_BY_OPERATOR",
]);

/**
 * Whether a task in this state has ended. TASK_UNREACHABLE has not: its agent may come back. Nor has the TASK_LOST of
 * a lapsed agent; the state alone does not tell, so ask hasEnded where the status is at hand.
 */
export const isTerminal = (state: string | undefined): boolean => state !== undefined && TERMINAL.has(state);

/** Whether a task holds its resources: it is not terminal. */
export const isLive = (state: string | undefined): boolean => !isTerminal(state);

/** What tells whether a task has ended: a part of Task.status. */
interface Ending {
  readonly state?: string | undefined;
  readonly unreachableSince?: string | undefined;
}

/** Whether a task has ended for good and holds nothing: TASK_LOST with unreachableSince may still run. */
export const hasEnded = (status: Ending | undefined): boolean =>
  isTerminal(status?.state) && status?.unreachableSince === undefined;

/** Whether the agent may have made a container: until then the operator may end the task alone. */
export const hasBegun = (status: Ending | undefined): boolean =>
  status?.state !== undefined && status.state !== "TASK_STAGING";
