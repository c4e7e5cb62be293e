import type { CallOptions, Connection } from "./connection.ts";
import type { KubeObject, Live, Ref } from "./object.ts";
import { RestResource } from "./rest.ts";

/** Where a kind is served. */
export interface ResourceType {
  /** "" for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

export interface Selection {
  /** Absent: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ListOptions extends Selection, CallOptions {
  /** Objects a page at most (500), fewer when they are large; 0 asks for all at once. */
  readonly limit?: number;
  /** "0": whatever the server has cached. Absent: the newest. */
  readonly resourceVersion?: string;
}

/** One page of a list; `continue` asks for the next one. */
export interface Page<T extends KubeObject> extends List<T> {
  readonly continue: string | undefined;
}

export interface WatchOptions extends Selection, CallOptions {
  /**
   * Where to begin: a list's or an object's. Absent: what is there now comes first, as ADDED events, and a BOOKMARK that says so
   * (KEP-3157); a server that cannot answers 400 or 422.
   */
  readonly resourceVersion?: string;
  /** After which the server ends the watch by itself. */
  readonly timeoutSeconds: number;
  /** Told when the server has accepted the watch. */
  readonly onOpen?: () => void;
}

export type WatchEvent<T extends KubeObject> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: Live<T> }
  /** Nothing changed; the watch has come as far as this version. */
  | {
      readonly type: "BOOKMARK";
      readonly resourceVersion: string;
      /** All that was there when the watch began has been told. */
      readonly complete?: boolean;
    };

export interface List<T extends KubeObject> {
  readonly items: Live<T>[];
  readonly resourceVersion: string;
}

export interface WriteOptions extends CallOptions {
  /** Owner of the written fields in managedFields. */
  readonly fieldManager?: string;
  readonly dryRun?: boolean;
}

export interface PatchOptions extends WriteOptions {
  /** "status", "scale", "resize", … Absent: the object itself. */
  readonly subresource?: string;
}

export interface ApplyOptions extends PatchOptions {
  readonly fieldManager: string;
  /** Takes fields that other managers own (true: a controller knows better than what it meets). */
  readonly force?: boolean;
}

export interface DeleteOptions extends CallOptions {
  /** The delete is refused with a conflict unless these still hold. */
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagation?: "Foreground" | "Background" | "Orphan";
  readonly gracePeriodSeconds?: number;
}

export interface JsonPatchOperation {
  readonly op: "add" | "remove" | "replace" | "test" | "move" | "copy";
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

/**
 * One kind at one API server. Every call rejects with ApiError (an answer: see errors.ts),
 * ConnectionError (none) or DeadlineError, or with the signal's reason. Objects come without managedFields.
 */
export interface Resource<T extends KubeObject> {
  readonly type: ResourceType;
  get(ref: Ref, options?: CallOptions & { readonly subresource?: string }): Promise<Live<T>>;
  /** All pages of one consistent list. */
  list(options?: ListOptions): Promise<List<T>>;
  /** The same list, page by page. Expired (410) in the middle means: begin again. */
  pages(options?: ListOptions): AsyncGenerator<Page<T>, void>;
  /**
   * Events after `resourceVersion`, until the server ends the watch. Throws ApiError if it is refused or
   * fails (isExpired: list again), ConnectionError if it is cut.
   */
  watch(options: WatchOptions): AsyncGenerator<WatchEvent<T>, void>;
  create(object: T, options?: WriteOptions): Promise<Live<T>>;
  /** PUT. A conflict if metadata.resourceVersion is given and is not the newest. */
  update(object: T, options?: PatchOptions): Promise<Live<T>>;
  updateStatus(object: T, options?: WriteOptions): Promise<Live<T>>;
  /** application/merge-patch+json. metadata.resourceVersion inside makes it conditional. */
  mergePatch(ref: Ref, patch: object, options?: PatchOptions): Promise<Live<T>>;
  jsonPatch(ref: Ref, patch: readonly JsonPatchOperation[], options?: PatchOptions): Promise<Live<T>>;
  /** application/strategic-merge-patch+json: built-in kinds only; what pods/resize wants. */
  strategicPatch(ref: Ref, patch: object, options?: PatchOptions): Promise<Live<T>>;
  /** Server-side apply. `fields` is what this manager wants to own; apiVersion and kind are added. */
  apply(ref: Ref & { readonly uid?: string }, fields: object, options: ApplyOptions): Promise<Live<T>>;
  /** POST to a subresource, for example pods/x/eviction; `R` is what it answers. */
  post<R>(ref: Ref, subresource: string, body: object, options?: WriteOptions): Promise<R>;
  delete(ref: Ref, options?: DeleteOptions): Promise<void>;
}

export function resource<T extends KubeObject>(connection: Connection, type: ResourceType): Resource<T> {
  return new RestResource<T>(connection, type);
}
