import { setImmediate } from "node:timers/promises";
import type { Clock } from "./time.ts";

/** Milliseconds of work after which others get their turn. */
export const SLICE = 10;

const TAKEN = Promise.resolve();

/**
 * Cuts long work into slices, so that the event loop is never held up for long. All who share one share its slices: what they do
 * between two turns of the loop is one slice, and a little of each.
 */
export class Breath {
  readonly #clock: Clock;
  readonly #turn: () => Promise<unknown>;
  #since: number;
  #turning: Promise<void> | undefined;

  /** @param turn resolves once all others had their turn: timers, sockets */
  constructor(clock: Clock, turn: () => Promise<unknown> = () => setImmediate()) {
    this.#clock = clock;
    this.#turn = turn;
    this.#since = clock.monotonic();
  }

  /** Whether it is time to let others have their turn. */
  get isDue(): boolean {
    return this.#clock.monotonic() - this.#since >= SLICE;
  }

  /** Awaited now and then by what takes long: returns at once, or after others had their turn. */
  take(): Promise<void> {
    if (!this.isDue) return TAKEN;
    // Each who waits does one piece in the turn that follows, however many they are: nobody starves.
    this.#turning ??= this.#turn().then(() => {
      this.#turning = undefined;
      this.#since = this.#clock.monotonic();
    });
    return this.#turning;
  }

  /** Carries out work that yields where others may have their turn. */
  async through<T>(work: Generator<void, T, void>): Promise<T> {
    for (;;) {
      const { done, value } = work.next();
      if (done) return value;
      if (this.isDue) await this.take();
    }
  }

  /** Calls back for each of them; they must not change meanwhile. */
  async each<T>(items: Iterable<T>, call: (item: T) => void): Promise<void> {
    for (const item of items) {
      call(item);
      if (this.isDue) await this.take();
    }
  }

  now(): number {
    return this.#clock.monotonic();
  }
}
