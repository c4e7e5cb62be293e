import type { QuotaState } from "../../allocator/index.ts";
import type { Dependencies } from "../../controllers/dependencies.ts";
import { offerResources } from "../../controllers/world/agentview.ts";
import { holdings } from "../../controllers/world/holdings.ts";
import { readable } from "../../controllers/world/readable.ts";
import { quotaStates, roleStates } from "../../controllers/world/world.ts";
import { ANY_ROLE, type Quantities, type Resources, roleLineage } from "../../resources/index.ts";
import type { ClusterState } from "./cluster.ts";
import type { Pace } from "./pace.ts";

/** Scalars by name, in thousandths. */
export type Milli = ReadonlyMap<string, number>;

/** A role with all below it. */
export interface RoleUse {
  readonly name: string;
  readonly weight: number;
  /** Ids of those that are subscribed to it. */
  readonly frameworks: readonly string[];
  readonly quota: QuotaState | undefined;
  readonly allocated: Milli;
  readonly offered: Milli;
  readonly reserved: Milli;
  /** What quota counts: what is reserved, and what is allocated unreserved. */
  readonly consumed: Milli;
}

type What = "allocated" | "offered" | "reserved" | "consumed";

/** All that are listed, or that anything is of, and those above them; sorted by name. */
export async function roleUses(
  { caches }: Pick<Dependencies, "caches">,
  state: ClusterState,
  pace: Pace,
): Promise<RoleUse[]> {
  const sums = new Map<string, Record<What, Map<string, number>>>();
  const of = (path: string) => {
    const found = sums.get(path) ?? {
      allocated: new Map(),
      offered: new Map(),
      reserved: new Map(),
      consumed: new Map(),
    };
    sums.set(path, found);
    return found;
  };
  const count = (role: string, resources: Resources, whats: readonly What[]) => {
    const amounts = resources.scalarQuantities();
    for (const path of lineage(role)) for (const what of whats) addAll(of(path)[what], amounts);
  };
  const weights = new Map(roleStates(caches.roles.store.values()).map(({ path, weight }) => [path, weight]));
  const quotas = new Map(quotaStates(caches.quotas.store.values()).map((one) => [one.role, one]));
  const subscribed = new Map<string, string[]>();
  for (const path of [ANY_ROLE, ...weights.keys(), ...quotas.keys()]) of(path);
  for (const known of state.frameworks()) {
    const roles = known.framework?.spec.roles ?? known.info.roles;
    for (const role of roles) {
      subscribed.set(role, [...(subscribed.get(role) ?? []), known.id]);
      for (const path of lineage(role)) of(path);
    }
    for (const { spec } of [...known.tasks, ...known.unreachable, ...known.executors]) {
      const held = holdings({ spec });
      count(spec.role, held, ["allocated"]);
      count(spec.role, held.unreserved().nonRevocable(), ["consumed"]);
      if (pace.tired) await pace.rest();
    }
    for (const offer of state.offers(known.key)) {
      count(offer.spec.role, offerResources(offer), ["offered"]);
      if (pace.tired) await pace.rest();
    }
  }
  for (const { spec, status } of [...caches.reservations.store.values()]) {
    for (const { resources } of status?.reserved ?? []) {
      count(spec.role, readable(resources), ["reserved", "consumed"]);
    }
    if (pace.tired) await pace.rest();
  }
  return [...sums]
    .map(([name, use]) => ({
      name,
      weight: weights.get(name) ?? 1,
      frameworks: subscribed.get(name) ?? [],
      quota: quotas.get(name),
      ...use,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

const lineage = (role: string): readonly string[] => (role === ANY_ROLE ? [role] : roleLineage(role));

function addAll(sum: Map<string, number>, amounts: Quantities): void {
  for (const [name, milli] of amounts) sum.set(name, (sum.get(name) ?? 0) + milli);
}

export function added(a: Milli, b: Milli): Milli {
  const sum = new Map(a);
  for (const [name, milli] of b) sum.set(name, (sum.get(name) ?? 0) + milli);
  return sum;
}
