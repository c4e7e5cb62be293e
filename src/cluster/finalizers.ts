import type { KubeObject, Live } from "./object.ts";
import type { Resource } from "./resource.ts";

/** Adds the finalizer if it is missing; conditional on the object's version, tried again on a conflict. */
export declare function addFinalizer<T extends KubeObject>(
  resource: Resource<T>,
  object: Live<T>,
  finalizer: string,
  options?: { readonly signal?: AbortSignal },
): Promise<Live<T>>;

/** Removes it; an object that is gone (or another one of the same name) is no error. */
export declare function removeFinalizer<T extends KubeObject>(
  resource: Resource<T>,
  object: Live<T>,
  finalizer: string,
  options?: { readonly signal?: AbortSignal },
): Promise<void>;
