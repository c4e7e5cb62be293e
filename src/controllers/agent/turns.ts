export interface TurnsOptions {
  readonly perSecond: number;
  /** How many may come at once after a rest. */
  readonly burst: number;
}

/**
 * Hands out times to those who may wait, so many a second in all. Who has been given a time keeps it: asking again before it has come
 * costs nothing. Times are milliseconds of one monotonic clock.
 */
export class Turns {
  readonly #gap: number;
  readonly #burst: number;
  readonly #given = new Map<string, number>();
  /** When the next one that asks would come if there were no burst. */
  #next = Number.NEGATIVE_INFINITY;

  constructor({ perSecond, burst }: TurnsOptions) {
    this.#gap = 1000 / perSecond;
    this.#burst = burst;
  }

  /** Milliseconds until the turn of `name`, not before `soonest`; 0 or less: it has come, to be taken. */
  wait(name: string, soonest: number, now: number): number {
    const given = this.#given.get(name);
    if (given !== undefined) return given - now;
    this.#next = Math.max(this.#next, now - (this.#burst - 1) * this.#gap);
    const turn = Math.max(soonest, this.#next, now);
    this.#next += this.#gap;
    this.#given.set(name, turn);
    return turn - now;
  }

  /** It is done: the next time that `name` asks it gets a new turn. */
  take(name: string): void {
    this.#given.delete(name);
  }
}
