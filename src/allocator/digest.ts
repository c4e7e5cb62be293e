/** What an allocation needs to know of one agent, worked out once for each state that the agent was in. */
import { type Quantities, Resources, reservationRole } from "../resources/index.ts";
import type { AgentState } from "./world.ts";

/** What one framework holds of an agent in one role. */
export interface Holding {
  readonly framework: string;
  readonly role: string;
  /** Scalars of any reservation: they make the dominant share. Unallocated reservations do not, as in Mesos. */
  readonly shared: Quantities;
  /** Unreserved and not revocable, of every kind: it counts against quota. */
  readonly consumed: Quantities;
}

export interface AgentDigest {
  readonly totalScalars: Quantities;
  readonly totalNames: readonly string[];
  /** By the innermost reservation's role, allocated or not. */
  readonly reserved: ReadonlyMap<string, Quantities>;
  readonly holdings: readonly Holding[];
  /** Neither allocated nor offered; shared volumes always. */
  readonly available: Resources;
  /** The part of `available` that is unreserved and not revocable. */
  readonly free: Quantities;
  /** Whether all of `available` is unreserved, not revocable and not shared. */
  readonly plain: boolean;
  readonly hasGpus: boolean;
}

const digests = new WeakMap<AgentState, AgentDigest>();

export function digestOf(agent: AgentState): AgentDigest {
  const known = digests.get(agent);
  if (known !== undefined) return known;
  const digest = makeDigest(agent);
  digests.set(agent, digest);
  return digest;
}

function makeDigest({ total, allocations }: AgentState): AgentDigest {
  const taken = Resources.sum(allocations.map(({ resources }) => resources)).nonShared();
  const available = total.subtract(taken);
  const open = openPart(available);
  const totalScalars = total.scalarQuantities();
  return {
    totalScalars,
    totalNames: total.names(),
    reserved: reservedByRole(total),
    holdings: holdingsOf(allocations),
    available,
    free: open.quantities(),
    plain: open === available && available.shared().isEmpty,
    hasGpus: totalScalars.get("gpus") > 0,
  };
}

/** Unreserved and not revocable: what quota, limits and headroom are about. */
export function openPart(resources: Resources): Resources {
  return resources.filter((r) => r.reservations.length === 0 && !r.revocable);
}

function reservedByRole(total: Resources): Map<string, Quantities> {
  const byRole = new Map<string, Quantities>();
  const reserved = total.reserved();
  for (const role of new Set(Array.from(reserved, reservationRole))) {
    if (role !== undefined) byRole.set(role, reserved.reserved(role).quantities());
  }
  return byRole;
}

function holdingsOf(allocations: AgentState["allocations"]): Holding[] {
  const groups = Map.groupBy(allocations, ({ framework, role }) => JSON.stringify([framework, role]));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const all = Resources.sum(group.map(({ resources }) => resources));
    const { framework, role } = first;
    return [{ framework, role, shared: all.scalarQuantities(), consumed: openPart(all).quantities() }];
  });
}
