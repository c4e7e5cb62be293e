import type { Clock } from "../cluster/time.ts";
import type { User } from "./authenticator.ts";
import type { Action, Authorizer } from "./authorizer.ts";

export interface KeepOptions {
  /** Milliseconds for which an answer holds; absent: as long as a token's. */
  readonly believed?: number;
  /** How many answers are kept; absent: 1,000. */
  readonly most?: number;
}

/** Asks another authorizer, and not again for a while: for who asks often. */
export class KeptReviews implements Authorizer {
  readonly #asked: Authorizer;
  readonly #clock: Clock;
  readonly #believed: number;
  readonly #most: number;
  readonly #kept = new Map<string, { readonly until: number; readonly allowed: Promise<boolean> }>();

  constructor(asked: Authorizer, clock: Clock, { believed = 10_000, most = 1_000 }: KeepOptions = {}) {
    this.#asked = asked;
    this.#clock = clock;
    this.#believed = believed;
    this.#most = most;
  }

  allows(user: User, action: Action): Promise<boolean> {
    const key = JSON.stringify([user, action]);
    const now = this.#clock.monotonic();
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.until > now) return kept.allowed;
    this.#kept.delete(key);
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size >= this.#most) this.#kept.delete(oldest);
    const allowed = this.#asked.allows(user, action);
    this.#kept.set(key, { until: now + this.#believed, allowed });
    // An answer that did not come is no answer.
    allowed.catch(() => this.#kept.delete(key));
    return allowed;
  }
}
