import type { Condition } from "../../api/condition.ts";
import type { Role, RoleStatus } from "../../api/role.ts";
import { setCondition } from "../../cluster/conditions.ts";
import { Controller, from, type Result } from "../../cluster/controller.ts";
import type { Live } from "../../cluster/object.ts";
import { timestamp } from "../../cluster/time.ts";
import { roleLineage, toSpec } from "../../resources/index.ts";
import { delayed } from "../delayed.ts";
import type { Dependencies, Runnable } from "../dependencies.ts";
import { takeBack, unansweredOffers } from "../offer/takeback.ts";
import { StatusWriter } from "../statuswriter.ts";
import { ignoringConflicts } from "../task/conflicts.ts";
import { roleFor } from "../world/roles.ts";
import type { Scheduling } from "../world/scheduling.ts";
import { dominantShare, percent } from "../world/shares.ts";
import { type SubtreeUse, subtreeUse } from "../world/subtree.ts";

const MANAGER = "mesos-operator-role";
const SUM_AFTER = 500;

/** Roles: which of two with one path counts, and what each has with all below it. */
export function createRoleController(deps: Dependencies, scheduling: Scheduling): Runnable {
  const { caches, clients, clock, logger } = deps;
  const writer = new StatusWriter(clients.roles, MANAGER, clock);
  const weights = new Map<string, number>();
  const upward = (path: string) =>
    roleLineage(path)
      .flatMap((at) => caches.roles.store.by("path", at))
      .map(({ metadata }) => metadata.name);
  return new Controller({
    name: "role",
    reconcile: ignoringConflicts((key, signal) => reconcile(deps, scheduling, writer, weights, key, signal)),
    sources: [
      from(caches.roles, ({ metadata, spec }) => [metadata.name, ...upward(spec.path)]),
      from(caches.frameworks, ({ spec }) => spec.roles.flatMap(upward)),
      delayed(
        from(caches.tasks, ({ spec }) => upward(spec.role)),
        SUM_AFTER,
      ),
      delayed(
        from(caches.offers, ({ spec }) => upward(spec.role)),
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
  writer: StatusWriter<RoleStatus, Role>,
  weights: Map<string, number>,
  key: string,
  signal: AbortSignal,
): Promise<Result> {
  const { caches, recorder } = deps;
  const role = caches.roles.store.get(key);
  if (role === undefined) {
    weights.delete(key);
    return {};
  }
  await weighAnew(deps, scheduling, weights, role, signal);
  const counts = roleFor((path) => caches.roles.store.by("path", path), role.spec.path);
  const use = await deps.breath.through(subtreeUse(deps, role.spec.path));
  const status = roleStatus(deps, scheduling, role, counts ?? role, use);
  const ready = status.conditions?.find(({ type }) => type === "Ready");
  const before = role.status?.conditions?.find(({ type }) => type === "Ready");
  if (ready?.status === "False" && before?.reason !== ready.reason) {
    recorder.record(role, { type: "Warning", reason: ready.reason, message: ready.message });
  }
  const wait = await writer.write(role, status, signal);
  return wait === undefined ? {} : { requeueAfter: wait };
}

function roleStatus(
  deps: Dependencies,
  { totals }: Scheduling,
  role: Live<Role>,
  counts: Live<Role>,
  use: SubtreeUse,
): RoleStatus {
  const { caches, clock, config, metrics } = deps;
  const { generation } = role.metadata;
  const { path } = role.spec;
  const share = dominantShare(
    use.allocated.scalarQuantities(),
    totals.get(),
    config.allocation.excludeFromFairness,
  );
  const isCounted = counts.metadata.uid === role.metadata.uid;
  if (isCounted) metrics.roleShare.set({ role: path }, share);
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  const ready = isCounted
    ? {
        status: "True" as const,
        reason: "Listed",
        message: `the role ${path} has the weight ${role.spec.weight}`,
      }
    : {
        status: "False" as const,
        reason: "Conflict",
        message: `the Role ${counts.metadata.name} is older and has the path ${path} too: this one counts for nothing`,
      };
  return {
    ...observed,
    frameworks: caches.frameworks.store.by("role", path).length,
    tasks: use.tasks,
    allocated: toSpec(use.allocated),
    offered: toSpec(use.offered),
    reserved: toSpec(use.reserved),
    dominantShare: share,
    share: percent(share),
    conditions: setCondition<Condition>(
      role.status?.conditions,
      { type: "Ready", ...ready, ...observed },
      timestamp(clock.now()),
    ),
  };
}

/** As in Mesos (weights_handler.cpp) a new weight of a role that is used takes all offers back: shares are worked out anew. */
async function weighAnew(
  deps: Dependencies,
  scheduling: Scheduling,
  weights: Map<string, number>,
  role: Live<Role>,
  signal: AbortSignal,
): Promise<void> {
  const { caches } = deps;
  const { path, weight } = role.spec;
  const before = weights.get(role.metadata.name);
  if (before !== undefined && before !== weight && caches.frameworks.store.by("role", path).length > 0) {
    const why = { reason: "WeightChanged", message: `the role ${path} has the weight ${weight} now` };
    await takeBack(deps, scheduling, await unansweredOffers(deps, scheduling), why, signal);
    deps.requestAllocation("WeightChanged");
  }
  weights.set(role.metadata.name, weight);
}
