/** A pending callback. */
export interface Timer {
  cancel(): void;
}

/**
 * Time as this runtime sees it; passed in, so that unit tests decide when it passes.
 * All values are milliseconds.
 */
export interface Clock {
  /** Wall time since the epoch. For timestamps that others read; may jump. */
  now(): number;
  /** Never goes back. For ages, deadlines and expiry. */
  monotonic(): number;
  /** Calls back once after `delay`, of any length (beyond the 24.8 days of Node's timers too). */
  setTimeout(callback: () => void, delay: number): Timer;
}

/** Node cuts longer delays to 1 ms. */
const LONGEST_DELAY = 2 ** 31 - 1;

class SystemTimer implements Timer {
  #handle: NodeJS.Timeout;

  constructor(callback: () => void, delay: number) {
    this.#handle = this.#start(callback, delay);
  }

  cancel(): void {
    clearTimeout(this.#handle);
  }

  #start(callback: () => void, delay: number): NodeJS.Timeout {
    if (delay <= LONGEST_DELAY) return setTimeout(callback, Math.max(0, delay));
    return setTimeout(() => {
      this.#handle = this.#start(callback, delay - LONGEST_DELAY);
    }, LONGEST_DELAY);
  }
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (callback, delay) => new SystemTimer(callback, delay),
};

/** Resolves after `delay`, or rejects with the signal's reason. Leaves no listener or timer behind. */
export function sleep(clock: Clock, delay: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const cancel = () => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.setTimeout(() => {
      signal?.removeEventListener("abort", cancel);
      resolve();
    }, delay);
    signal?.addEventListener("abort", cancel, { once: true });
  });
}

/** Whole seconds, as metav1.Time is written: 2026-11-21T16:00:00Z. */
export function timestamp(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

/** Six digits, as metav1.MicroTime is written; Lease and Event refuse any other number of digits. */
export function microTimestamp(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 23)}000Z`;
}
