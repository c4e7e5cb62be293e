/** What the API server keeps of every object. Times are RFC 3339 text, as on the wire. */
export interface Metadata {
  name?: string;
  generateName?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  finalizers?: string[];
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
}

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** The least that this runtime asks of an object. Types of spec and status are the caller's. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata?: Metadata;
}

/** Metadata of an object that the API server has stored. */
export type LiveMetadata = Metadata & {
  name: string;
  uid: string;
  resourceVersion: string;
  creationTimestamp: string;
};

/** An object as read back from the API server: its identity and version are known. */
export type Live<T extends KubeObject> = T & { metadata: LiveMetadata };

/** Names an object of a known kind. Any object's metadata is a Ref. */
export interface Ref {
  readonly name: string;
  readonly namespace?: string;
}

/** A client-node model as it travels: Date and V1MicroTime are text. */
export type Wire<T> = T extends Date
  ? string
  : T extends (infer Item)[]
    ? Wire<Item>[]
    : T extends object
      ? { [Field in keyof T]: Wire<T[Field]> }
      : T;

/** "namespace/name", or "name" for a cluster-scoped object. The key of stores and queues. */
export function keyOf(ref: Ref): string {
  return ref.namespace ? `${ref.namespace}/${ref.name}` : ref.name;
}

/** The inverse of keyOf. */
export function parseKey(key: string): Ref {
  const slash = key.indexOf("/");
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
