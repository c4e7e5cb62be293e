import type { Breath } from "../../cluster/breath.ts";
import type { Clock, Timer } from "../../cluster/time.ts";

/** Milliseconds between two looks: what ends meanwhile ends so much later. */
const LOOK_EVERY = 250;

/**
 * What ends unless it is deleted before. One timer for all of it, and turns for others between: whoever leaves thousands of offers
 * unanswered has them end together.
 */
export class Deadlines<T> {
  readonly #clock: Clock;
  readonly #breath: Breath;
  readonly #end: (item: T) => void;
  /** `at` is wall time, ms. */
  readonly #items = new Map<string, { readonly item: T; readonly at: number }>();
  #timer: Timer | undefined;
  #due = Number.POSITIVE_INFINITY;
  #looking = false;
  #stopped = false;

  /** `end` must not throw. */
  constructor(clock: Clock, breath: Breath, end: (item: T) => void) {
    this.#clock = clock;
    this.#breath = breath;
    this.#end = end;
  }

  get size(): number {
    return this.#items.size;
  }

  /** @param at wall time, ms */
  add(key: string, item: T, at: number): void {
    this.#items.set(key, { item, at });
    // Who looks comes by it.
    if (!this.#looking) this.#wakeAt(at);
  }

  delete(key: string): void {
    this.#items.delete(key);
  }

  /** Nothing ends any more. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#items.clear();
  }

  #wakeAt(at: number): void {
    if (this.#stopped || at >= this.#due) return;
    this.#timer?.cancel();
    this.#due = at;
    this.#timer = this.#clock.setTimeout(() => void this.#look(), at - this.#clock.now());
  }

  async #look(): Promise<void> {
    this.#due = Number.POSITIVE_INFINITY;
    this.#looking = true;
    let next = Number.POSITIVE_INFINITY;
    for (const [key, { item, at }] of this.#items) {
      if (at > this.#clock.now()) next = Math.min(next, at);
      else {
        this.#items.delete(key);
        this.#end(item);
      }
      if (this.#breath.isDue) await this.#breath.take();
    }
    this.#looking = false;
    this.#wakeAt(Math.max(next, this.#clock.now() + LOOK_EVERY));
  }
}
