/** What an allocation needs to know of one agent. */
import { type Quantities, type Resource, Resources, reservationRole } from "../resources/index.ts";
import { once } from "./once.ts";
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

export interface AgentDigest extends Room {
  readonly holdings: readonly Holding[];
}

/** What of a digest follows from what there is and what is held of it, whoever holds it. */
interface Room {
  readonly totalScalars: Quantities;
  /** By the innermost reservation's role, allocated or not. */
  readonly reserved: ReadonlyMap<string, Quantities>;
  /** Neither allocated nor offered; shared volumes always. */
  readonly available: Resources;
  /** The part of `available` that is unreserved and not revocable. */
  readonly free: Quantities;
  /** Whether all of `available` is unreserved, not revocable and not shared. */
  readonly plain: boolean;
  /** Whether moreover each name is there once and may be cut anywhere, so that amounts alone say what is left. */
  readonly simple: boolean;
  /** Whether some of it, neither reserved nor revocable, can only be taken whole. */
  readonly lumpy: boolean;
  /** Whether `total` has nothing reserved, revocable or on a disk of its own: its scalars are all that there is to know. */
  readonly bare: boolean;
  /** Names in `available` that are ranges or sets. */
  readonly ranged: readonly string[];
  /** Scalars that are reserved, by the innermost reservation's role, and held by nobody. */
  readonly idle: ReadonlyMap<string, Quantities>;
  /** Roles that anything free is reserved to, innermost. */
  readonly reservedTo: readonly string[];
  readonly hasGpus: boolean;
}

const NO_AMOUNTS: ReadonlyMap<string, Quantities> = new Map();
const NO_NAMES: readonly string[] = [];
const NO_HOLDINGS: readonly Holding[] = [];

/** Of agents that are alike and have nothing, or one and the same, allocated: worked out once for all of them. */
const roomsOf = once((total: Resources) => once((held: Resources) => makeRoom(total, held)));
const vacant = once((room: Room): AgentDigest => ({ ...room, holdings: NO_HOLDINGS }));

/** Kept by who asks, with the state: a map of all agents by their states would be gone through by each collection of garbage. */
export function digestOf({ total, allocations }: AgentState): AgentDigest {
  const [only, second] = allocations;
  if (second !== undefined) {
    const held = Resources.sum(allocations.map(({ resources }) => resources));
    return { ...makeRoom(total, held), holdings: holdingsOf(allocations) };
  }
  const room = roomsOf(total)(only?.resources ?? Resources.empty);
  return only === undefined ? vacant(room) : { ...room, holdings: holdingsOf(allocations) };
}

function makeRoom(total: Resources, held: Resources): Room {
  const available = total.subtract(held.nonShared());
  const open = openPart(available);
  const totalScalars = total.scalarQuantities();
  const reserved = total.reserved();
  const plain = open === available && available.shared().isEmpty;
  const parts = [...available];
  const names = new Set(parts.map(({ name }) => name));
  const free = open.quantities();
  const ranged = parts.filter(isRanged).map(({ name }) => name);
  return {
    totalScalars,
    reserved: reserved.isEmpty ? NO_AMOUNTS : reservedByRole(reserved),
    available,
    free,
    plain,
    simple: plain && parts.length === names.size && parts.every(({ disk }) => disk === undefined),
    lumpy: parts.some((part) => part.indivisible && isOpen(part)),
    bare: total.filter(isBare) === total,
    ranged: ranged.length === 0 ? NO_NAMES : ranged,
    idle: reserved.isEmpty ? NO_AMOUNTS : idleByRole(held.shared(), available.reserved()),
    reservedTo: plain ? NO_NAMES : [...new Set(parts.flatMap((part) => reservationRole(part) ?? []))],
    hasGpus: totalScalars.get("gpus") > 0,
  };
}

/** Unreserved and not revocable: what quota, limits and headroom are about. */
export function openPart(resources: Resources): Resources {
  return resources.filter(isOpen);
}

const isOpen = ({ reservations, revocable }: Resource): boolean => reservations.length === 0 && !revocable;

const isBare = ({ reservations, revocable, disk }: Resource): boolean =>
  reservations.length === 0 && !revocable && disk === undefined;

const isRanged = ({ value }: Resource): boolean => value.kind !== "scalar";

/** A shared volume is idle while nobody holds it, though it is available always. */
function idleByRole(used: Resources, reserved: Resources): ReadonlyMap<string, Quantities> {
  const idle = reserved.filter((resource) => !resource.shared || used.countOf(resource) === 0);
  const byRole = new Map<string, Quantities>();
  for (const role of new Set(Array.from(idle, reservationRole))) {
    if (role !== undefined) byRole.set(role, idle.reserved(role).scalarQuantities());
  }
  return byRole;
}

function reservedByRole(reserved: Resources): Map<string, Quantities> {
  const byRole = new Map<string, Quantities>();
  for (const role of new Set(Array.from(reserved, reservationRole))) {
    if (role !== undefined) byRole.set(role, reserved.reserved(role).quantities());
  }
  return byRole;
}

function holdingsOf(allocations: AgentState["allocations"]): Holding[] {
  const [only, second] = allocations;
  if (only === undefined) return [];
  const { framework, role, resources } = only;
  if (second === undefined) return [holding(framework, role, amountsOf(resources))];
  const groups = Map.groupBy(allocations, (one) => JSON.stringify([one.framework, one.role]));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const all = Resources.sum(group.map((one) => one.resources));
    return [holding(first.framework, first.role, makeAmounts(all))];
  });
}

type Amounts = Pick<Holding, "shared" | "consumed">;

const holding = (framework: string, role: string, { shared, consumed }: Amounts): Holding => ({
  framework,
  role,
  shared,
  consumed,
});

const amountsOf = once(makeAmounts);

function makeAmounts(all: Resources): Amounts {
  const shared = all.scalarQuantities();
  const consumed = openPart(all).quantities();
  // Most often the same: kept once.
  return { shared, consumed: consumed.equals(shared) ? shared : consumed };
}
