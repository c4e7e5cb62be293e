import { type BackoffOptions, backoffDelay } from "./backoff.ts";
import { type Clock, systemClock, type Timer } from "./time.ts";

/** Low: work that a first list found, which may wait while something happens. */
export type Priority = "normal" | "low";

export interface AddOptions {
  readonly priority?: Priority;
  /** Milliseconds; the earliest of several wins. */
  readonly after?: number;
}

export interface QueueOptions {
  readonly clock?: Clock;
  /** Of keys that failed: 5 ms doubled up to 1000 s, as in client-go. */
  readonly backoff?: BackoffOptions;
  /** Told what happens. Durations are seconds. */
  readonly metrics?: QueueMetrics;
}

export interface QueueMetrics {
  depth(keys: number): void;
  added(): void;
  retried(): void;
  /** How long a key was ready before it was taken. */
  waited(seconds: number): void;
}

const BACKOFF: BackoffOptions = { base: 5, max: 1_000_000 };
/** One key in so many comes from the low level while the normal one has keys too, so that neither starves. */
const LOW_SHARE = 8;

interface Delayed {
  readonly due: number;
  readonly priority: Priority;
  readonly timer: Timer;
}

/**
 * Keys to work on, each at most once at a time: a key added while it waits is one key, added while
 * it is worked on it comes again when `done`. First come, first served within a priority.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #backoff: BackoffOptions;
  readonly #metrics: QueueMetrics | undefined;
  readonly #ready = { normal: new Line(), low: new Line() };
  readonly #delayed = new Map<string, Delayed>();
  readonly #processing = new Set<string>();
  /** Added while being worked on. */
  readonly #again = new Map<string, Priority>();
  readonly #failures = new Map<string, number>();
  readonly #waiting = new Set<(key: string | undefined) => void>();
  #taken = 0;
  #closed = false;

  constructor(options: QueueOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#backoff = options.backoff ?? BACKOFF;
    this.#metrics = options.metrics;
  }

  /** Keys that could be taken now. */
  get depth(): number {
    return this.#ready.normal.size + this.#ready.low.size;
  }

  add(key: string, { priority = "normal", after = 0 }: AddOptions = {}): void {
    if (this.#closed) return;
    if (after > 0) this.#delay(key, priority, after);
    else this.#enqueue(key, priority);
  }

  /** Adds the key after a delay that grows with each failure until `forget`. Answers with the delay. */
  addAfterFailure(key: string, priority: Priority = "normal"): number {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    this.#metrics?.retried();
    const after = backoffDelay(failures, this.#backoff);
    this.add(key, { priority, after });
    return after;
  }

  /** Failures of the key since it was last forgotten. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, which the caller must give back with `done`; undefined once the queue is closed. */
  take(): Promise<string | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    const key = this.#shift();
    if (key !== undefined) return Promise.resolve(key);
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  done(key: string): void {
    this.#processing.delete(key);
    const again = this.#again.get(key);
    if (again === undefined) return;
    this.#again.delete(key);
    if (!this.#closed) this.#enqueue(key, again);
  }

  /** Nothing is taken or added any more; timers are gone. */
  close(): void {
    this.#closed = true;
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
    this.#again.clear();
    this.#ready.normal.clear();
    this.#ready.low.clear();
    for (const resolve of this.#waiting) resolve(undefined);
    this.#waiting.clear();
    this.#metrics?.depth(0);
  }

  #enqueue(key: string, priority: Priority): void {
    this.#metrics?.added();
    const delayed = this.#delayed.get(key);
    // What it was to wait for has come now.
    delayed?.timer.cancel();
    this.#delayed.delete(key);
    if (this.#processing.has(key)) {
      if (this.#again.get(key) !== "normal") this.#again.set(key, priority);
      return;
    }
    if (this.#ready.normal.has(key)) return;
    const since = this.#ready.low.get(key);
    if (since !== undefined && priority === "low") return;
    this.#ready.low.delete(key);
    this.#ready[priority].push(key, since ?? this.#clock.monotonic());
    this.#metrics?.depth(this.depth);
    this.#serve();
  }

  #delay(key: string, priority: Priority, after: number): void {
    const due = this.#clock.monotonic() + after;
    const delayed = this.#delayed.get(key);
    if (this.#isReady(key) || (delayed && delayed.due <= due)) return;
    delayed?.timer.cancel();
    const timer = this.#clock.setTimeout(() => {
      this.#delayed.delete(key);
      this.#enqueue(key, priority);
    }, after);
    this.#delayed.set(key, { due, priority, timer });
  }

  #isReady(key: string): boolean {
    return this.#ready.normal.has(key) || this.#ready.low.has(key);
  }

  #serve(): void {
    for (const resolve of this.#waiting) {
      const key = this.#shift();
      if (key === undefined) return;
      this.#waiting.delete(resolve);
      resolve(key);
    }
  }

  #shift(): string | undefined {
    const { normal, low } = this.#ready;
    const line =
      low.size > 0 && (normal.size === 0 || this.#taken % LOW_SHARE === LOW_SHARE - 1) ? low : normal;
    const first = line.shift();
    if (!first) return undefined;
    this.#taken += 1;
    this.#processing.add(first.key);
    this.#metrics?.depth(this.depth);
    this.#metrics?.waited((this.#clock.monotonic() - first.since) / 1000);
    return first.key;
  }
}

/** Keys in the order in which they came, with when they came. */
class Line {
  readonly #since = new Map<string, number>();
  /** Kept, as a new iterator would step over all that was ever shifted before the map shrinks. */
  #next = this.#since.entries();

  get size(): number {
    return this.#since.size;
  }

  has(key: string): boolean {
    return this.#since.has(key);
  }

  get(key: string): number | undefined {
    return this.#since.get(key);
  }

  push(key: string, since: number): void {
    this.#since.set(key, since);
  }

  delete(key: string): void {
    this.#since.delete(key);
  }

  clear(): void {
    this.#since.clear();
  }

  shift(): { readonly key: string; readonly since: number } | undefined {
    if (this.#since.size === 0) return undefined;
    let next = this.#next.next();
    if (next.done) {
      this.#next = this.#since.entries();
      next = this.#next.next();
    }
    if (next.done) return undefined;
    const [key, since] = next.value;
    this.#since.delete(key);
    return { key, since };
  }
}
