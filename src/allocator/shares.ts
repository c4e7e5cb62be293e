/** Dominant shares and consumption, for statuses and metrics. */
import type { Quantities } from "../resources/index.ts";
import { digestOf } from "./digest.ts";
import { openLedger } from "./ledger.ts";
import { dominantShare } from "./roletree.ts";
import type { AllocationWorld } from "./world.ts";

export interface RoleShare {
  readonly role: string;
  /** Of 0 to 1, not divided by the weight, with all below it. */
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
  const { tree, index, totals } = openLedger(world);
  for (const { path } of world.roles) tree.get(path);
  const fair = totals.map((total, i) => (excludeFromFairness.has(index.names[i] ?? "") ? 0 : total));
  const roles = new Map<string, RoleShare>();
  for (const { path, held, consumed } of tree.nodes()) {
    roles.set(path, {
      role: path,
      dominantShare: dominantShare(held, fair, 1),
      held: index.quantities(held),
      consumed: index.quantities(consumed),
    });
  }
  const frameworks = new Map<string, number>();
  for (const [id, held] of heldByFramework(world)) {
    frameworks.set(id, dominantShare(index.of(held), fair, 1));
  }
  return { roles, frameworks, total: index.quantities(totals) };
}

function heldByFramework(world: AllocationWorld): Map<string, Quantities> {
  const sums = new Map<string, Quantities>();
  for (const agent of world.agents) {
    for (const { framework, shared } of digestOf(agent).holdings) {
      sums.set(framework, sums.get(framework)?.add(shared) ?? shared);
    }
  }
  return sums;
}
