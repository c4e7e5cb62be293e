import { Quantities, type Resources } from "../../resources/index.ts";

/** What all agents have together, for shares in statuses: kept as agents come, change and go, whatever their number. */
export class ClusterTotals {
  readonly #agents = new Map<string, Resources>();
  readonly #scalars = new Sums();
  readonly #all = new Sums();

  /** What the agent has; undefined: it is gone. */
  set(agent: string, total: Resources | undefined): void {
    const before = this.#agents.get(agent);
    if (before === total) return;
    if (before !== undefined) this.#add(before, -1);
    if (total === undefined) this.#agents.delete(agent);
    else {
      this.#agents.set(agent, total);
      this.#add(total, 1);
    }
  }

  /** Scalars: what shares are of. */
  get(): Quantities {
    return this.#scalars.get();
  }

  /** Ports and items of sets too, each agent's counted one by one: what guarantees are judged by. */
  quantities(): Quantities {
    return this.#all.get();
  }

  #add(total: Resources, sign: 1 | -1): void {
    const own = total.nonShared();
    this.#scalars.add(own.scalarQuantities(), sign);
    this.#all.add(own.quantities(), sign);
  }
}

/** Amounts by name in milli-units: sums of integers are exact in any order. */
class Sums {
  readonly #milli = new Map<string, number>();

  add(amounts: Quantities, sign: 1 | -1): void {
    for (const [name, milli] of amounts) this.#milli.set(name, (this.#milli.get(name) ?? 0) + sign * milli);
  }

  get(): Quantities {
    return Quantities.of(this.#milli);
  }
}

/** The largest share of any resource, 0 to 1, to four digits; `excluded` names count for none. */
export function dominantShare(held: Quantities, total: Quantities, excluded: readonly string[] = []): number {
  let share = 0;
  for (const [name, milli] of held) {
    const all = total.get(name);
    if (all > 0 && !excluded.includes(name)) share = Math.max(share, milli / all);
  }
  return Math.round(share * 1e4) / 1e4;
}

/** For people: "12.5%". */
export const percent = (share: number): string => `${(share * 100).toFixed(1)}%`;
