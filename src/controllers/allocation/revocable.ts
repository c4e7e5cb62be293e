import { type PlannedOffer, revocableOffers } from "../../allocator/index.ts";
import type { Dependencies } from "../dependencies.ts";
import { readinessNow } from "../framework/readinessnow.ts";
import type { Scheduling } from "../world/scheduling.ts";
import { builtInStates, frameworkState, quotaStates, roleStates } from "../world/world.ts";
import type { Plan } from "./plan.ts";

/**
 * Which of the planned offers are beyond a fair share and may be taken back later, as their frameworks allow. Looks at all agents, so only
 * where that can be: reclaiming is on, and one of the frameworks is reclaimable. The plan's tasks have been written.
 */
export async function revocableNow(
  deps: Dependencies,
  { mirror, totals, views }: Scheduling,
  { offers, unplaced }: Pick<Plan, "offers" | "unplaced">,
): Promise<ReadonlySet<PlannedOffer>> {
  const { caches, config } = deps;
  const { excludeFromFairness, reclaim } = config.allocation;
  const reclaimable = (id: string) => caches.frameworks.store.get(id)?.spec.reclaimable ?? false;
  if (!reclaim.enabled || !offers.some(({ framework }) => reclaimable(framework))) return new Set();
  const frameworks = Array.from(caches.frameworks.store.values(), (framework) =>
    frameworkState(
      { framework, readiness: readinessNow(deps, framework), offersOutstanding: 0 },
      mirror.taints,
      config.offers.maxPerFramework,
    ),
  );
  const world = {
    agents: views.each(({ state }) => state),
    total: totals.get(),
    roles: roleStates(caches.roles.store.values()),
    quotas: quotaStates(caches.quotas.store.values()),
    frameworks: [...frameworks, ...builtInStates(unplaced, mirror.taints)],
  };
  const marking = revocableOffers(world, offers, reclaimable, new Set(excludeFromFairness));
  return deps.breath.through(marking);
}
