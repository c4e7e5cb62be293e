import type { StatusUpdate } from "./task.ts";

/** As the schema of Task.status.updates has it. */
export const MAX_UPDATES = 64;

/**
 * The updates of a task after one more: those that the framework has acknowledged go (an acknowledgement covers the
 * ones before it), and of what is left the oldest when there are more than MAX_UPDATES.
 */
export function appendUpdate(
  updates: readonly StatusUpdate[] | undefined,
  acknowledged: string | undefined,
  update: StatusUpdate,
): StatusUpdate[] {
  return [...unacknowledgedUpdates(updates, acknowledged), update].slice(-MAX_UPDATES);
}

/** Updates that the framework has yet to acknowledge, oldest first: all of them when the acknowledged one was trimmed. */
export function unacknowledgedUpdates(
  updates: readonly StatusUpdate[] | undefined,
  acknowledged: string | undefined,
): readonly StatusUpdate[] {
  if (updates === undefined) return [];
  const last = acknowledged === undefined ? -1 : updates.findIndex(({ uuid }) => uuid === acknowledged);
  return updates.slice(last + 1);
}
