import { isDeepStrictEqual } from "node:util";
import type { Condition } from "../api/condition.ts";
import { Applier } from "../cluster/apply.ts";
import { isConflict, isNotFound } from "../cluster/errors.ts";
import type { KubeObject, Live } from "../cluster/object.ts";
import type { Resource } from "../cluster/resource.ts";
import type { Clock } from "../cluster/time.ts";

interface WithStatus<S> extends KubeObject {
  status?: S;
}

interface StatusLike {
  readonly conditions?: readonly Condition[] | undefined;
}

/** Milliseconds between two writes of which the second only counts on. */
const COUNTS_EVERY = 1_000;

/**
 * Writes a status that one controller owns as a whole. What is there already is not written again, and amounts that change with
 * every task are written once a second; a condition that changes is written at once.
 */
export class StatusWriter<S extends StatusLike, T extends WithStatus<S>> {
  readonly #applier: Applier<T>;
  readonly #clock: Clock;
  readonly #writtenAt = new Map<string, number>();

  readonly #written: (object: Live<T>) => void;

  /** `written` is told of each object as the API server has it then. */
  constructor(
    resource: Resource<T>,
    fieldManager: string,
    clock: Clock,
    written: (object: Live<T>) => void = () => {},
  ) {
    this.#applier = new Applier(resource, fieldManager);
    this.#clock = clock;
    this.#written = written;
  }

  /** Answers with the milliseconds to wait for the next write, if this one came too soon. Says nothing of an object that is gone. */
  async write(object: Live<T>, status: S, signal: AbortSignal): Promise<number | undefined> {
    const before = object.status;
    if (isDeepStrictEqual(plain(before), plain(status))) return undefined;
    const { uid } = object.metadata;
    const wait =
      (this.#writtenAt.get(uid) ?? Number.NEGATIVE_INFINITY) + COUNTS_EVERY - this.#clock.monotonic();
    const isNews = !isDeepStrictEqual(plain(before?.conditions), plain(status.conditions));
    if (!isNews && wait > 0) return wait;
    this.#writtenAt.set(uid, this.#clock.monotonic());
    try {
      this.#written(await this.#applier.status(object, status, { signal }));
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
    return undefined;
  }

  /** For an object that is gone. */
  forget(uid: string): void {
    this.#writtenAt.delete(uid);
  }
}

/** As it travels: without what is undefined. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null));
