import type { Condition } from "./conditions.ts";
import type { CallOptions } from "./connection.ts";
import type { KubeObject, Live } from "./object.ts";
import type { Resource } from "./resource.ts";

/**
 * Server-side apply for controllers: each writes what it owns under a field manager of its own and leaves the rest alone. A
 * controller knows better than what it meets, so fields are taken by force (KEP-555). The object's uid goes along: an
 * object made anew under the same name is a conflict, not somebody else's status.
 */
export class Applier<T extends KubeObject> {
  readonly #resource: Resource<T>;
  readonly #fieldManager: string;

  constructor(resource: Resource<T>, fieldManager: string) {
    this.#resource = resource;
    this.#fieldManager = fieldManager;
  }

  /** Makes or changes an object; fields applied before and absent now are given up, which removes those that nobody else owns. */
  object(object: T & { metadata: { name: string } }, options: CallOptions = {}): Promise<Live<T>> {
    return this.#resource.apply(object.metadata, object, this.#with(options));
  }

  /** Everything of the status that this manager owns: what it applied before and leaves out now is removed. */
  status(object: Live<T>, status: object, options: CallOptions = {}): Promise<Live<T>> {
    return this.#resource.apply(
      object.metadata,
      { status },
      { ...this.#with(options), subresource: "status" },
    );
  }

  /** These conditions and nothing else: all that this manager owns of the status. */
  conditions(object: Live<T>, conditions: readonly Condition[], options: CallOptions = {}): Promise<Live<T>> {
    return this.status(object, { conditions }, options);
  }

  #with(options: CallOptions) {
    return { ...options, fieldManager: this.#fieldManager, force: true };
  }
}
