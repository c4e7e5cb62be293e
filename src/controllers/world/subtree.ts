import type { Stepwise } from "../../allocator/index.ts";
import {
  ANY_ROLE,
  fromSpec,
  isStrictSubroleOf,
  type Quantities,
  type Resources,
} from "../../resources/index.ts";
import type { Dependencies } from "../dependencies.ts";
import { offerResources } from "./agentview.ts";
import { holdings } from "./holdings.ts";
import { sumOf } from "./sum.ts";

/** What a role has with all roles below it. */
export interface SubtreeUse {
  /** Tasks that have not ended. */
  readonly tasks: number;
  readonly allocated: Resources;
  readonly offered: Resources;
  /** As the Reservations' statuses say. */
  readonly reserved: Resources;
  /** What quota counts (Mesos: consumedQuota): reservations, and what tasks and executors hold unreserved; ports one by one. */
  readonly consumed: Quantities;
}

/** What quota counts of it. */
export function* consumedBy(deps: Pick<Dependencies, "caches">, path: string): Stepwise<Quantities> {
  return (yield* subtreeUse(deps, path)).consumed;
}

/** Of what is there when it is begun. */
export function* subtreeUse({ caches }: Pick<Dependencies, "caches">, path: string): Stepwise<SubtreeUse> {
  const inTree = (role: string) => role === path || (path !== ANY_ROLE && isStrictSubroleOf(role, path));
  const roles = (values: Iterable<string>) => [...values].filter(inTree);
  const tasks = roles(caches.tasks.store.indexed("liveRole")).flatMap((role) =>
    caches.tasks.store.by("liveRole", role),
  );
  const offers = roles(caches.offers.store.indexed("outstandingRole")).flatMap((role) =>
    caches.offers.store.by("outstandingRole", role),
  );
  const reservations = roles(caches.reservations.store.indexed("role")).flatMap((role) =>
    caches.reservations.store.by("role", role),
  );
  const executors = roles(caches.executors.store.indexed("liveRole")).flatMap((role) =>
    caches.executors.store.by("liveRole", role),
  );
  const placed = tasks.filter(({ spec }) => spec.agent !== undefined);
  const allocated = yield* sumOf([...placed, ...executors], holdings);
  const shares = reservations.flatMap(({ status }) => status?.reserved ?? []);
  const reserved = yield* sumOf(shares, ({ resources }) => fromSpec(resources));
  const open = allocated.unreserved().nonRevocable();
  return {
    tasks: tasks.length,
    allocated,
    offered: yield* sumOf(offers, offerResources),
    reserved,
    consumed: reserved.quantities().add(open.quantities()),
  };
}
