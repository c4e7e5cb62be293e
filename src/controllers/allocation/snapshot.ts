import type { AllocationWorld } from "../../allocator/index.ts";
import type { Framework } from "../../api/framework.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import { isOutstanding } from "../caches.ts";
import type { Dependencies } from "../dependencies.ts";
import { frameworkConnection } from "../framework/connection.ts";
import { frameworkReadiness, type Readiness } from "../framework/readiness.ts";
import type { Taint } from "../node/taints.ts";
import { offerFramework } from "../world/agentview.ts";
import { type PendingGroup, pendingGroups } from "../world/builtin.ts";
import { type Peers, peersAmong } from "../world/peers.ts";
import { roleRefusal } from "../world/roles.ts";
import type { Scheduling } from "../world/scheduling.ts";
import { repellingTaints, taintWord } from "../world/tolerations.ts";
import { buildWorld, type KnownFramework } from "../world/world.ts";

export interface Snapshot {
  readonly world: AllocationWorld;
  readonly pending: readonly PendingGroup[];
  readonly peers: Peers;
}

/** Framework's condition Ready as it would be now. */
export function readinessNow(deps: Dependencies, framework: Live<Framework>): Readiness {
  const { caches, config, agentLeases } = deps;
  return frameworkReadiness(framework, {
    roles: (path) => caches.roles.store.by("path", path),
    implicitRoles: config.roles.implicit,
    connection: frameworkConnection(framework, {
      expiry: agentLeases,
      watching: caches.leases.watching,
      streams: deps.offerStreams,
    }),
  });
}

/** The caches and what is assumed, as they are now. `rests` names frameworks that are left out for a while. */
export function takeSnapshot(
  deps: Dependencies,
  scheduling: Scheduling,
  rests: (framework: string) => boolean = () => false,
): Snapshot {
  const { caches } = deps;
  const agents = Array.from(scheduling.views.all(), ({ state }) => state);
  const taints = distinctTaints(deps);
  const pending = pendingGroups(pendingTasks(deps, scheduling), taints);
  const world = buildWorld({
    agents,
    taints,
    roles: caches.roles.store.values(),
    quotas: caches.quotas.store.values(),
    frameworks: Array.from(caches.frameworks.store.values(), (framework) =>
      knownFramework(deps, scheduling, framework, rests),
    ),
    pending,
    refusals: scheduling.filters,
    mostOffers: deps.config.offers.maxPerFramework,
  });
  const peers = peersAmong(() => [...scheduling.views.all()].flatMap(({ tasks }) => tasks));
  return { world, pending, peers };
}

function knownFramework(
  deps: Dependencies,
  { assumed, counts }: Scheduling,
  framework: Live<Framework>,
  rests: (framework: string) => boolean,
): KnownFramework {
  const id = keyOf(framework.metadata);
  const outstanding = assumed.offers.with(
    deps.caches.offers.store.by("outstandingFramework", id),
    (offer) => offerFramework(offer) === id && isOutstanding(offer),
    { framework: id },
  );
  const readiness: Readiness = rests(id)
    ? { ready: false, reason: "Resting", message: "its offers could not be written" }
    : readinessNow(deps, framework);
  return { framework, readiness, offersOutstanding: outstanding.length, offersMade: counts.of(id) };
}

/** Tasks of the built-in framework that may be placed: in the role and the namespace they name. */
function pendingTasks(deps: Dependencies, { assumed }: Scheduling) {
  const { caches, config } = deps;
  const tasks = [...caches.tasks.store.indexed("pending")].flatMap((key) =>
    caches.tasks.store.by("pending", key),
  );
  return tasks.filter((task) => {
    // Bound a moment ago.
    if (assumed.tasks.get(keyOf(task.metadata))?.spec.agent !== undefined) return false;
    const roles = (path: string) => caches.roles.store.by("path", path);
    const { namespace = "" } = task.metadata;
    return roleRefusal(roles, task.spec.role, namespace, config.roles.implicit) === undefined;
  });
}

function distinctTaints({ caches }: Dependencies): readonly Taint[] {
  const taints = new Map<string, Taint>();
  for (const node of caches.nodes.store.values()) {
    for (const taint of repellingTaints(node)) taints.set(taintWord(taint), taint);
  }
  return [...taints.values()];
}
