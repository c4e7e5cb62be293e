/** What an allocation needs to know of one agent, worked out once for each state that the agent was in. */
import { type Quantities, type Resource, Resources, reservationRole } from "../resources/index.ts";
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
  /** Whether moreover each name is there once and may be cut anywhere, so that amounts alone say what is left. */
  readonly simple: boolean;
  /** Names in `available` that are ranges or sets. */
  readonly ranged: readonly string[];
  /** Scalars that are reserved, by the innermost reservation's role, and held by nobody. */
  readonly idle: ReadonlyMap<string, Quantities>;
  /** What tasks that name no reservation may be placed on, free now and in all: see `Stratum`. */
  readonly freeStrata: readonly Stratum[];
  readonly totalStrata: readonly Stratum[];
  /** Roles that anything free is reserved to, innermost. */
  readonly reservedTo: readonly string[];
  readonly hasGpus: boolean;
}

/** Amounts with one reservation, of what may be cut anywhere: neither volumes nor revocable. */
export interface Stratum {
  /** Undefined where unreserved. */
  readonly role: string | undefined;
  /** Reserved more than once over, which only some frameworks see. */
  readonly refined: boolean;
  readonly amounts: Quantities;
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
  const held = Resources.sum(allocations.map(({ resources }) => resources));
  const available = total.subtract(held.nonShared());
  const open = openPart(available);
  const totalScalars = total.scalarQuantities();
  const plain = open === available && available.shared().isEmpty;
  const parts = [...available];
  const names = new Set(parts.map(({ name }) => name));
  return {
    totalScalars,
    totalNames: total.names(),
    reserved: reservedByRole(total),
    holdings: holdingsOf(allocations),
    available,
    free: open.quantities(),
    plain,
    simple: plain && parts.length === names.size && !parts.some(({ indivisible }) => indivisible),
    ranged: [...new Set(parts.filter(isRanged).map(({ name }) => name))],
    idle: plain ? new Map() : idleByRole(total.reserved(), held.shared(), available),
    freeStrata: strataOf(available),
    totalStrata: strataOf(total),
    reservedTo: [...new Set(parts.map(reservationRole).filter((role) => role !== undefined))],
    hasGpus: totalScalars.get("gpus") > 0,
  };
}

/** Unreserved and not revocable: what quota, limits and headroom are about. */
export function openPart(resources: Resources): Resources {
  return resources.filter((r) => r.reservations.length === 0 && !r.revocable);
}

function strataOf(resources: Resources): Stratum[] {
  const whole = resources.filter(
    ({ revocable, shared, disk }) => !revocable && !shared && disk === undefined,
  );
  if (whole.reserved().isEmpty) return [{ role: undefined, refined: false, amounts: whole.quantities() }];
  const groups = Map.groupBy(whole, (r) => `${r.reservations.length > 1} ${reservationRole(r) ?? ""}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const refined = first.reservations.length > 1;
    return [{ role: reservationRole(first), refined, amounts: Resources.of(group).quantities() }];
  });
}

const isRanged = ({ value }: Resource): boolean => value.kind !== "scalar";

/** A shared volume is idle while nobody holds it, though it is available always. */
function idleByRole(reserved: Resources, used: Resources, available: Resources): Map<string, Quantities> {
  if (reserved.isEmpty) return new Map();
  const idle = available.reserved().filter((resource) => !resource.shared || used.countOf(resource) === 0);
  const byRole = new Map<string, Quantities>();
  for (const role of new Set(Array.from(idle, reservationRole))) {
    if (role !== undefined) byRole.set(role, idle.reserved(role).scalarQuantities());
  }
  return byRole;
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
