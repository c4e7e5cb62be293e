import { setImmediate } from "node:timers/promises";
import type { Clock } from "./time.ts";

/** Milliseconds of work after which the event loop turns: timers and sockets have theirs then. */
export const SLICE = 4;

/**
 * What the API server tells, who allocates, and what frameworks call for take turns with all others together, however many these are:
 * where more is to be done than can be, what happens is seen all the same, decided upon, and answered.
 */
const LANES = ["news", "allocation", "calls", "work"] as const;
export type Lane = (typeof LANES)[number];

const TAKEN = Promise.resolve();

/**
 * Cuts long work into slices, so that the event loop is never held up for long. All who share one share its slices: who has used one up
 * waits behind those of its lane who wait already, and each goes on for as long as the slice lasts. So all of a lane have the same time,
 * whatever their pieces take.
 */
export class Breath {
  readonly #turns: Turns;
  readonly #lane: Lane;

  /** @param turns shared with others */
  constructor(turns: Turns, lane: Lane = "work") {
    this.#turns = turns;
    this.#lane = lane;
  }

  /** @param turn resolves once all others had their turn: timers, sockets */
  static of(clock: Clock, turn: () => Promise<unknown> = () => setImmediate()): Breath {
    return new Breath(new Turns(clock, turn));
  }

  /** The same for work of that lane. */
  in(lane: Lane): Breath {
    return new Breath(this.#turns, lane);
  }

  /** Whether it is time to let others have their turn. */
  get isDue(): boolean {
    return this.#turns.isDue;
  }

  /**
   * Awaited now and then by what takes long: returns at once, or after others had their turn. Who asks later is never before another of
   * its lane.
   */
  take(): Promise<void> {
    const turns = this.#turns;
    return turns.isDue || turns.waits(this.#lane) ? turns.wait(this.#lane) : TAKEN;
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
    return this.#turns.now();
  }
}

/** Who waits for a turn, and when the present one began. */
class Turns {
  readonly #clock: Clock;
  readonly #turn: () => Promise<unknown>;
  readonly #waiting: Readonly<Record<Lane, Set<() => void>>> = {
    news: new Set(),
    allocation: new Set(),
    calls: new Set(),
    work: new Set(),
  };
  /** The lane that had its turn last. */
  #last = 0;
  #since: number;
  #turning = false;

  constructor(clock: Clock, turn: () => Promise<unknown>) {
    this.#clock = clock;
    this.#turn = turn;
    this.#since = clock.monotonic();
  }

  now(): number {
    return this.#clock.monotonic();
  }

  get isDue(): boolean {
    return this.#clock.monotonic() - this.#since >= SLICE;
  }

  /** Whether anybody of the lane waits. */
  waits(lane: Lane): boolean {
    return this.#waiting[lane].size > 0;
  }

  wait(lane: Lane): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting[lane].add(resolve);
      this.#begin();
    });
  }

  get #anyWaits(): boolean {
    return LANES.some((lane) => this.#waiting[lane].size > 0);
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
      if (this.#anyWaits && !this.isDue) return this.#resume();
      this.#turning = false;
      if (this.#anyWaits) this.#begin();
    });
  }

  #next(): (() => void) | undefined {
    for (let ahead = 1; ahead <= LANES.length; ahead++) {
      const at = (this.#last + ahead) % LANES.length;
      const lane = this.#waiting[LANES[at] ?? "work"];
      const [next] = lane;
      if (next === undefined) continue;
      lane.delete(next);
      this.#last = at;
      return next;
    }
    return undefined;
  }
}

/** Once who was called has done all that it can do now: ticks come after microtasks, but for those that a tick asks for. */
const whenIdle = (call: () => void): void => queueMicrotask(() => process.nextTick(call));
