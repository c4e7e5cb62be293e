/** How the allocator is set, and what it answers. */
import type { Quantities, Resources } from "../resources/index.ts";

export interface AllocationOptions {
  /** Milliseconds; only compared with the expiry of refusals. */
  readonly now: number;
  /** From 0 to below 1: shuffles the agents, and the clients of the random sorter. */
  readonly random: () => number;
  readonly sorter: "drf" | "random";
  /** An offer has all of one of these; none: any offer that is not empty. */
  readonly minAllocatable: readonly Quantities[];
  readonly maxOffersPerFramework: number;
  /** Names that no dominant share counts (Mesos: fair_sharing_excluded_resource_names). */
  readonly excludeFromFairness?: ReadonlySet<string>;
  /** The operator's own region: agents of others go to REGION_AWARE frameworks only. */
  readonly region?: string;
}

export interface PlannedOffer {
  readonly framework: string;
  readonly role: string;
  readonly agent: string;
  readonly resources: Resources;
}

export interface AllocationDecision {
  /** In the order in which they were decided; at most one for a framework, role and agent. */
  readonly offers: readonly PlannedOffer[];
}
