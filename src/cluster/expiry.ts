import type { Lease } from "./core.ts";
import { keyOf, type Live } from "./object.ts";
import type { Watched } from "./reflector.ts";
import { type Clock, systemClock, type Timer } from "./time.ts";

export interface ExpiryOptions {
  /** Milliseconds without an observed renewal; absent: each Lease's own leaseDurationSeconds. */
  readonly duration?: number;
  readonly clock?: Clock;
}

export type LeaseState = "fresh" | "lapsed" | "absent";

interface Seen {
  readonly renewTime: string;
  /** When this process saw it, moved on by the time in which it could see nothing. */
  at: number;
  readonly duration: number;
  state: "fresh" | "lapsed";
}

/**
 * Tells which Leases of a reflector have lapsed, by when THIS process saw renewTime change: clocks of others do not
 * matter. Time in which no watch stood does not count, so that an API server's outage is not
 * everybody's death. A Lease without a holder was given up and has lapsed.
 */
export class Expiry {
  readonly #leases: Watched<Lease>;
  readonly #duration: number | undefined;
  readonly #clock: Clock;
  readonly #seen = new Map<string, Seen>();
  readonly #handlers = new Set<(key: string, state: LeaseState) => void>();
  readonly #stops: (() => void)[];
  #timer: Timer | undefined;
  #due = Number.POSITIVE_INFINITY;

  constructor(leases: Watched<Lease>, options: ExpiryOptions = {}) {
    this.#leases = leases;
    this.#duration = options.duration;
    this.#clock = options.clock ?? systemClock;
    this.#stops = [
      leases.onChange((change) => {
        if (change.type === "deleted") this.#forget(keyOf(change.object.metadata));
        else this.#observe(change.object);
      }),
      leases.onOpen((blind) => this.#opened(blind)),
    ];
  }

  /** Of the Lease with this key. "unknown" before the reflector has synced. */
  state(key: string): LeaseState | "unknown" {
    if (!this.#leases.hasSynced) return "unknown";
    return this.#seen.get(key)?.state ?? "absent";
  }

  /** Milliseconds since a renewal was seen, blindness not counted; Infinity for a Lease that is absent. */
  age(key: string): number {
    const seen = this.#seen.get(key);
    return seen ? this.#clock.monotonic() - seen.at : Number.POSITIVE_INFINITY;
  }

  /** Calls back, which must not throw, on each passage of a Lease between fresh, lapsed and absent. Answers with how to stop. */
  onChange(handler: (key: string, state: LeaseState) => void): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  /** Ends it: no timer or handler is left. */
  close(): void {
    for (const stop of this.#stops) stop();
    this.#timer?.cancel();
    this.#due = Number.POSITIVE_INFINITY;
  }

  #observe(lease: Live<Lease>): void {
    const key = keyOf(lease.metadata);
    const old = this.#seen.get(key);
    const { holderIdentity = "", renewTime = "", leaseDurationSeconds = 0 } = lease.spec ?? {};
    const renewed = old?.renewTime !== renewTime;
    const seen: Seen = {
      renewTime,
      at: renewed ? this.#clock.monotonic() : old.at,
      duration: this.#duration ?? leaseDurationSeconds * 1000,
      state: holderIdentity === "" ? "lapsed" : renewed ? "fresh" : old.state,
    };
    this.#seen.set(key, seen);
    if (seen.state === "fresh") this.#wakeAt(seen.at + seen.duration);
    if (seen.state !== old?.state) this.#tell(key, seen.state);
  }

  #forget(key: string): void {
    if (this.#seen.delete(key)) this.#tell(key, "absent");
  }

  #opened(blind: number): void {
    const now = this.#clock.monotonic();
    // What a list found a moment ago was seen after the blindness began: never into the future.
    for (const seen of this.#seen.values()) seen.at = Math.min(now, seen.at + blind);
    this.#sweep();
  }

  /** One timer for the earliest end: with renewals coming it fires once a duration, however many Leases there are. */
  #wakeAt(due: number): void {
    if (due >= this.#due) return;
    this.#timer?.cancel();
    this.#due = due;
    this.#timer = this.#clock.setTimeout(() => this.#sweep(), due - this.#clock.monotonic());
  }

  #sweep(): void {
    this.#timer?.cancel();
    this.#due = Number.POSITIVE_INFINITY;
    // Renewals may be waiting unseen: the next watch calls again.
    if (!this.#leases.watching) return;
    const now = this.#clock.monotonic();
    let next = Number.POSITIVE_INFINITY;
    const lapsed: string[] = [];
    for (const [key, seen] of this.#seen) {
      if (seen.state !== "fresh") continue;
      const due = seen.at + seen.duration;
      if (due > now) next = Math.min(next, due);
      else {
        seen.state = "lapsed";
        lapsed.push(key);
      }
    }
    if (next < Number.POSITIVE_INFINITY) this.#wakeAt(next);
    for (const key of lapsed) this.#tell(key, "lapsed");
  }

  #tell(key: string, state: LeaseState): void {
    for (const handler of this.#handlers) handler(key, state);
  }
}
