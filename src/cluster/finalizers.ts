import { isConflict, isNotFound } from "./errors.ts";
import type { KubeObject, Live } from "./object.ts";
import type { Resource } from "./resource.ts";

/** Others write too; more conflicts than this in a row are for the queue's backoff. */
const TRIES = 5;

interface Options {
  readonly signal?: AbortSignal;
  readonly fieldManager?: string;
}

/** Adds the finalizer if it is missing; conditional on the object's version, tried again on a conflict. */
export async function addFinalizer<T extends KubeObject>(
  resource: Resource<T>,
  object: Live<T>,
  finalizer: string,
  options: Options = {},
): Promise<Live<T>> {
  return edit(resource, object, options, (present) =>
    present.includes(finalizer) ? present : [...present, finalizer],
  );
}

/** Removes it; an object that is gone (or another one of the same name) is no error. */
export async function removeFinalizer<T extends KubeObject>(
  resource: Resource<T>,
  object: Live<T>,
  finalizer: string,
  options: Options = {},
): Promise<void> {
  try {
    await edit(resource, object, options, (present) =>
      present.includes(finalizer) ? present.filter((name) => name !== finalizer) : present,
    );
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** `change` answers with the same list when there is nothing to do. */
async function edit<T extends KubeObject>(
  resource: Resource<T>,
  object: Live<T>,
  options: Options,
  change: (present: readonly string[]) => readonly string[],
): Promise<Live<T>> {
  const { uid } = object.metadata;
  let current = object;
  for (let attempt = 1; ; attempt++) {
    const present = current.metadata.finalizers ?? [];
    const finalizers = change(present);
    if (finalizers === present) return current;
    const { resourceVersion } = current.metadata;
    try {
      return await resource.mergePatch(
        current.metadata,
        { metadata: { uid, resourceVersion, finalizers } },
        options,
      );
    } catch (error) {
      if (!isConflict(error) || attempt === TRIES) throw error;
    }
    const { signal } = options;
    const newest = await resource.get(object.metadata, signal ? { signal } : {});
    // The one that was meant is gone; for it there is nothing left to do.
    if (newest.metadata.uid !== uid) return current;
    current = newest;
  }
}
