import type { CallOptions, Connection } from "./connection.ts";
import type { KubeObject, Live, Ref } from "./object.ts";

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
  /** Objects a page (500); 0 asks for all at once. */
  readonly limit?: number;
  /** "0": whatever the server has cached. Absent: the newest. */
  readonly resourceVersion?: string;
}

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
  /** `fill` names the namespace when the object's metadata does not. */
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

export declare function resource<T extends KubeObject>(
  connection: Connection,
  type: ResourceType,
): Resource<T>;
