import type { ApiRequest, CallOptions, Connection } from "./connection.ts";
import type { KubeObject, Live, Ref } from "./object.ts";
import type {
  ApplyOptions,
  DeleteOptions,
  JsonPatchOperation,
  List,
  ListOptions,
  Page,
  PatchOptions,
  Resource,
  ResourceType,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from "./resource.ts";
import { decodeWatch } from "./watch.ts";

type Query = NonNullable<ApiRequest["query"]>;

const PAGE_SIZE = 500;
/** Objects of a first page, when nobody knows yet how large they are. */
const FIRST_PAGE = 25;
/** Characters: what is parsed at one go holds up everything else, some 10 ms a MiB, and as much again where the collector marks. */
const PAGE_LENGTH = 256 * 1024;
/** How long a watch may outlive the end that it asked the server for. */
const WATCH_GRACE = 30_000;

/** The client of one kind, over plain REST. */
export class RestResource<T extends KubeObject> implements Resource<T> {
  readonly type: ResourceType;
  readonly #connection: Connection;
  readonly #apiVersion: string;

  constructor(connection: Connection, type: ResourceType) {
    this.#connection = connection;
    this.type = type;
    this.#apiVersion = type.group === "" ? type.version : `${type.group}/${type.version}`;
  }

  get(ref: Ref, options: CallOptions & { readonly subresource?: string } = {}): Promise<Live<T>> {
    return this.#object({ method: "GET", path: this.#path(ref, options.subresource), ...callOf(options) });
  }

  async list(options: ListOptions = {}): Promise<List<T>> {
    const items: Live<T>[] = [];
    let resourceVersion = "";
    for await (const page of this.pages(options)) {
      for (const item of page.items) items.push(item);
      resourceVersion = page.resourceVersion;
    }
    return { items, resourceVersion };
  }

  async *pages(options: ListOptions = {}): AsyncGenerator<Page<T>, void> {
    const most = options.limit ?? PAGE_SIZE;
    let limit = Math.min(most, FIRST_PAGE);
    let next: string | undefined;
    do {
      const query = {
        ...selectionOf(options),
        limit: limit > 0 ? limit : undefined,
        continue: next,
        // A continue token carries its own version.
        resourceVersion: next === undefined ? options.resourceVersion : undefined,
      };
      const path = this.#collection(options.namespace);
      const request: ApiRequest = { method: "GET", path, query, ...callOf(options) };
      const { answer, length } = await this.#connection.measured(request);
      const page = this.#page(answer);
      limit = nextLimit(most, page.items.length, length);
      next = page.continue;
      yield page;
    } while (next !== undefined);
  }

  async *watch(options: WatchOptions): AsyncGenerator<WatchEvent<T>, void> {
    const request: ApiRequest = {
      method: "GET",
      path: this.#collection(options.namespace),
      query: {
        ...selectionOf(options),
        watch: true,
        allowWatchBookmarks: true,
        ...(options.resourceVersion === undefined
          ? { sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" }
          : { resourceVersion: options.resourceVersion }),
        timeoutSeconds: options.timeoutSeconds,
      },
      ...callOf(options),
    };
    const response = await this.#connection.open(request, options.timeoutSeconds * 1000 + WATCH_GRACE);
    options.onOpen?.();
    yield* decodeWatch<T>(
      response,
      `WATCH ${request.path}`,
      (object) => this.#received(object),
      options.signal,
    );
  }

  create(object: T, options: WriteOptions = {}): Promise<Live<T>> {
    const path = this.#collection(this.#namespaceOf(object.metadata ?? {}));
    return this.#object({ method: "POST", path, ...writeOf(this.#typed(object), options) });
  }

  update(object: T, options: PatchOptions = {}): Promise<Live<T>> {
    const path = this.#path(refOf(object), options.subresource);
    return this.#object({ method: "PUT", path, ...writeOf(this.#typed(object), options) });
  }

  updateStatus(object: T, options: WriteOptions = {}): Promise<Live<T>> {
    return this.update(object, { ...options, subresource: "status" });
  }

  mergePatch(ref: Ref, patch: object, options: PatchOptions = {}): Promise<Live<T>> {
    return this.#patch(ref, "application/merge-patch+json", patch, options);
  }

  jsonPatch(ref: Ref, patch: readonly JsonPatchOperation[], options: PatchOptions = {}): Promise<Live<T>> {
    return this.#patch(ref, "application/json-patch+json", patch, options);
  }

  strategicPatch(ref: Ref, patch: object, options: PatchOptions = {}): Promise<Live<T>> {
    return this.#patch(ref, "application/strategic-merge-patch+json", patch, options);
  }

  apply(ref: Ref & { readonly uid?: string }, fields: object, options: ApplyOptions): Promise<Live<T>> {
    const { metadata, ...rest } = fields as { metadata?: object };
    const body = {
      apiVersion: this.#apiVersion,
      kind: this.type.kind,
      metadata: {
        ...metadata,
        name: ref.name,
        ...(ref.namespace !== undefined ? { namespace: ref.namespace } : {}),
        ...(ref.uid !== undefined ? { uid: ref.uid } : {}),
      },
      ...rest,
    };
    return this.#patch(ref, "application/apply-patch+yaml", body, options, { force: options.force });
  }

  post<R>(ref: Ref, subresource: string, body: object, options: WriteOptions = {}): Promise<R> {
    const path = this.#path(ref, subresource);
    // An eviction's 429 says that a disruption budget forbids it: for the caller to know, not to wait out here.
    const request: ApiRequest = { method: "POST", path, retry: false, ...writeOf(body, options) };
    return this.#connection.call(request) as Promise<R>;
  }

  async delete(ref: Ref, options: DeleteOptions = {}): Promise<void> {
    const { uid, resourceVersion, propagation, gracePeriodSeconds } = options;
    const preconditions = { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) };
    const body = {
      apiVersion: "v1",
      kind: "DeleteOptions",
      ...(uid || resourceVersion ? { preconditions } : {}),
      ...(propagation ? { propagationPolicy: propagation } : {}),
      ...(gracePeriodSeconds !== undefined ? { gracePeriodSeconds } : {}),
    };
    await this.#connection.call({ method: "DELETE", path: this.#path(ref), body, ...callOf(options) });
  }

  #patch(
    ref: Ref,
    contentType: string,
    patch: object,
    options: PatchOptions,
    query: Query = {},
  ): Promise<Live<T>> {
    const write = writeOf(patch, options);
    const path = this.#path(ref, options.subresource);
    return this.#object({
      method: "PATCH",
      path,
      contentType,
      ...write,
      query: { ...write.query, ...query },
    });
  }

  #typed(object: T): object {
    return { apiVersion: this.#apiVersion, kind: this.type.kind, ...object };
  }

  async #object(request: ApiRequest): Promise<Live<T>> {
    return this.#received(await this.#connection.call(request));
  }

  /** Lists of built-in kinds leave apiVersion and kind out of their items. */
  #received(answer: unknown): Live<T> {
    const object = answer as Live<T>;
    object.apiVersion ??= this.#apiVersion;
    object.kind ??= this.type.kind;
    // Often half of an object, and of no use here.
    delete (object.metadata as { managedFields?: unknown }).managedFields;
    return object;
  }

  #page(answer: unknown): Page<T> {
    const { items, metadata } = answer as {
      items?: unknown[] | null;
      metadata: { resourceVersion: string; continue?: string };
    };
    return {
      items: (items ?? []).map((item) => this.#received(item)),
      resourceVersion: metadata.resourceVersion,
      continue: metadata.continue || undefined,
    };
  }

  #collection(namespace: string | undefined): string {
    const { group, version, plural, namespaced } = this.type;
    const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
    const scope = namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
    return `${root}${scope}/${plural}`;
  }

  #path(ref: Ref, subresource?: string): string {
    const path = `${this.#collection(this.#namespaceOf(ref))}/${encodeURIComponent(ref.name)}`;
    return subresource === undefined ? path : `${path}/${subresource}`;
  }

  #namespaceOf(ref: { readonly name?: string; readonly namespace?: string }): string | undefined {
    if (this.type.namespaced && !ref.namespace) {
      throw new TypeError(`${this.type.kind} ${ref.name ?? ""}: a namespace is needed`);
    }
    return ref.namespace;
  }
}

/** Of a page after one of so many objects that was so long. */
export function nextLimit(most: number, objects: number, length: number): number {
  if (objects === 0) return most;
  return Math.min(most, Math.max(1, Math.floor((PAGE_LENGTH * objects) / length)));
}

function refOf(object: KubeObject): Ref {
  const { name, namespace } = object.metadata ?? {};
  if (!name) throw new TypeError(`${object.kind ?? "object"}: metadata.name is needed`);
  return namespace === undefined ? { name } : { name, namespace };
}

function callOf({ signal, timeout }: CallOptions): CallOptions {
  return { ...(signal ? { signal } : {}), ...(timeout !== undefined ? { timeout } : {}) };
}

function selectionOf({ labelSelector, fieldSelector }: ListOptions | WatchOptions): Query {
  return { labelSelector, fieldSelector };
}

function writeOf(body: object, options: WriteOptions): CallOptions & { body: object; query: Query } {
  const query = { fieldManager: options.fieldManager, dryRun: options.dryRun ? "All" : undefined };
  return { body, query, ...callOf(options) };
}
