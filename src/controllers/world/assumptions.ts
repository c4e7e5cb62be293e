import { type KubeObject, keyOf, type Live } from "../../cluster/object.ts";
import type { Change, Reader } from "../../cluster/store.ts";
import type { Clock } from "../../cluster/time.ts";

/** What of a reflector is needed here. */
export interface Mirror<T extends KubeObject> {
  readonly store: Pick<Reader<T>, "get">;
  follow(handler: (change: Change<T>) => void): () => void;
}

/** A write that the cache has not shown by then was undone before the cache could see it. */
const FORGET_AFTER = 120_000;

/**
 * Objects as the operator has just written them and its cache does not have yet. Decisions count them, or what was given away
 * a moment ago would be given away again (kube-scheduler's assumed Pods).
 */
export class Assumptions<T extends KubeObject> {
  readonly #mirror: Mirror<T>;
  readonly #clock: Clock;
  readonly #assumed = new Map<string, { readonly object: Live<T>; readonly since: number }>();
  readonly #onAssume: (object: Live<T>) => void;

  /** `onAssume` is told of each object as it is assumed. */
  constructor(mirror: Mirror<T>, clock: Clock, onAssume: (object: Live<T>) => void = () => {}) {
    this.#mirror = mirror;
    this.#clock = clock;
    this.#onAssume = onAssume;
    // Nothing is assumed yet that what is there already could end.
    mirror.follow(({ object }) => this.#seen(object));
  }

  get size(): number {
    return this.#assumed.size;
  }

  assume(object: Live<T>): void {
    const key = keyOf(object.metadata);
    const cached = this.#mirror.store.get(key);
    if (cached !== undefined && isAtLeast(cached, object)) return;
    const before = this.#assumed.get(key)?.object;
    if (before !== undefined && isAtLeast(before, object)) return;
    this.#assumed.set(key, { object, since: this.#clock.monotonic() });
    this.announce(object);
  }

  /** Tells who listens that something of the object has changed. */
  protected announce(object: Live<T>): void {
    this.#onAssume(object);
  }

  /** For an object that a write found to be gone. */
  forget(key: string): void {
    this.#assumed.delete(key);
  }

  /** The newest that is known of the key. */
  get(key: string): Live<T> | undefined {
    return this.#assumed.get(key)?.object ?? this.#mirror.store.get(key);
  }

  /** `cached` with what is assumed put in its place, and whatever else is assumed and `belongs`. */
  with(cached: readonly Live<T>[], belongs: (object: Live<T>) => boolean): readonly Live<T>[] {
    if (this.#assumed.size === 0) return cached;
    this.#expire();
    const others = cached.filter(({ metadata }) => !this.#assumed.has(keyOf(metadata)));
    const assumed = [...this.#assumed.values()].map(({ object }) => object).filter(belongs);
    return [...others, ...assumed];
  }

  #seen(object: Live<T>): void {
    const key = keyOf(object.metadata);
    const assumed = this.#assumed.get(key)?.object;
    if (assumed !== undefined && isAtLeast(object, assumed)) this.#assumed.delete(key);
  }

  #expire(): void {
    const limit = this.#clock.monotonic() - FORGET_AFTER;
    for (const [key, { since }] of this.#assumed) if (since < limit) this.#assumed.delete(key);
  }
}

/**
 * Whether `a` is no older than `b`, which has the same name. Versions of one kind are numbers that grow
 * (KEP-5504); so a namesake made later counts as newer too.
 */
function isAtLeast(a: Live<KubeObject>, b: Live<KubeObject>): boolean {
  return BigInt(a.metadata.resourceVersion) >= BigInt(b.metadata.resourceVersion);
}
