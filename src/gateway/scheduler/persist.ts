import { ApiError, isConflict, isNotFound, isTransient } from "../../cluster/errors.ts";
import { type Clock, sleep } from "../../cluster/time.ts";
import type { Dependencies } from "../../controllers/dependencies.ts";

const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;

/**
 * Has a write done that the framework was promised, again and again while the API server is away or overloaded. True: it is done, or its
 * object is gone, or is another one by now. False: it never will be, and that is logged; or the signal aborted.
 */
export async function persist(
  { clock, logger }: Pick<Dependencies, "clock" | "logger">,
  what: string,
  signal: AbortSignal,
  work: () => Promise<unknown>,
): Promise<boolean> {
  for (let wait = FIRST_WAIT; !signal.aborted; wait = Math.min(2 * wait, LONGEST_WAIT)) {
    try {
      await work();
      return true;
    } catch (error) {
      if (isNotFound(error) || isConflict(error)) return true;
      if (signal.aborted) return false;
      logger.warn({ err: error }, `${what} was not written`);
      if (error instanceof ApiError && !isTransient(error)) return false;
      await sleep(clock, wait, signal).catch(() => {});
    }
  }
  return false;
}

/**
 * Has something done again while it fails for causes that pass, for so many milliseconds, unless the signal aborts. Rejects with what
 * it failed with last.
 */
export async function insist<T>(
  clock: Clock,
  milliseconds: number,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const until = clock.monotonic() + milliseconds;
  for (let wait = FIRST_WAIT / 2; ; wait *= 2) {
    try {
      return await work();
    } catch (error) {
      if (!isTransient(error) || signal.aborted || clock.monotonic() + wait >= until) throw error;
      await sleep(clock, wait, signal).catch(() => {});
      if (signal.aborted) throw error;
    }
  }
}
