import { setTimeout as delay } from "node:timers/promises";

export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
}

/** What was waited for can no longer come: `until` passes it on at once. */
export class NeverError extends Error {
  override readonly name = "NeverError";
}

/**
 * Looks until `look` answers something other than undefined and false; throws TimeoutError with `what` and the
 * last error. Other errors of `look` than NeverError mean "not yet". `every` and `timeout` are milliseconds.
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  { timeout = 60_000, every = 200 }: { timeout?: number; every?: number } = {},
): Promise<T> {
  const deadline = performance.now() + timeout;
  let last: unknown;
  for (;;) {
    try {
      const seen = await look();
      if (seen !== undefined && seen !== false) return seen;
    } catch (error) {
      if (error instanceof NeverError) throw error;
      last = error;
    }
    if (performance.now() > deadline)
      throw new TimeoutError(`after ${timeout} ms still not: ${what}`, { cause: last });
    await delay(every);
  }
}
