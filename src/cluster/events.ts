import type { Event } from "./core.ts";
import { Deadline } from "./deadline.ts";
import { ApiError, isAlreadyExists, isNotFound } from "./errors.ts";
import { Limiter } from "./limiter.ts";
import type { Logger } from "./logger.ts";
import type { KubeObject, Live } from "./object.ts";
import type { Resource } from "./resource.ts";
import { type Clock, microTimestamp, systemClock } from "./time.ts";
import { WorkQueue } from "./workqueue.ts";

export interface EventNote {
  readonly type: "Normal" | "Warning";
  /** CamelCase, the same word as the condition's reason; at most 128 characters. */
  readonly reason: string;
  /** A sentence; cut at 1 kB. */
  readonly message: string;
  /** What was done or tried, CamelCase (the reason by default). */
  readonly action?: string;
  /** Another object that had a part in it. */
  readonly related?: Live<KubeObject>;
}

/** Tells people what happened to an object. Never throws, never blocks, may lose what is too much. */
export interface EventRecorder {
  record(regarding: Live<KubeObject>, note: EventNote): void;
}

export interface EventWriterOptions {
  /** "mesos.dev/operator": what the Events' source shows. */
  readonly controller: string;
  /** The Pod's name. */
  readonly instance: string;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** Repeats within this time after the last one are one series. */
const SERIES_END = 6 * 60_000;
/** A series is written at most so often: its count is for people. */
const SERIES_WRITE = 10_000;
/** Events an object may have at once, and how many a second later on: client-go's spam filter (25, then one in 5 min). */
const BURST = 25;
const QPS = 1 / 300;
/** Series and objects that are remembered; beyond it the oldest are forgotten, written or not. */
const REMEMBERED = 4096;
const TRIES = 4;
/** What is left when the writer stops has this long. */
const DRAIN = 2_000;
/** Limits of the API (events.k8s.io/v1). */
const NOTE_BYTES = 1024;

interface Series {
  readonly event: Event & { metadata: { namespace: string; name: string } };
  created: boolean;
  /** Something is not written yet. */
  dirty: boolean;
  count: number;
  lastAt: number;
  /** Wall time of the last repeat. */
  lastTime: number;
  writtenAt: number;
}

/**
 * Writes events.k8s.io/v1 Events, which `kubectl describe` and `kubectl get events` show. The same note on the same object
 * again is one Event with a series that counts; it is written at most every 10 s.
 */
export class EventWriter implements EventRecorder {
  readonly #events: Resource<Event>;
  readonly #options: EventWriterOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #queue: WorkQueue;
  readonly #series = new Map<string, Series>();
  readonly #allowances = new Map<string, Limiter>();
  #sequence = 0;

  constructor(events: Resource<Event>, options: EventWriterOptions) {
    this.#events = events;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger.child({ recorder: options.controller });
    this.#queue = new WorkQueue({ clock: this.#clock, backoff: { base: 500, max: 30_000 } });
  }

  record(regarding: Live<KubeObject>, note: EventNote): void {
    const { uid } = regarding.metadata;
    const message = shorten(note.message);
    const key = [uid, note.type, note.reason, note.action ?? "", message].join("\0");
    const now = this.#clock.monotonic();
    let series = this.#series.get(key);
    if (series && now - series.lastAt < SERIES_END) {
      series.count += 1;
    } else {
      if (!this.#allowance(uid).tryTake()) {
        this.#logger.debug(
          { object: regarding, reason: note.reason },
          "too many events for one object: dropped",
        );
        return;
      }
      const event = this.#event(regarding, { ...note, message });
      series = {
        event,
        created: false,
        dirty: true,
        count: 1,
        lastAt: now,
        lastTime: 0,
        writtenAt: -SERIES_WRITE,
      };
    }
    series.dirty = true;
    series.lastAt = now;
    series.lastTime = this.#clock.now();
    remember(this.#series, key, series);
    this.#queue.add(key, { after: series.writtenAt + SERIES_WRITE - now });
  }

  /** Writes what is recorded until the signal aborts, then for up to 2 s what is left. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const close = () => this.#queue.close();
    signal.addEventListener("abort", close, { once: true });
    if (signal.aborted) close();
    for (let key = await this.#queue.take(); key !== undefined; key = await this.#queue.take()) {
      const series = this.#series.get(key);
      if (series?.dirty) await this.#write(key, series, signal);
      this.#queue.done(key);
    }
    await this.#drain();
  }

  async #drain(): Promise<void> {
    using deadline = new Deadline(this.#clock, "the last events", DRAIN);
    for (const series of this.#series.values()) {
      if (deadline.signal.aborted) return;
      if (series.dirty) await this.#send(series, deadline.signal).catch(() => {});
    }
  }

  async #write(key: string, series: Series, signal: AbortSignal): Promise<void> {
    try {
      await this.#send(series, signal);
      this.#queue.forget(key);
    } catch (err) {
      if (signal.aborted) return;
      const refused = err instanceof ApiError && err.code < 500 && err.code !== 429;
      if (refused || this.#queue.failures(key) + 1 >= TRIES) {
        // A namespace that is being deleted takes no Events: not worth a warning each.
        this.#logger.info({ err, event: series.event }, "an event is lost");
        this.#queue.forget(key);
        series.dirty = false;
      } else this.#queue.addAfterFailure(key);
    }
  }

  async #send(series: Series, signal: AbortSignal): Promise<void> {
    series.writtenAt = this.#clock.monotonic();
    series.dirty = false;
    const repeats =
      series.count > 1
        ? { series: { count: series.count, lastObservedTime: microTimestamp(series.lastTime) } }
        : undefined;
    try {
      if (series.created && repeats) {
        try {
          await this.#events.mergePatch(series.event.metadata, repeats, { signal });
          return;
        } catch (error) {
          // Events live for an hour: begin another one, with the whole count.
          if (!isNotFound(error)) throw error;
        }
      }
      await this.#events.create({ ...series.event, ...repeats }, { signal });
      series.created = true;
    } catch (error) {
      // An earlier try was cut off after it had been taken.
      if (isAlreadyExists(error)) series.created = true;
      else {
        series.dirty = true;
        throw error;
      }
    }
  }

  #event(regarding: Live<KubeObject>, note: EventNote): Series["event"] {
    const { controller, instance } = this.#options;
    const { name, namespace = "default" } = regarding.metadata;
    this.#sequence += 1;
    const suffix = `${this.#clock.now().toString(16)}${this.#sequence.toString(16)}`;
    return {
      metadata: { namespace, name: `${name.slice(0, 220).replace(/[-.]+$/, "")}.${suffix}` },
      eventTime: microTimestamp(this.#clock.now()),
      type: note.type,
      reason: note.reason,
      action: note.action ?? note.reason,
      note: note.message,
      reportingController: controller,
      reportingInstance: instance.slice(0, 128),
      regarding: referenceTo(regarding),
      ...(note.related ? { related: referenceTo(note.related) } : {}),
    };
  }

  #allowance(uid: string): Limiter {
    const allowance =
      this.#allowances.get(uid) ?? new Limiter({ qps: QPS, burst: BURST, clock: this.#clock });
    remember(this.#allowances, uid, allowance);
    return allowance;
  }
}

function referenceTo({ apiVersion = "", kind = "", metadata }: Live<KubeObject>) {
  const { name, namespace, uid, resourceVersion } = metadata;
  return { apiVersion, kind, name, ...(namespace ? { namespace } : {}), uid, resourceVersion };
}

/** Puts the entry last and forgets the first one beyond the limit. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= REMEMBERED) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}

/** Cut to what the API takes, in bytes, between characters. */
function shorten(message: string): string {
  if (Buffer.byteLength(message) <= NOTE_BYTES) return message;
  const cut = Buffer.from(message).subarray(0, NOTE_BYTES - 3);
  return `${new TextDecoder().decode(cut, { stream: true })}…`;
}
