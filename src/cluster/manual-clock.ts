import type { Clock, Timer } from "./time.ts";

interface Pending {
  readonly due: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock that stands still until told: for unit tests. */
export class ManualClock implements Clock {
  #now: number;
  #order = 0;
  readonly #epoch: number;
  readonly #pending = new Set<Pending>();

  constructor(epoch = Date.UTC(2026, 0, 1)) {
    this.#epoch = epoch;
    this.#now = 0;
  }

  now(): number {
    return this.#epoch + this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  setTimeout(callback: () => void, delay: number): Timer {
    const pending = { due: this.#now + Math.max(0, delay), order: this.#order++, callback };
    this.#pending.add(pending);
    return { cancel: () => void this.#pending.delete(pending) };
  }

  /** Timers not yet due. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Moves on, calling what comes due in order; promises settle before each next callback and before it resolves. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    await settle();
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#now = next.due;
      this.#pending.delete(next);
      next.callback();
      await settle();
    }
    this.#now = end;
  }

  #next(end: number): Pending | undefined {
    let first: Pending | undefined;
    for (const pending of this.#pending) {
      if (pending.due > end) continue;
      if (!first || pending.due < first.due || (pending.due === first.due && pending.order < first.order)) {
        first = pending;
      }
    }
    return first;
  }
}

/** setImmediate comes after all promise callbacks that are ready. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
