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

/** Times are of `#now`. */
interface Seen {
  readonly renewTime: string;
  /** When this process saw it. */
  readonly at: number;
  readonly duration: number;
  readonly state: "fresh" | "lapsed";
}

/** Milliseconds of renewals that are kept together. */
const PART = 1000;

/**
 * Leases in the order in which they were seen, in parts: a Map of tens of thousands in which keys come and go would be made anew
 * time and again, all of it at one go.
 */
class Renewals {
  readonly #parts = new Map<number, Map<string, Seen>>();

  get isEmpty(): boolean {
    return this.#parts.size === 0;
  }

  /** None that was put before may have been seen later. */
  put(key: string, seen: Seen): void {
    const at = Math.floor(seen.at / PART);
    const part = this.#parts.get(at) ?? new Map<string, Seen>();
    part.set(key, seen);
    this.#parts.set(at, part);
  }

  delete(key: string, { at }: Seen): void {
    const part = this.#parts.get(Math.floor(at / PART));
    part?.delete(key);
    if (part?.size === 0) this.#parts.delete(Math.floor(at / PART));
  }

  *[Symbol.iterator](): Generator<[string, Seen], void> {
    for (const part of this.#parts.values()) yield* part;
  }
}

/**
 * Tells which Leases of a reflector have lapsed, by when THIS process saw renewTime change: clocks of others do not
 * matter. Time in which no watch stood does not count, so that an API server's outage is not
 * everybody's death. A Lease without a holder was given up and has lapsed. What it does at a time goes by how many
 * renewals there are then, not by how many Leases.
 */
export class Expiry {
  readonly #leases: Watched<Lease>;
  readonly #duration: number | undefined;
  readonly #clock: Clock;
  readonly #seen = new Map<string, Seen>();
  /** Those that are fresh by how long they last, in the order in which they were seen: the first of each ends first. */
  readonly #fresh = new Map<number, Renewals>();
  readonly #handlers = new Set<(key: string, state: LeaseState) => void>();
  readonly #stops: (() => void)[];
  /** Milliseconds, of all times when no watch stood that are over. */
  #blind = 0;
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
      leases.onOpen((blind) => {
        this.#blind += blind;
        this.#sweep();
      }),
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
    return seen ? this.#now() - seen.at : Number.POSITIVE_INFINITY;
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

  /** Stands still while nothing can be seen. */
  #now(): number {
    return this.#clock.monotonic() - this.#blind - this.#leases.blindFor();
  }

  #observe(lease: Live<Lease>): void {
    const key = keyOf(lease.metadata);
    const old = this.#seen.get(key);
    const { holderIdentity = "", renewTime = "", leaseDurationSeconds = 0 } = lease.spec ?? {};
    const duration = this.#duration ?? leaseDurationSeconds * 1000;
    const same = old?.renewTime === renewTime && old.duration === duration;
    const state = holderIdentity === "" ? "lapsed" : same ? old.state : "fresh";
    if (same && state === old.state) return;
    const seen: Seen = { renewTime, at: same ? old.at : this.#now(), duration, state };
    if (old?.state === "fresh") this.#fresh.get(old.duration)?.delete(key, old);
    this.#seen.set(key, seen);
    if (state === "fresh") {
      const fresh = this.#fresh.get(duration) ?? new Renewals();
      fresh.put(key, seen);
      this.#fresh.set(duration, fresh);
      this.#wakeAt(seen.at + duration);
    }
    if (state !== old?.state) this.#tell(key, state);
  }

  #forget(key: string): void {
    const old = this.#seen.get(key);
    if (old === undefined) return;
    this.#seen.delete(key);
    this.#fresh.get(old.duration)?.delete(key, old);
    this.#tell(key, "absent");
  }

  /** One timer for the earliest end: with renewals coming it fires once a duration, however many Leases there are. */
  #wakeAt(due: number): void {
    if (due >= this.#due) return;
    this.#timer?.cancel();
    this.#due = due;
    this.#timer = this.#clock.setTimeout(() => this.#sweep(), due - this.#now());
  }

  #sweep(): void {
    this.#timer?.cancel();
    this.#due = Number.POSITIVE_INFINITY;
    // Renewals may be waiting unseen: the next watch calls again.
    if (!this.#leases.watching) return;
    const now = this.#now();
    const lapsed: string[] = [];
    for (const [duration, fresh] of this.#fresh) {
      for (const [key, seen] of fresh) {
        if (seen.at + duration > now) {
          this.#wakeAt(seen.at + duration);
          break;
        }
        fresh.delete(key, seen);
        this.#seen.set(key, { ...seen, state: "lapsed" });
        lapsed.push(key);
      }
      if (fresh.isEmpty) this.#fresh.delete(duration);
    }
    for (const key of lapsed) this.#tell(key, "lapsed");
  }

  #tell(key: string, state: LeaseState): void {
    for (const handler of this.#handlers) handler(key, state);
  }
}
