import { OfferCounts, OfferFilters } from "../../allocator/index.ts";
import type { Dependencies } from "../dependencies.ts";
import { AgentViews, type Assumed, reservationAgent } from "./agentviews.ts";
import { Assumptions } from "./assumptions.ts";
import { OfferBook } from "./offerbook.ts";
import { ClusterTotals } from "./shares.ts";

/** What the controllers of the offer side share while one operator leads. All of it can be made again from lists. */
export interface Scheduling {
  readonly views: AgentViews;
  readonly assumed: Assumed;
  /** Times in it are those of Clock.monotonic. Frameworks go by "namespace/name". */
  readonly filters: OfferFilters;
  readonly counts: OfferCounts;
  readonly totals: ClusterTotals;
}

export function createScheduling(deps: Dependencies): Scheduling {
  const { caches, clock } = deps;
  // What is assumed changes a view, as what a cache shows does.
  const changed = (agent: string | undefined) => views.changed(agent);
  const assumed: Assumed = {
    offers: new OfferBook(caches.offers, clock, ({ spec }) => changed(spec.agent)),
    tasks: new Assumptions(caches.tasks, clock, ({ spec }) => changed(spec.agent)),
    reservations: new Assumptions(caches.reservations, clock, (object) => changed(reservationAgent(object))),
  };
  const views: AgentViews = new AgentViews(deps, assumed);
  return {
    views,
    assumed,
    filters: new OfferFilters(),
    counts: new OfferCounts(),
    totals: new ClusterTotals(views, clock),
  };
}
