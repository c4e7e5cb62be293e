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
 * Whether a task in this state has ended. TASK_UNREACHABLE has not: its agent may come back. Nor has
 * TASK_LOST for a task whose agent lapsed, but that is told by status.unreachable (see task.ts).
 */
export const isTerminal = (state: string | undefined): boolean => state !== undefined && TERMINAL.has(state);

/** Whether a task holds its resources: it is not terminal. */
export const isLive = (state: string | undefined): boolean => !isTerminal(state);
