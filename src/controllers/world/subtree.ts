import { ANY_ROLE, fromSpec, isStrictSubroleOf, type Quantities, Resources } from "../../resources/index.ts";
import type { Dependencies } from "../dependencies.ts";
import { offerResources } from "./agentview.ts";
import { holdings } from "./holdings.ts";

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

export function subtreeUse({ caches }: Pick<Dependencies, "caches">, path: string): SubtreeUse {
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
  const allocated = Resources.sum([...placed, ...executors].map(holdings));
  const reserved = Resources.sum(
    reservations.flatMap(({ status }) =>
      (status?.reserved ?? []).map(({ resources }) => fromSpec(resources)),
    ),
  );
  const open = allocated.unreserved().nonRevocable();
  return {
    tasks: tasks.length,
    allocated,
    offered: Resources.sum(offers.map(offerResources)),
    reserved,
    consumed: reserved.quantities().add(open.quantities()),
  };
}
