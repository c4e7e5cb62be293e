import { AllocationEngine, type Allocator } from "../../allocator/index.ts";
import type { Dependencies } from "../dependencies.ts";
import { AgentViews, type Assumed, reservationAgent } from "./agentviews.ts";
import { Assumptions } from "./assumptions.ts";
import { Filters } from "./filters.ts";
import { AllocatorMirror } from "./mirror.ts";
import { OfferBook } from "./offerbook.ts";
import { Rounds } from "./rounds.ts";
import { ClusterTotals } from "./shares.ts";

/** What the controllers of the offer side share while one operator leads. All of it can be made again from lists. */
export interface Scheduling {
  readonly views: AgentViews;
  readonly assumed: Assumed;
  /** Frameworks go by "namespace/name", times are those of Clock.monotonic. */
  readonly allocator: Allocator;
  readonly mirror: AllocatorMirror;
  readonly filters: Filters;
  /** As the allocator was told last. */
  readonly totals: ClusterTotals;
  readonly rounds: Rounds;
}

export function createScheduling(deps: Dependencies): Scheduling {
  const { caches, clock } = deps;
  // What is assumed changes a view, as what a cache shows does.
  const changed = (agent: string | undefined) => views.changed(agent);
  const offers = new OfferBook(caches.offers, clock, (offer) => {
    changed(offer.spec.agent);
    mirror.recount(offer);
  });
  const assumed: Assumed = {
    offers,
    tasks: new Assumptions(caches.tasks, clock, ({ spec }) => changed(spec.agent)),
    executors: new Assumptions(caches.executors, clock, ({ spec }) => changed(spec.agent)),
    reservations: new Assumptions(caches.reservations, clock, (object) => changed(reservationAgent(object))),
  };
  const views: AgentViews = new AgentViews(deps, assumed);
  const allocator = new AllocationEngine();
  const totals = new ClusterTotals();
  const breath = deps.breath.in("allocation");
  const mirror = new AllocatorMirror({ ...deps, breath }, { allocator, views, offers, totals });
  return {
    views,
    assumed,
    allocator,
    mirror,
    filters: new Filters(allocator, (framework) => mirror.touchFramework(framework)),
    totals,
    rounds: new Rounds(),
  };
}
