import { setImmediate } from "node:timers/promises";
import type { Clock } from "./time.ts";

/** Milliseconds of work after which the event loop turns: timers and sockets have theirs then. */
export const SLICE = 5;

/** Who follows the API server's watches takes turns with all others together, however many they are. */
export type Lane = "news" | "work";

const TAKEN = Promise.resolve();

/**
 * Cuts long work into slices, so that the event loop is never held up for long. All who share one share its slices: who has used one up
 * waits behind those who wait already, and each goes on for as long as the slice lasts. So all have the same time, whatever their pieces
 * take, and what the API server tells is taken in while others have more to do than they ever can.
 */
export class Breath {
  readonly #clock: Clock;
  readonly #turn: () => Promise<unknown>;
  readonly #waiting: Record<Lane, Set<() => void>> = { news: new Set(), work: new Set() };
  #last: Lane = "work";
  #since: number;
  #turning = false;

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
  take(lane: Lane = "work"): Promise<void> {
    if (!this.isDue) return TAKEN;
    return new Promise((resolve) => {
      this.#waiting[lane].add(resolve);
      this.#begin();
    });
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

  #begin(): void {
    if (this.#turning) return;
    this.#turning = true;
    void this.#turn().then(() => {
      this.#since = this.#clock.monotonic();
      this.#resume();
    });
  }

  /** One after the other while the slice lasts. */
  #resume(): void {
    this.#next()?.();
    whenIdle(() => {
      const { news, work } = this.#waiting;
      if (news.size + work.size > 0 && !this.isDue) return this.#resume();
      this.#turning = false;
      if (news.size + work.size > 0) this.#begin();
    });
  }

  #next(): (() => void) | undefined {
    const { news, work } = this.#waiting;
    this.#last = (this.#last === "news" && work.size > 0) || news.size === 0 ? "work" : "news";
    const lane = this.#waiting[this.#last];
    const [next] = lane;
    if (next !== undefined) lane.delete(next);
    return next;
  }
}

/** Once who was called has done all that it can do now: ticks come after microtasks, but for those that a tick asks for. */
const whenIdle = (call: () => void): void => queueMicrotask(() => process.nextTick(call));
