import { randomUUID } from "node:crypto";
import type { KubeObject, Live } from "../../../src/cluster/object.ts";
import type { Resource, ResourceType, WatchEvent, WatchOptions } from "../../../src/cluster/resource.ts";

type EventType = "ADDED" | "MODIFIED" | "DELETED";

/**
 * Where a reflector's list and watch come from in this benchmark: objects are told as text, as they come over the wire. Nothing is
 * checked and nothing is kept, so it is no API server; of writes it takes creations, for what the allocator offers.
 */
export class Feed<T extends KubeObject> implements Resource<T> {
  static #version = 0;
  readonly type: ResourceType;
  /** Told of what was created, after the watch. */
  created: (object: Live<T>) => void = () => {};
  #initial: Live<T>[] = [];
  #told: string[] = [];
  #next = Promise.withResolvers<void>();

  constructor(type: ResourceType) {
    this.type = type;
  }

  /** What the first list shows. */
  begin(objects: readonly T[]): readonly Live<T>[] {
    this.#initial = objects.map((object) => live(object, Feed.#version++));
    return this.#initial;
  }

  /** Events that were told and are not taken yet. */
  get waiting(): number {
    return this.#told.length;
  }

  /** Tells a change; answers with the object in its new version. */
  tell<O extends T>(type: EventType, object: O): Live<O> {
    const told = live(object, Feed.#version++);
    this.#told.push(JSON.stringify({ type, object: told }));
    this.#next.resolve();
    return told;
  }

  async *watch({ signal, onOpen }: WatchOptions): AsyncGenerator<WatchEvent<T>, void> {
    onOpen?.();
    for (const object of this.#initial) yield { type: "ADDED", object };
    this.#initial = [];
    yield { type: "BOOKMARK", resourceVersion: String(Feed.#version), complete: true };
    signal?.addEventListener("abort", () => this.#next.resolve(), { once: true });
    while (!signal?.aborted) {
      const told = this.#told;
      this.#told = [];
      for (const text of told) yield JSON.parse(text) as WatchEvent<T>;
      if (this.#told.length > 0 || signal?.aborted) continue;
      this.#next = Promise.withResolvers();
      await this.#next.promise;
    }
  }

  async create(object: T): Promise<Live<T>> {
    const made = this.tell("ADDED", object);
    this.created(made);
    return made;
  }

  get = unwanted;
  list = unwanted;
  pages = unwanted;
  update = unwanted;
  updateStatus = unwanted;
  mergePatch = unwanted;
  jsonPatch = unwanted;
  strategicPatch = unwanted;
  apply = unwanted;
  post = unwanted;
  delete = unwanted;
}

function unwanted(): never {
  throw new Error("the benchmark plays who writes this");
}

function live<T extends KubeObject>(object: T, version: number): Live<T> {
  const {
    name = "",
    uid = randomUUID(),
    creationTimestamp = new Date().toISOString(),
  } = object.metadata ?? {};
  const metadata = { ...object.metadata, name, uid, creationTimestamp, resourceVersion: String(version) };
  return { ...object, metadata } as Live<T>;
}
