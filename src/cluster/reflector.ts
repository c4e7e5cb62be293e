import type { Logger } from "./logger.ts";
import type { KubeObject, Live } from "./object.ts";
import type { Resource, Selection } from "./resource.ts";
import type { Change, Indexer, Reader } from "./store.ts";
import type { Clock } from "./time.ts";

export interface ReflectorOptions<T extends KubeObject, I extends string = never> extends Selection {
  readonly indexers?: Readonly<Record<I, Indexer<T>>>;
  /** Drops what is not needed before it is kept, to save memory. Must not touch metadata's identity. */
  readonly transform?: (object: Live<T>) => Live<T>;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Deep-freezes what is kept, to find who changes it. For tests. */
  readonly freeze?: boolean;
}

/** Mirrors one kind (or a selection of it) into a store, by list and watch, until its signal aborts. */
export declare class Reflector<T extends KubeObject, I extends string = never> {
  constructor(resource: Resource<T>, options: ReflectorOptions<T, I>);
  readonly name: string;
  readonly store: Reader<T, I>;
  /** Resolves once the first list is in the store and its handlers were called. */
  readonly synced: Promise<void>;
  readonly hasSynced: boolean;
  /** Calls back on each change, after the store has it; a late handler is told of what is there as added. Returns how to stop. */
  onChange(handler: (change: Change<T>) => void): () => void;
  /** Whether a watch stands now: false from its end until the next one is accepted. */
  readonly watching: boolean;
  /** Milliseconds since the API server last sent anything (an event, a bookmark, a list); Infinity before. */
  lastWatchAge(): number;
  /** Never rejects; resolves when the signal aborts. Errors are logged and retried, from 0.8 s to 30 s. */
  run(signal: AbortSignal): Promise<void>;
}
