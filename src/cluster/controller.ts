import { aborted } from "./aborted.ts";
import { Breath } from "./breath.ts";
import { Deadline } from "./deadline.ts";
import type { Logger } from "./logger.ts";
import { type KubeObject, keyOf, type Live } from "./object.ts";
import type { Watched } from "./reflector.ts";
import type { Change } from "./store.ts";
import { type Clock, systemClock } from "./time.ts";
import { type AddOptions, WorkQueue } from "./workqueue.ts";

/** What is left to do after a reconcile that did not fail. */
export interface Result {
  /** Milliseconds after which the key is reconciled again, unless a change comes first. */
  readonly requeueAfter?: number;
}

/**
 * Brings the world nearer to what the object named by `key` asks for. Level-based: it reads the state
 * as it is now, whatever event led here, and may be called at any time, so it is idempotent. One key is
 * never reconciled twice at once. A rejection means: again, after a backoff of 5 ms to 1000 s; a
 * TerminalError: not until something changes; requeueAfter: again then. `signal` aborts when the
 * controller stops or `timeout` passes: hand it to every call.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: lets a reconciler end without a return statement.
export type Reconciler = (key: string, signal: AbortSignal) => Promise<Result | void>;

/** Trying again would not help until the object changes. */
export class TerminalError extends Error {
  override readonly name = "TerminalError";
}

/** Where keys come from; made by `from`. */
export interface Source {
  readonly synced: Promise<void>;
  /** Answers with how to stop. Much that is there already is told bit by bit, by `breath`. */
  start(enqueue: (key: string, options?: AddOptions) => void, breath: Breath): () => void;
}

/**
 * Keys for each change of a reflector's objects: its own key by default, else what `keys` makes of the object
 * (of the old and the new one on an update). `when` leaves changes out. What a first list finds has low priority.
 */
export function from<T extends KubeObject>(
  reflector: Watched<T>,
  keys: (object: Live<T>) => Iterable<string> = (object) => [keyOf(object.metadata)],
  when: (change: Change<T>) => boolean = () => true,
): Source {
  return {
    synced: reflector.synced,
    start: (enqueue, breath) => {
      const take = (change: Change<T>) => {
        if (!when(change)) return;
        const options: AddOptions = change.type === "added" && change.initial ? { priority: "low" } : {};
        const found = new Set(keys(change.object));
        if (change.type === "updated") for (const key of keys(change.old)) found.add(key);
        for (const key of found) enqueue(key, options);
      };
      const stop = reflector.follow(take);
      // Keys have no order: what changes meanwhile is told twice.
      const there = [...reflector.store.values()];
      void breath.each(there, (object) => take({ type: "added", object, initial: true }));
      return stop;
    },
  };
}

export type Outcome = "success" | "requeue_after" | "error" | "terminal_error";

/** What a controller and its queue report. Durations are seconds. */
export interface ControllerMetrics {
  depth(controller: string, keys: number): void;
  added(controller: string): void;
  retried(controller: string): void;
  /** How long a key was ready before it was taken. */
  waited(controller: string, seconds: number): void;
  reconciled(controller: string, outcome: Outcome, seconds: number): void;
  /** Workers that are reconciling now. */
  active(controller: string, workers: number): void;
}

export interface ControllerOptions {
  /** Name in logs and metrics. */
  readonly name: string;
  readonly reconcile: Reconciler;
  readonly sources: readonly Source[];
  /** Keys reconciled at the same time (1). */
  readonly workers?: number;
  /** Milliseconds after which a reconcile's signal aborts (120 000). */
  readonly timeout?: number;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Shared by all that work through much in this process; absent: its own. */
  readonly breath?: Breath;
  readonly metrics?: ControllerMetrics;
}

/** Calls a reconciler for the keys of its sources, each key once at a time. */
export class Controller {
  readonly name: string;
  readonly #options: ControllerOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #queue: WorkQueue;
  readonly #breath: Breath;
  #active = 0;

  constructor(options: ControllerOptions) {
    const { name, metrics } = options;
    this.name = name;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#breath = options.breath ?? Breath.of(this.#clock);
    this.#logger = options.logger.child({ controller: name });
    this.#queue = new WorkQueue({
      clock: this.#clock,
      metrics: {
        depth: (keys) => metrics?.depth(name, keys),
        added: () => metrics?.added(name),
        retried: () => metrics?.retried(name),
        waited: (seconds) => metrics?.waited(name, seconds),
      },
    });
  }

  /** For what no reflector sees: a timer, a message. Works before run too. */
  enqueue(key: string, options?: AddOptions): void {
    this.#queue.add(key, options);
  }

  /**
   * Waits for the sources to be synced, works until the signal aborts, then waits for what is in hand.
   * Never rejects. A controller runs once.
   */
  async run(signal: AbortSignal): Promise<void> {
    const close = () => this.#queue.close();
    signal.addEventListener("abort", close, { once: true });
    if (signal.aborted) close();
    const stops = this.#options.sources.map((source) =>
      source.start((key, options) => this.enqueue(key, options), this.#breath),
    );
    await Promise.race([Promise.all(this.#options.sources.map(({ synced }) => synced)), aborted(signal)]);
    this.#logger.debug("started");
    await Promise.all(Array.from({ length: this.#options.workers ?? 1 }, () => this.#work(signal)));
    for (const stop of stops) stop();
    signal.removeEventListener("abort", close);
    this.#logger.debug("stopped");
  }

  async #work(signal: AbortSignal): Promise<void> {
    for (let key = await this.#queue.take(); key !== undefined; key = await this.#queue.take()) {
      await this.#reconcile(key, signal);
      this.#queue.done(key);
      // Most reconciles find nothing to write, and would follow each other without a turn for anybody else.
      if (this.#breath.isDue) await this.#breath.take();
    }
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<void> {
    const { metrics, timeout = 120_000 } = this.#options;
    using deadline = new Deadline(this.#clock, `${this.name} ${key}`, timeout, signal);
    const started = this.#clock.monotonic();
    metrics?.active(this.name, ++this.#active);
    let outcome: Outcome;
    try {
      const result = await this.#options.reconcile(key, deadline.signal);
      outcome = this.#succeeded(key, result ?? {});
    } catch (error) {
      outcome = this.#failed(key, error, signal);
    }
    metrics?.active(this.name, --this.#active);
    metrics?.reconciled(this.name, outcome, (this.#clock.monotonic() - started) / 1000);
  }

  #succeeded(key: string, { requeueAfter }: Result): Outcome {
    this.#queue.forget(key);
    if (requeueAfter === undefined) return "success";
    // 0 means soon, not in the same breath: others have their turn.
    this.#queue.add(key, { after: Math.max(1, requeueAfter) });
    return "requeue_after";
  }

  #failed(key: string, error: unknown, signal: AbortSignal): Outcome {
    if (error instanceof TerminalError) {
      this.#queue.forget(key);
      this.#logger.error({ key, err: error }, "reconcile failed for good");
      return "terminal_error";
    }
    if (signal.aborted) return "error";
    const after = this.#queue.addAfterFailure(key);
    this.#logger.warn({ key, err: error, after, failures: this.#queue.failures(key) }, "reconcile failed");
    return "error";
  }
}
