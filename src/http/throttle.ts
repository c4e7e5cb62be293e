import { Limiter } from "../cluster/limiter.ts";
import type { Clock } from "../cluster/time.ts";
import type { Answer } from "./answer.ts";

export interface ThrottleOptions {
  readonly perSecond: number;
  readonly burst: number;
  /** Requests of one principal that may wait. */
  readonly waiting: number;
}

interface Line {
  readonly limiter: Limiter;
  waiting: number;
  usedAt: number;
}

/** Principals that have not asked for so long are forgotten; ms. */
const FORGOTTEN_AFTER = 600_000;
const MOST_KEPT = 1_000;

/** Holds back a principal's requests that come faster than it may; as in Mesos they wait, and only beyond a capacity are refused. */
export class Throttle {
  readonly #options: ThrottleOptions;
  readonly #clock: Clock;
  readonly #lines = new Map<string, Line>();

  constructor(options: ThrottleOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** Resolves with true once the request may go on; with false at once when too many wait. Undefined: anonymous, all in one line. */
  async admit(principal = ""): Promise<boolean> {
    const line = this.#line(principal);
    if (line.limiter.tryTake()) return true;
    if (line.waiting >= this.#options.waiting) return false;
    line.waiting++;
    try {
      await line.limiter.take();
      return true;
    } finally {
      line.waiting--;
    }
  }

  /** What is told who was not admitted: when those who wait now have gone on. */
  refusal(body: string): Answer {
    const { waiting, perSecond } = this.#options;
    const seconds = Math.max(1, Math.ceil(waiting / perSecond));
    return { status: 429, body, headers: { "Retry-After": String(seconds) } };
  }

  #line(principal: string): Line {
    const now = this.#clock.monotonic();
    const known = this.#lines.get(principal);
    if (known !== undefined) {
      known.usedAt = now;
      return known;
    }
    if (this.#lines.size >= MOST_KEPT) this.#sweep(now);
    const { perSecond, burst } = this.#options;
    const limiter = new Limiter({ qps: perSecond, burst, clock: this.#clock });
    const line = { limiter, waiting: 0, usedAt: now };
    this.#lines.set(principal, line);
    return line;
  }

  #sweep(now: number): void {
    for (const [principal, { waiting, usedAt }] of this.#lines) {
      if (waiting === 0 && now - usedAt > FORGOTTEN_AFTER) this.#lines.delete(principal);
    }
  }
}
