import type { Reclaimed } from "../../allocator/index.ts";

/** What was taken for a demand, and where. */
interface Pursuit {
  readonly role: string;
  readonly agent: string;
  readonly tasks: readonly string[];
}

/**
 * What was taken until it is used. What comes free may not be enough without what is offered to others there: once all that was taken has
 * ended and the demand still waits, those offers have to go.
 */
export class Pursuits {
  readonly #byDemand = new Map<string, Pursuit>();

  get size(): number {
    return this.#byDemand.size;
  }

  add(take: readonly Reclaimed[]): void {
    for (const [demand, steps] of Map.groupBy(take, (one) => one.demand)) {
      const [first] = steps;
      if (first === undefined) continue;
      const { role, agent } = first;
      this.#byDemand.set(demand, { role, agent, tasks: steps.flatMap(({ tasks }) => tasks) });
    }
  }

  /** Where offers are in the way; each is said once. */
  due(
    isWaiting: (demand: string) => boolean,
    isThere: (task: string) => boolean,
  ): { readonly role: string; readonly agent: string }[] {
    const found: { role: string; agent: string }[] = [];
    for (const [demand, { role, agent, tasks }] of this.#byDemand) {
      const waits = isWaiting(demand);
      if (waits && tasks.some(isThere)) continue;
      this.#byDemand.delete(demand);
      if (waits) found.push({ role, agent });
    }
    return found;
  }
}
