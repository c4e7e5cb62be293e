import type { Framework } from "../../api/framework.ts";
import type { Task } from "../../api/task.ts";
import { unacknowledgedUpdates } from "../../api/taskupdate.ts";
import type { Live } from "../../cluster/object.ts";
import { endedAt } from "./ending.ts";

/** Milliseconds for which the deletion of an ended task waits for its framework to hear of the end. */
const PATIENCE = 30_000;

/**
 * Whether someone has yet to acknowledge the end of a task. Nobody will for a task of the built-in framework, of one that is gone or
 * going, or of one that a person answers for.
 */
export function wantsAcknowledgement(task: Task, framework: Live<Framework> | undefined): boolean {
  if (framework === undefined || framework.metadata.deletionTimestamp) return false;
  if (framework.spec.connection.type === "Manual") return false;
  return unacknowledgedUpdates(task.status?.updates, task.spec.acknowledged).length > 0;
}

/** Milliseconds that a deletion still waits for the acknowledgement: a framework that is away is not waited for. */
export function acknowledgementWait(task: Task, framework: Live<Framework> | undefined, now: number): number {
  if (framework?.status?.connected !== true || !wantsAcknowledgement(task, framework)) return 0;
  const ended = Date.parse(endedAt(task.status) ?? "");
  return Number.isNaN(ended) ? 0 : Math.max(0, ended + PATIENCE - now);
}
