/** Which offers are of what is above a role's fair share, and so may be taken back where the framework says so. */
import type { PlannedOffer } from "../decision.ts";
import { sharesOf } from "../shares.ts";
import type { AllocationWorld } from "../world.ts";
import { EPSILON, FairTree } from "./fairtree.ts";

/**
 * Offers that are to be marked revocable, whole: with them their role, or one above it, has more than what is guaranteed and its part by
 * weight among the roles that have a framework or hold something (not only those that want something now: what is asked for
 * later must find it).
 * `world` is without the offers; `reclaimable` is the frameworks' word.
 */
export function revocableOffers(
  world: AllocationWorld,
  offers: readonly PlannedOffer[],
  reclaimable: (framework: string) => boolean,
  excludeFromFairness: ReadonlySet<string> = new Set(),
): ReadonlySet<PlannedOffer> {
  const { total } = sharesOf(world, excludeFromFairness);
  const present = world.frameworks.filter(({ active }) => active).flatMap((framework) => framework.roles);
  const held = world.agents.flatMap(({ allocations }) => allocations);
  const paths = new Set([...present, ...[...held, ...offers].map(({ role }) => role)]);
  const { roles, quotas: guarantees } = world;
  const tree = new FairTree({ total, roles, guarantees, paths, exclude: excludeFromFairness });
  // Who is there wants all: then a fair share is the part by weight.
  for (const path of paths) tree.want(path, tree.vector(total));
  tree.settle();
  for (const { role, resources } of held) tree.hold(role, tree.vector(resources.scalarQuantities()));
  return new Set(
    offers.filter(({ framework, role, resources }) => {
      tree.hold(role, tree.vector(resources.scalarQuantities()));
      const above = tree.path(role).some((node) => tree.share(node.held) > node.fair + EPSILON);
      return above && reclaimable(framework);
    }),
  );
}
