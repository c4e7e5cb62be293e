import { isConflict } from "../cluster/errors.ts";

/**
 * Does `work` for each item, at most `width` at a time, in order. One that fails does not keep the others from it: the first error is
 * thrown in the end, a conflict only if there is no other.
 */
export async function eachLimited<Item>(
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
