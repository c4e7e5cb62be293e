import { type Executor, executorHasBegun, executorHasEnded } from "../../api/executor.ts";
import type { Task } from "../../api/task.ts";
import { hasEnded } from "../../api/taskstate.ts";
import type { Live } from "../../cluster/object.ts";
import type { Presence } from "../agent/presence.ts";

/** Why the operator ends an executor itself. */
export interface ExecutorEnd {
  /** Mesos's reason. */
  readonly reason: string;
  readonly message: string;
}

export interface ExecutorAbsence {
  readonly presence: Presence;
  /** Whether the slot Pod has ended: every process under it is dead, though the agent cannot say so. */
  readonly slotEnded: boolean;
}

/**
 * What the operator says of an executor while its agent cannot: as long as that may come back, nothing of one that may run.
 */
export function absenceEnd(
  executor: Live<Executor>,
  { presence, slotEnded }: ExecutorAbsence,
): ExecutorEnd | undefined {
  if (presence === "alive" || executorHasEnded(executor.status)) return undefined;
  const { agent } = executor.spec;
  if (presence === "gone") return { reason: "REASON_AGENT_REMOVED", message: `the agent ${agent} is gone` };
  if (!executorHasBegun(executor.status)) {
    const message = `the agent ${agent} is unreachable; the executor has not started`;
    return { reason: "REASON_AGENT_DISCONNECTED", message };
  }
  if (!slotEnded) return undefined;
  const message = `the slot Pod of ${agent} has ended, and the agent is unreachable`;
  return { reason: "REASON_AGENT_REMOVED", message };
}

/** Whether a task is run by the executor. */
export const isRunBy = (executor: Live<Executor>, { metadata, spec }: Live<Task>): boolean =>
  spec.executor?.name === executor.metadata.name && metadata.namespace === executor.metadata.namespace;

/** Whether an executor that nobody has asked to shut down has no task left. */
export const isDoneWith = (executor: Live<Executor>, tasks: readonly Live<Task>[]): boolean =>
  executor.spec.shutdown === undefined &&
  !tasks.some((task) => isRunBy(executor, task) && !hasEnded(task.status));
