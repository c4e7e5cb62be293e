import { isConflict, isForbidden } from "../cluster/errors.ts";
import { merged } from "../cluster/mergepatch.ts";
import { type KubeObject, keyOf, type Live, type Ref } from "../cluster/object.ts";
import type { Resource } from "../cluster/resource.ts";
import type { Reader } from "../cluster/store.ts";

/**
 * Changes the spec of objects that a mirror shows: as a whole, with the version that was seen, which costs the API server less than to
 * put a patch and what it has together. Where that is not the newest version, or only patches are allowed, it is a patch.
 */
export class SpecWriter<T extends KubeObject> {
  readonly #resource: Pick<Resource<T>, "update" | "mergePatch">;
  readonly #store: Pick<Reader<T>, "get">;
  #mayUpdate = true;

  constructor(resource: Pick<Resource<T>, "update" | "mergePatch">, store: Pick<Reader<T>, "get">) {
    this.#resource = resource;
    this.#store = store;
  }

  /** Rejects as Resource.mergePatch does. */
  async write(ref: Ref, spec: object, fieldManager: string): Promise<Live<T>> {
    const seen = this.#mayUpdate ? this.#store.get(keyOf(ref)) : undefined;
    if (seen !== undefined) {
      try {
        return await this.#resource.update(merged(seen, { spec }) as Live<T>, { fieldManager });
      } catch (error) {
        if (!isConflict(error) && !isForbidden(error)) throw error;
        if (isForbidden(error)) this.#mayUpdate = false;
      }
    }
    return this.#resource.mergePatch(ref, { spec }, { fieldManager });
  }
}
