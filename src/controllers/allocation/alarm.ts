import type { Clock, Timer } from "../../cluster/time.ts";

/** Rings once at the earliest of the times it was set to; set while it rings, it rings again. */
export class Alarm {
  readonly #clock: Clock;
  #due = Number.POSITIVE_INFINITY;
  #timer: Timer | undefined;
  #waiting: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Sets it to so many milliseconds from now, unless it will ring before. */
  in(delay: number): void {
    const due = this.#clock.monotonic() + Math.max(0, delay);
    if (due >= this.#due) return;
    this.#timer?.cancel();
    this.#due = due;
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      this.#waiting?.();
    }, delay);
  }

  /** Resolves with true when it rings, which unsets it; with false when the signal aborts. One caller at a time. */
  async rings(signal: AbortSignal): Promise<boolean> {
    const rung = this.#due < Number.POSITIVE_INFINITY && this.#timer === undefined;
    if (!rung && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const stop = () => resolve();
      this.#waiting = resolve;
      signal.addEventListener("abort", stop, { once: true });
      await promise;
      signal.removeEventListener("abort", stop);
      this.#waiting = undefined;
    }
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#due = Number.POSITIVE_INFINITY;
    return !signal.aborted;
  }
}
