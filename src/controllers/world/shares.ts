import type { Clock } from "../../cluster/time.ts";
import { Quantities } from "../../resources/index.ts";
import type { AgentViews } from "./agentviews.ts";

/** Milliseconds for which a sum over all agents serves. */
const KEPT_FOR = 1_000;

/** What all agents have together, for shares in statuses; summed at most once a second. */
export class ClusterTotals {
  readonly #views: AgentViews;
  readonly #clock: Clock;
  #sum: { readonly scalars: Quantities; readonly all: Quantities; readonly at: number } | undefined;

  constructor(views: AgentViews, clock: Clock) {
    this.#views = views;
    this.#clock = clock;
  }

  /** Scalars: what shares are of. */
  get(): Quantities {
    return this.#now().scalars;
  }

  /** Ports and items of sets too, each agent's counted one by one: what guarantees are judged by. */
  quantities(): Quantities {
    return this.#now().all;
  }

  #now(): { readonly scalars: Quantities; readonly all: Quantities } {
    const now = this.#clock.monotonic();
    if (this.#sum !== undefined && this.#sum.at + KEPT_FOR > now) return this.#sum;
    const totals = Array.from(this.#views.all(), ({ state }) => state.total.nonShared());
    const scalars = Quantities.of(totals.flatMap((total) => [...total.scalarQuantities()]));
    const all = Quantities.of(totals.flatMap((total) => [...total.quantities()]));
    this.#sum = { scalars, all, at: now };
    return this.#sum;
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
