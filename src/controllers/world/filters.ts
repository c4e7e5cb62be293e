import type { Allocator } from "../../allocator/index.ts";
import type { Resources } from "../../resources/index.ts";

/** What the controllers tell the allocator of refusals. Frameworks go by "namespace/name"; `now` is Clock.monotonic's. */
export class Filters {
  readonly #allocator: Allocator;
  readonly #onRevive: (framework: string) => void;

  /** `onRevive`: the framework's own word, by its spec, on which roles are suppressed has to be told again. */
  constructor(allocator: Allocator, onRevive: (framework: string) => void) {
    this.#allocator = allocator;
    this.#onRevive = onRevive;
  }

  /** `time` is what `refusalTime` says, in milliseconds; 0 adds nothing. */
  add(framework: string, role: string, agent: string, resources: Resources, now: number, time: number): void {
    if (time <= 0 || resources.isEmpty) return;
    this.#allocator.refuse({ framework, role, agent, resources, now, time });
  }

  /** No roles means all of the framework's. */
  revive(framework: string, roles: readonly string[] = []): void {
    this.#allocator.revive(framework, roles);
    this.#onRevive(framework);
  }
}
