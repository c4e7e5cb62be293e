import { setImmediate } from "node:timers/promises";
import type { Stepwise } from "../../allocator/index.ts";
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
    if (!this.#isDue()) return;
    await setImmediate();
    this.#since = this.#clock.monotonic();
  }

  /** Carries out work that yields where others may have their turn. */
  async through<T>(work: Stepwise<T>): Promise<T> {
    for (;;) {
      const { done, value } = work.next();
      if (done) return value;
      if (this.#isDue()) await this.take();
    }
  }

  now(): number {
    return this.#clock.monotonic();
  }

  #isDue(): boolean {
    return this.#clock.monotonic() - this.#since >= SLICE;
  }
}
