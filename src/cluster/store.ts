import { Groups } from "./groups.ts";
import { type KubeObject, keyOf, type Live } from "./object.ts";

/** Names the index values of an object, always the same for the same object; one without any is not in that index. */
export type Indexer<T extends KubeObject> = (object: Live<T>) => readonly string[];
export type Indexers<T extends KubeObject, I extends string> = Readonly<Record<I, Indexer<T>>>;

/**
 * One step of a store's content. An object that was deleted and made again under its name while nobody
 * looked is two steps: deleted, added. `initial` marks what a first list (or a late handler's start) found.
 */
export type Change<T extends KubeObject> =
  | { readonly type: "added"; readonly object: Live<T>; readonly initial: boolean }
  | { readonly type: "updated"; readonly object: Live<T>; readonly old: Live<T> }
  | { readonly type: "deleted"; readonly object: Live<T> };

/**
 * What consumers see of a store: the newest known state of one kind, by key (see keyOf) and by index.
 * Objects are shared: never change one. `I` are the names of the indexes.
 */
export interface Reader<T extends KubeObject, I extends string = never> {
  readonly size: number;
  get(key: string): Live<T> | undefined;
  has(key: string): boolean;
  keys(): IterableIterator<string>;
  values(): IterableIterator<Live<T>>;
  /** Objects for which the indexer gave `value`, in no order. */
  by(index: I, value: string): readonly Live<T>[];
  /** The values an index has now. */
  indexed(index: I): IterableIterator<string>;
}

interface Index<T extends KubeObject> {
  readonly of: Indexer<T>;
  readonly keys: Groups;
}

/** Reader's one implementation; written by a reflector only. */
export class Store<T extends KubeObject, I extends string = never> implements Reader<T, I> {
  readonly #objects = new Map<string, Live<T>>();
  readonly #indexes = new Map<string, Index<T>>();
  readonly #isSame: (object: Live<T>, old: Live<T>) => boolean;

  /** Of an object that `isSame` as the one that is kept nothing is told: the old one stays. */
  constructor(
    indexers?: Indexers<T, I>,
    isSame: (object: Live<T>, old: Live<T>) => boolean = ({ metadata }, old) =>
      metadata.resourceVersion === old.metadata.resourceVersion,
  ) {
    this.#isSame = isSame;
    for (const [name, of] of Object.entries<Indexer<T>>(indexers ?? {})) {
      this.#indexes.set(name, { of, keys: new Groups() });
    }
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): Live<T> | undefined {
    return this.#objects.get(key);
  }

  has(key: string): boolean {
    return this.#objects.has(key);
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys();
  }

  values(): IterableIterator<Live<T>> {
    return this.#objects.values();
  }

  by(index: I, value: string): readonly Live<T>[] {
    const found: Live<T>[] = [];
    for (const key of this.#index(index).keys.of(value)) {
      const object = this.#objects.get(key);
      if (object) found.push(object);
    }
    return found;
  }

  indexed(index: I): IterableIterator<string> {
    return this.#index(index).keys.values();
  }

  /** Keeps the object; answers with what changed, nothing if it was known as it is. */
  put(object: Live<T>, initial = false): Change<T>[] {
    const key = keyOf(object.metadata);
    const old = this.#objects.get(key);
    if (old?.metadata.uid !== object.metadata.uid) {
      const gone = old ? this.remove(key, old) : [];
      this.#insert(key, object);
      return [...gone, { type: "added", object, initial }];
    }
    if (this.#isSame(object, old)) return [];
    this.#update(key, object, old);
    return [{ type: "updated", object, old }];
  }

  /** Forgets the object. `last` is its final state, if known. */
  remove(key: string, last?: Live<T>): Change<T>[] {
    const old = this.#objects.get(key);
    if (!old) return [];
    this.#drop(key, old);
    return [{ type: "deleted", object: last ?? old }];
  }

  /** Makes `objects`, by key, the whole content, step by step: each change is made when it is asked for, what went first. */
  *replace(objects: ReadonlyMap<string, Live<T>>, initial: boolean): Generator<Change<T>, void> {
    for (const key of [...this.#objects.keys()]) if (!objects.has(key)) yield* this.remove(key);
    for (const object of objects.values()) yield* this.put(object, initial);
  }

  #index(name: string): Index<T> {
    const index = this.#indexes.get(name);
    if (!index) throw new RangeError(`no index is named ${name}`);
    return index;
  }

  #insert(key: string, object: Live<T>): void {
    this.#objects.set(key, object);
    for (const { of, keys } of this.#indexes.values()) {
      for (const value of of(object)) keys.add(value, key);
    }
  }

  /** In its place: a large Map in which keys come and go is made anew, all of it at one go, time and again. */
  #update(key: string, object: Live<T>, old: Live<T>): void {
    this.#objects.set(key, object);
    for (const { of, keys } of this.#indexes.values()) {
      const [before, now] = [of(old), of(object)];
      if (isAlike(before, now)) continue;
      for (const value of before) keys.remove(value, key);
      for (const value of now) keys.add(value, key);
    }
  }

  #drop(key: string, old: Live<T>): void {
    this.#objects.delete(key);
    for (const { of, keys } of this.#indexes.values()) {
      for (const value of of(old)) keys.remove(value, key);
    }
  }
}

const isAlike = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((value, i) => value === b[i]);
