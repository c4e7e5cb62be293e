import type { StatusUpdate, TaskSpec } from "../../api/task.ts";
import { isTerminal } from "../../api/taskstate.ts";
import { REASON } from "./reason.ts";

/** What the schema of Task.status.updates allows. */
export const MAX_UPDATES = 64;
/** Nobody acknowledges the updates of a task without a framework: so many are kept for people. */
export const KEPT_WITHOUT_FRAMEWORK = 16;

/**
 * The updates that Task.status keeps: those not acknowledged, and always the newest, so that it can be seen whether that
 * one is acknowledged. More than fit: reports of checks go first, then the oldest; a terminal update never goes.
 */
export function trimUpdates(
  updates: readonly StatusUpdate[],
  spec: Pick<TaskSpec, "framework" | "acknowledged">,
): readonly StatusUpdate[] {
  if (spec.framework === undefined) return updates.slice(-KEPT_WITHOUT_FRAMEWORK);
  const covered = updates.findIndex(({ uuid }) => uuid === spec.acknowledged);
  const kept = updates.slice(Math.min(covered + 1, updates.length - 1));
  return kept.length <= MAX_UPDATES ? kept : squeeze(kept);
}

function squeeze(updates: readonly StatusUpdate[]): readonly StatusUpdate[] {
  const kept = [...updates];
  while (kept.length > MAX_UPDATES) {
    const report = kept.findIndex(({ reason }) => reason === REASON.check || reason === REASON.healthCheck);
    const oldest = kept.findIndex(({ state }) => !isTerminal(state));
    kept.splice(report >= 0 && report < kept.length - 1 ? report : Math.max(oldest, 0), 1);
  }
  return kept;
}
