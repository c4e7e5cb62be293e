import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../cluster/time.ts";

/** Milliseconds of thinking after which others get their turn. */
export const SLICE = 10;

/** Cuts long work into slices, so that the event loop is never held up for long. */
export class Breath {
  readonly #clock: Clock;
  #since: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.monotonic();
  }

  /** Awaited now and then by what takes long: returns at once, or after others had their turn. */
  async take(): Promise<void> {
    if (this.#clock.monotonic() - this.#since < SLICE) return;
    await setImmediate();
    this.#since = this.#clock.monotonic();
  }

  now(): number {
    return this.#clock.monotonic();
  }
}
