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

/** Does `work` for each item, `width` at a time. One that fails does not keep the others from it; the first error is thrown in the end. */
export async function forEach<Item>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const errors: unknown[] = [];
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) await work(item).catch((error: unknown) => void errors.push(error));
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  const [first] = errors.sort((a, b) => Number(isConflict(a)) - Number(isConflict(b)));
  if (first !== undefined) throw first;
}
