/** Dominant shares and consumption, for statuses and metrics. */
import type { Quantities } from "../resources/index.ts";
import { engineOf } from "./engine/snapshot.ts";
import type { AllocationWorld } from "./world.ts";

export interface RoleShare {
  readonly role: string;
  /**
   * Of 0 to 1, not divided by the weight, with all below it: what is held, and what is reserved to the role whether or not it is in
   * use.
   */
  readonly dominantShare: number;
  /** Held by tasks and offered, scalars. */
  readonly held: Quantities;
  /** What quota counts: reservations and what is held unreserved; ports one by one. */
  readonly consumed: Quantities;
}

export interface Shares {
  readonly roles: ReadonlyMap<string, RoleShare>;
  /** By framework, over all its roles. */
  readonly frameworks: ReadonlyMap<string, number>;
  /** What all agents have, withheld ones too. */
  readonly total: Quantities;
}

/** Of tasks and outstanding offers together. Roles that nothing is held in nor known of are left out. */
export function sharesOf(
  world: AllocationWorld,
  excludeFromFairness: ReadonlySet<string> = new Set(),
): Shares {
  return engineOf(world).shares(excludeFromFairness);
}
