import type { Quota, QuotaStatus } from "../../api/quota.ts";
import { Controller, from, type Result } from "../../cluster/controller.ts";
import type { Live } from "../../cluster/object.ts";
import { timestamp } from "../../cluster/time.ts";
import { Limits, Quantities, roleLineage } from "../../resources/index.ts";
import { delayed } from "../delayed.ts";
import type { Dependencies, Runnable } from "../dependencies.ts";
import { takeBack, unansweredOffers } from "../offer/takeback.ts";
import { StatusWriter } from "../statuswriter.ts";
import { ignoringConflicts } from "../task/conflicts.ts";
import { offerResources } from "../world/agentview.ts";
import { roleFor } from "../world/roles.ts";
import type { Scheduling } from "../world/scheduling.ts";
import { eldest } from "../world/seniority.ts";
import { consumedBy } from "../world/subtree.ts";
import { quotaState } from "../world/world.ts";
import type { QuotaInForce } from "./admission.ts";
import { offersInTheWay } from "./rescind.ts";
import { quotaStatus } from "./status.ts";

const MANAGER = "mesos-operator-quota";
const SUM_AFTER = 500;
/** Milliseconds: capacity changes with every Pod, and is judged no more often than this. */
const JUDGE_EVERY = 10_000;

/** By a Quota's name what of it was in force when room was made for it last, or when it was first seen. */
type RoomFor = Map<string, string>;

/** Quotas: which are in force, whether they are met, and offers that stand in the way of a new one. */
export function createQuotaController(deps: Dependencies, scheduling: Scheduling): Runnable {
  const { caches, clients, clock, logger } = deps;
  const writer = new StatusWriter(clients.quotas, MANAGER, clock);
  const roomFor: RoomFor = new Map();
  const upward = (path: string) =>
    roleLineage(path)
      .flatMap((at) => caches.quotas.store.by("role", at))
      .map(({ metadata }) => metadata.name);
  const all = () => caches.quotas.store.keys();
  return new Controller({
    name: "quota",
    reconcile: ignoringConflicts((key, signal) => reconcile(deps, scheduling, writer, roomFor, key, signal)),
    sources: [
      // What one guarantees is missing for others.
      from(caches.quotas, all),
      from(caches.roles, ({ spec }) =>
        caches.quotas.store.by("role", spec.path).map(({ metadata }) => metadata.name),
      ),
      delayed(
        from(caches.tasks, ({ spec }) => upward(spec.role)),
        SUM_AFTER,
      ),
      from(caches.reservations, ({ spec }) => upward(spec.role)),
    ],
    logger,
    clock,
    breath: deps.breath,
    metrics: deps.controllerMetrics,
  });
}

async function reconcile(
  deps: Dependencies,
  scheduling: Scheduling,
  writer: StatusWriter<QuotaStatus, Quota>,
  roomFor: RoomFor,
  key: string,
  signal: AbortSignal,
): Promise<Result> {
  const { caches, clock, config } = deps;
  const quota = caches.quotas.store.get(key);
  if (quota === undefined) {
    roomFor.delete(key);
    return {};
  }
  const { role } = quota.spec;
  const older = eldest(caches.quotas.store.by("role", role));
  const listed = roleFor((path) => caches.roles.store.by("path", path), role) !== undefined;
  const consumed = await deps.breath.through(consumedBy(deps, role));
  const status = quotaStatus(quota, {
    consumed,
    capacity: scheduling.totals.quantities(),
    others: others(deps, role),
    older: older === undefined || older.metadata.uid === quota.metadata.uid ? undefined : older.metadata.name,
    roleMissing:
      listed || config.roles.implicit
        ? undefined
        : `no Role has the path ${role}, and implicit roles are off`,
    now: timestamp(clock.now()),
  });
  announce(deps, quota, status);
  const wait = await writer.write(quota, status, signal);
  // Once the cache shows it: only then do allocations count with it.
  const inForce = JSON.stringify(quota.status?.applied) ?? "";
  const before = roomFor.get(key);
  if (before !== undefined && before !== inForce) await makeRoom(deps, scheduling, quota, consumed, signal);
  roomFor.set(key, inForce);
  return { requeueAfter: Math.min(wait ?? JUDGE_EVERY, JUDGE_EVERY) };
}

/** In force for other roles; of two for one role the older. */
function others({ caches }: Dependencies, role: string): QuotaInForce[] {
  return [...caches.quotas.store.indexed("role")]
    .filter((other) => other !== role)
    .flatMap((other) => eldest(caches.quotas.store.by("role", other)) ?? [])
    .flatMap(quotaState);
}

async function makeRoom(
  deps: Dependencies,
  scheduling: Scheduling,
  quota: Live<Quota>,
  consumed: Quantities,
  signal: AbortSignal,
): Promise<void> {
  const { role } = quota.spec;
  const [state] = quotaState(quota);
  const { guarantees, limits } = state ?? { guarantees: Quantities.empty, limits: Limits.none };
  const open = (await unansweredOffers(deps, scheduling)).map((offer) => ({
    offer,
    resources: offerResources(offer),
  }));
  const why = { reason: "QuotaChanged", message: `the quota of the role ${role} has changed` };
  const back = offersInTheWay(role, guarantees, limits, consumed, open).map(({ offer }) => offer);
  await takeBack(deps, scheduling, back, why, signal);
  deps.requestAllocation("QuotaChanged");
}

function announce({ recorder }: Dependencies, quota: Live<Quota>, status: QuotaStatus): void {
  for (const { type, status: now, reason, message } of status.conditions ?? []) {
    const before = quota.status?.conditions?.find((condition) => condition.type === type);
    const bad = type === "Satisfied" ? now === "False" && reason === "RoleNotFound" : now === "True";
    if (bad && before?.reason !== reason) recorder.record(quota, { type: "Warning", reason, message });
  }
}
