import { Backoff } from "../../cluster/backoff.ts";
import { ApiError, ConnectionError, DeadlineError, isTooManyRequests } from "../../cluster/errors.ts";
import { type Clock, sleep } from "../../cluster/time.ts";

export interface RetryOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Whether this error may go away by itself; `tries` counts from 1. */
  readonly when: (error: unknown, tries: number) => boolean;
  /** Told of each error that is tried again. */
  readonly onError?: (error: unknown) => void;
}

/** Calls until it goes through, 0.2 s to 30 s apart. Rejects with an error that does not go away, or the signal's reason. */
export async function retry<T>(call: () => Promise<T>, options: RetryOptions): Promise<T> {
  const backoff = new Backoff({ base: 200, max: 30_000, jitter: 0.2 });
  for (;;) {
    options.signal.throwIfAborted();
    try {
      return await call();
    } catch (error) {
      options.signal.throwIfAborted();
      const delay = backoff.next();
      if (!options.when(error, backoff.failures)) throw error;
      options.onError?.(error);
      await sleep(options.clock, delay, options.signal);
    }
  }
}

/** Whether the API server is away, busy, or refuses for now: the same call is worth another try for as long as it takes. */
export function isApiAway(error: unknown): boolean {
  if (error instanceof ConnectionError || error instanceof DeadlineError) return true;
  // 401: a token that is being rotated. 403: RBAC that is being installed or upgraded.
  return (
    isTooManyRequests(error) ||
    (error instanceof ApiError && (error.code >= 500 || error.code === 401 || error.code === 403))
  );
}
