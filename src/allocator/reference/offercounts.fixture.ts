import type { PlannedOffer } from "../decision.ts";

/**
 * How many offers each framework was made in each role, for FrameworkState.offersMade. Like Mesos's, the counts only grow
 * and start again at 0 with a new leader: they even out who comes first among equal shares.
 */
export class OfferCounts {
  readonly #counts = new Map<string, Map<string, number>>();

  record(offers: Iterable<PlannedOffer>): void {
    for (const { framework, role } of offers) {
      const byRole = this.#counts.get(framework) ?? new Map<string, number>();
      this.#counts.set(framework, byRole.set(role, (byRole.get(role) ?? 0) + 1));
    }
  }

  of(framework: string): ReadonlyMap<string, number> {
    return this.#counts.get(framework) ?? new Map();
  }

  removeFramework(framework: string): void {
    this.#counts.delete(framework);
  }
}
