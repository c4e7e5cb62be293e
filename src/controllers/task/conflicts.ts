import type { Result } from "../../cluster/controller.ts";
import { isConflict } from "../../cluster/errors.ts";

type Reconcile = (key: string, signal: AbortSignal) => Promise<Result>;

/** Milliseconds. */
const SOON = 200;

/**
 * A conflict says that the cache is behind: what is newer comes by the watch and leads here again, so it is no failure to back
 * off from. Soon after is for a watch that is slow.
 */
export function ignoringConflicts(reconcile: Reconcile): Reconcile {
  return async (key, signal) => {
    try {
      return await reconcile(key, signal);
    } catch (error) {
      if (isConflict(error)) return { requeueAfter: SOON };
      throw error;
    }
  };
}
