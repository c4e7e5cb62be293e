import type { KubeObject, Live } from "./object.ts";

/** Names the index values of an object; an object without any is not in that index. */
export type Indexer<T extends KubeObject> = (object: Live<T>) => readonly string[];

/** A change of the store's content, in order. An update may carry equal resourceVersions never. */
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
