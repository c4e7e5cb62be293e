/** Which offers are of what is above a role's fair share, and so may be taken back where the framework says so. */
import type { Quantities } from "../../resources/index.ts";
import type { PlannedOffer } from "../decision.ts";
import type { Stepwise } from "../stepwise.ts";
import type { AgentState, Allocation, AllocationWorld } from "../world.ts";
import { EPSILON, FairTree } from "./fairtree.ts";

/** As it is without the offers that are judged. */
export interface OfferedWorld extends Pick<AllocationWorld, "roles" | "quotas" | "frameworks"> {
  readonly agents: Iterable<Pick<AgentState, "allocations">>;
  /** Scalars of all agents. */
  readonly total: Quantities;
}

/**
 * Offers that are to be marked revocable, whole: with them their role, or one above it, has more than what is guaranteed and its part by
 * weight among the roles that have a framework or hold something (not only those that want something now: what is asked for
 * later must find it).
 * `reclaimable` is the frameworks' word.
 */
export function* revocableOffers(
  world: OfferedWorld,
  offers: readonly PlannedOffer[],
  reclaimable: (framework: string) => boolean,
  excludeFromFairness: ReadonlySet<string> = new Set(),
): Stepwise<ReadonlySet<PlannedOffer>> {
  const { roles, quotas: guarantees, total } = world;
  const present = world.frameworks.filter(({ active }) => active).flatMap((framework) => framework.roles);
  const held: Allocation[] = [];
  for (const { allocations } of world.agents) {
    held.push(...allocations);
    yield;
  }
  const paths = new Set([...present, ...[...held, ...offers].map(({ role }) => role)]);
  const tree = new FairTree({ total, roles, guarantees, paths, exclude: excludeFromFairness });
  // Who is there wants all: then a fair share is the part by weight.
  for (const path of paths) tree.want(path, tree.vector(total));
  tree.settle();
  for (const { role, resources } of held) {
    tree.hold(role, tree.vector(resources.scalarQuantities()));
    yield;
  }
  const found = new Set<PlannedOffer>();
  for (const offer of offers) {
    const { framework, role, resources } = offer;
    tree.hold(role, tree.vector(resources.scalarQuantities()));
    const above = tree.path(role).some((node) => tree.share(node.held) > node.fair + EPSILON);
    if (above && reclaimable(framework)) found.add(offer);
    yield;
  }
  return found;
}
