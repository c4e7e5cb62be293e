import { Backoff } from "./backoff.ts";
import { Breath } from "./breath.ts";
import { ApiError, isExpired, isInvalid } from "./errors.ts";
import { deepFreeze } from "./freeze.ts";
import type { Logger } from "./logger.ts";
import { type KubeObject, keyOf, type Live } from "./object.ts";
import type { Resource, Selection, WatchEvent } from "./resource.ts";
import { type Change, type Indexers, type Reader, Store } from "./store.ts";
import { type Clock, sleep, systemClock } from "./time.ts";

/** client-go's reflector: from 0.8 s to 30 s, doubled, up to twice as long by chance. */
const BACKOFF = { base: 800, max: 30_000, jitter: 1 };
/** A watch that stood this long was well: what comes next is a new trouble. */
const HEALTHY_WATCH = 10_000;
/** A watch that the server ends sooner than this, with nothing said, is not opened again at once. */
const SHORT_WATCH = 1_000;
/** The server ends a watch after 5 to 10 minutes, so that watches spread over its replicas. */
const WATCH_SECONDS = 300;

export interface ReflectorOptions<T extends KubeObject, I extends string = never> extends Selection {
  readonly indexers?: Indexers<T, I>;
  /** Drops what is not needed before it is kept, to save memory. Must not touch metadata's identity. */
  readonly transform?: (object: Live<T>) => Live<T>;
  /** Whether two versions of an object are one to whoever reads it, as `transform` leaves them; absent: if they are one version. */
  readonly isSame?: (object: Live<T>, old: Live<T>) => boolean;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Shared by all that work through much in this process; absent: its own. */
  readonly breath?: Breath;
  /** Deep-freezes what is kept, to find who changes it. For tests. */
  readonly freeze?: boolean;
}

/** What those who only look need of a reflector, whatever its indexes are. */
export type Watched<T extends KubeObject> = Pick<
  Reflector<T>,
  | "store"
  | "synced"
  | "hasSynced"
  | "watching"
  | "blindFor"
  | "onChange"
  | "follow"
  | "onOpen"
  | "lastWatchAge"
>;

type Handler<T extends KubeObject> = (change: Change<T>) => void;

/**
 * Mirrors one kind, or a selection of it, into a store: a watch that begins with all that is there, or, where the API server has
 * no such thing, a list and a watch from the list's version. It is taken up where it ended for as long as the API server
 * remembers that version (410: all anew). Handlers
 * hear of each change after the store has it, in order. A list, or a burst of events, comes to the store and the handlers
 * bit by bit: others have their turn between two objects, and see a store that is on its way.
 */
export class Reflector<T extends KubeObject, I extends string = never> {
  /** The kind's plural name. */
  readonly name: string;
  readonly store: Reader<T, I>;
  /** Resolves once the first list is in the store and its handlers were called. */
  readonly synced: Promise<void>;
  readonly #resource: Pick<Resource<T>, "type" | "pages" | "watch">;
  readonly #options: ReflectorOptions<T, I>;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #breath: Breath;
  readonly #logger: Logger;
  readonly #store: Store<T, I>;
  readonly #handlers = new Set<Handler<T>>();
  readonly #openHandlers = new Set<(blind: number) => void>();
  readonly #backoff: Backoff;
  readonly #resolveSynced: () => void;
  #hasSynced = false;
  #watching = false;
  /** Where the next watch begins; undefined asks for a list. */
  #version: string | undefined;
  /** Whether the server lists by a watch: nothing of it is larger than an object, and no gap is between list and watch. */
  #streams = true;
  /** Pages need the server to remember the version of the first one; the whole list at once does not. */
  #paged = true;
  #heardAt = Number.NEGATIVE_INFINITY;
  #blindSince: number;

  constructor(resource: Pick<Resource<T>, "type" | "pages" | "watch">, options: ReflectorOptions<T, I>) {
    this.#resource = resource;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#breath = (options.breath ?? Breath.of(this.#clock)).in("news");
    this.name = resource.type.plural;
    this.#logger = options.logger.child({ reflector: this.name });
    this.#store = new Store<T, I>(options.indexers, options.isSame);
    this.store = this.#store;
    this.#backoff = new Backoff({ ...BACKOFF, random: this.#random });
    this.#blindSince = this.#clock.monotonic();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.synced = promise;
    this.#resolveSynced = resolve;
  }

  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** Whether a watch stands now: false from its end until the next one is accepted. */
  get watching(): boolean {
    return this.#watching;
  }

  /** Milliseconds in which nothing can have been seen, up to now; 0 while a watch stands. */
  blindFor(): number {
    return this.#watching ? 0 : this.#clock.monotonic() - this.#blindSince;
  }

  /** Milliseconds since the API server last sent anything (an event, a bookmark, a list); Infinity before. */
  lastWatchAge(): number {
    return this.#clock.monotonic() - this.#heardAt;
  }

  /** Calls back on each change; what is there already comes first, as added. Answers with how to stop. */
  onChange(handler: Handler<T>): () => void {
    for (const object of [...this.#store.values()]) {
      this.#guard(() => handler({ type: "added", object, initial: true }));
    }
    return this.follow(handler);
  }

  /** Calls back on each change from now on; of what is there already nothing is told. Answers with how to stop. */
  follow(handler: Handler<T>): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  /** Calls back when a watch is accepted, with the milliseconds for which nothing could be seen before it. */
  onOpen(handler: (blind: number) => void): () => void {
    this.#openHandlers.add(handler);
    return () => this.#openHandlers.delete(handler);
  }

  /** Never rejects; resolves when the signal aborts. Errors are logged and tried again. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let pause: number | undefined;
      try {
        if (!this.#streams) this.#version ??= await this.#list(signal);
        pause = await this.#watch(this.#version, signal);
      } catch (error) {
        if (signal.aborted) return;
        pause = this.#failed(error);
      }
      if (pause !== undefined) await sleep(this.#clock, pause, signal).catch(() => {});
    }
  }

  async #list(signal: AbortSignal): Promise<string> {
    const { namespace, labelSelector, fieldSelector } = this.#options;
    const pages = this.#resource.pages({
      ...(namespace !== undefined ? { namespace } : {}),
      ...(labelSelector !== undefined ? { labelSelector } : {}),
      ...(fieldSelector !== undefined ? { fieldSelector } : {}),
      ...(this.#paged ? {} : { limit: 0 }),
      signal,
    });
    const kept = new Map<string, Live<T>>();
    let resourceVersion = "";
    for await (const page of pages) {
      this.#heard();
      resourceVersion = page.resourceVersion;
      for (const object of page.items) kept.set(keyOf(object.metadata), this.#prepare(object));
      if (this.#breath.isDue) await this.#breath.take();
    }
    this.#paged = true;
    await this.#fill(kept, resourceVersion, signal);
    return resourceVersion;
  }

  /** Makes what was listed, by key, the store's content. */
  async #fill(
    kept: ReadonlyMap<string, Live<T>>,
    resourceVersion: string,
    signal: AbortSignal,
  ): Promise<void> {
    for (const change of this.#store.replace(kept, !this.#hasSynced)) {
      this.#dispatch(change);
      if (this.#breath.isDue) await this.#breath.take();
      signal.throwIfAborted();
    }
    this.#heard();
    if (!this.#hasSynced) {
      this.#hasSynced = true;
      this.#resolveSynced();
    }
    this.#logger.debug({ objects: kept.size, resourceVersion }, "listed");
  }

  /** Watches until the server ends it, lists first without a version; answers with a pause if it ended suspiciously soon. */
  async #watch(resourceVersion: string | undefined, signal: AbortSignal): Promise<number | undefined> {
    const { namespace, labelSelector, fieldSelector } = this.#options;
    const started = this.#clock.monotonic();
    let heard = false;
    let end: "clean" | "broken" = "broken";
    let listing = resourceVersion === undefined ? new Map<string, Live<T>>() : undefined;
    try {
      const events = this.#resource.watch({
        ...(namespace !== undefined ? { namespace } : {}),
        ...(labelSelector !== undefined ? { labelSelector } : {}),
        ...(fieldSelector !== undefined ? { fieldSelector } : {}),
        ...(resourceVersion !== undefined && { resourceVersion }),
        timeoutSeconds: Math.round(WATCH_SECONDS * (1 + this.#random())),
        signal,
        onOpen: () => {
          if (listing === undefined) this.#opened();
        },
      });
      for await (const event of events) {
        heard = true;
        this.#heard();
        if (listing === undefined) this.#receive(event);
        else if (event.type !== "BOOKMARK") this.#collect(listing, event);
        else if (event.complete) {
          await this.#fill(listing, event.resourceVersion, signal);
          listing = undefined;
          this.#version = event.resourceVersion;
          this.#opened();
        }
        if (this.#breath.isDue) await this.#breath.take();
      }
      end = "clean";
    } finally {
      this.#closed(end);
      if (this.#clock.monotonic() - started >= HEALTHY_WATCH) this.#backoff.reset();
    }
    if (listing !== undefined) return this.#backoff.next();
    return !heard && this.#clock.monotonic() - started < SHORT_WATCH ? this.#backoff.next() : undefined;
  }

  #collect(
    listing: Map<string, Live<T>>,
    { type, object }: Exclude<WatchEvent<T>, { type: "BOOKMARK" }>,
  ): void {
    const key = keyOf(object.metadata);
    if (type === "DELETED") listing.delete(key);
    else listing.set(key, this.#prepare(object));
  }

  #receive(event: WatchEvent<T>): void {
    if (event.type === "BOOKMARK") {
      this.#version = event.resourceVersion;
      return;
    }
    const object = this.#prepare(event.object);
    const changes =
      event.type === "DELETED" ? this.#store.remove(keyOf(object.metadata), object) : this.#store.put(object);
    for (const change of changes) this.#dispatch(change);
    this.#version = object.metadata.resourceVersion;
  }

  #prepare(object: Live<T>): Live<T> {
    const kept = this.#options.transform?.(object) ?? object;
    return this.#options.freeze ? deepFreeze(kept) : kept;
  }

  /** Milliseconds to wait, if any. */
  #failed(error: unknown): number | undefined {
    if (this.#streams && this.#version === undefined && isRefused(error)) {
      this.#streams = false;
      this.#logger.info({ err: error }, "the API server does not list by watches");
      return undefined;
    }
    const expired = isExpired(error);
    // The first watch of a kind may find a cache one version younger than the list; blindness would be all that waiting gives.
    const atOnce = expired && this.#version !== undefined && this.#backoff.failures === 0;
    if (expired) {
      // From a watch: its version is too old. From a list: the pages took longer than the server remembers.
      if (this.#version === undefined) this.#paged = false;
      this.#version = undefined;
    }
    const wait = this.#backoff.next();
    const pause = atOnce ? undefined : wait;
    this.#logger.warn(
      { err: error, pause: Math.round(pause ?? 0), failures: this.#backoff.failures },
      "watch failed",
    );
    return pause;
  }

  #opened(): void {
    const blind = this.blindFor();
    this.#watching = true;
    this.#heard();
    for (const handler of this.#openHandlers) this.#guard(() => handler(blind));
  }

  #closed(end: "clean" | "broken"): void {
    if (!this.#watching) return;
    this.#watching = false;
    // Of a broken connection nobody knows since when it told nothing.
    this.#blindSince = end === "clean" ? this.#clock.monotonic() : this.#heardAt;
  }

  #heard(): void {
    this.#heardAt = this.#clock.monotonic();
  }

  #dispatch(change: Change<T>): void {
    for (const handler of this.#handlers) this.#guard(() => handler(change));
  }

  /** A handler's fault must not end the watch for all others. */
  #guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#logger.error({ err: error }, "a handler threw");
    }
  }
}

/** What was asked for is not known there, or is turned off. */
const isRefused = (error: unknown): boolean =>
  isInvalid(error) || (error instanceof ApiError && error.code === 400);
