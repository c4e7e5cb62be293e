import type { Agent } from "../../api/agent.ts";
import { durationMs } from "../../api/duration.ts";
import type { Framework } from "../../api/framework.ts";
import { Controller, from, type Result } from "../../cluster/controller.ts";
import type { Live } from "../../cluster/object.ts";
import type { Change } from "../../cluster/store.ts";
import { PLANNED } from "../caches.ts";
import type { Dependencies, Runnable } from "../dependencies.ts";
import { ignoringConflicts } from "../task/conflicts.ts";
import { Assumptions } from "../world/assumptions.ts";
import type { Scheduling } from "../world/scheduling.ts";
import { PlanApplier } from "./apply.ts";
import { decideMaintenance } from "./decide.ts";
import { takeSnapshot } from "./snapshot.ts";

const WORKERS = 8;

/**
 * Planned maintenance of agents: asks the frameworks that run tasks there for their resources back, by inverse offers, and shows their
 * answers; takes Offers back that tell of another window. Keys are names of agents.
 */
export function createMaintenanceController(deps: Dependencies, scheduling: Scheduling): Runnable {
  const { caches, config, clock, logger } = deps;
  const agents = new Assumptions(caches.agents, clock);
  const applier = new PlanApplier(deps, scheduling, agents);
  const rules = { refuse: config.offers.refuse, interval: durationMs(config.allocation.interval) };

  async function reconcile(name: string, signal: AbortSignal): Promise<Result> {
    const plan = () => decideMaintenance(takeSnapshot(deps, scheduling, agents, name), rules);
    const first = plan();
    if (first.close.length > 0) {
      await applier.close(first.close, signal);
      deps.requestAllocation("MaintenanceChanged");
    }
    const { status, ask, forget, lookAgainAt } = first.close.length > 0 ? plan() : first;
    const agent = agents.get(name);
    if (agent !== undefined && agent.metadata.deletionTimestamp === undefined) {
      await applier.publish(agent, status, signal);
    }
    await applier.ask(ask, signal);
    await applier.forget(forget, signal);
    return lookAgainAt === undefined ? {} : { requeueAfter: Math.max(0, lookAgainAt - clock.now()) };
  }

  const planned = (name: string | undefined): string[] => {
    const agent = name === undefined ? undefined : caches.agents.store.get(name);
    return agent !== undefined && hasMaintenance(agent) ? [agent.metadata.name] : [];
  };
  return new Controller({
    name: "maintenance",
    reconcile: ignoringConflicts(reconcile),
    sources: [
      from(caches.agents, undefined, concernsAgent),
      from(caches.tasks, ({ spec }) => (spec.framework === undefined ? [] : planned(spec.agent))),
      from(caches.offers, ({ spec }) =>
        spec.inverse || spec.unavailability ? [spec.agent] : planned(spec.agent),
      ),
      from(
        caches.frameworks,
        () => caches.agents.store.by("maintenance", PLANNED).map(({ metadata }) => metadata.name),
        concernsFramework,
      ),
    ],
    workers: WORKERS,
    logger,
    clock,
    breath: deps.breath,
    metrics: deps.controllerMetrics,
  });
}

const hasMaintenance = ({ spec, status }: Live<Agent>): boolean =>
  spec.maintenance !== undefined || status?.maintenance !== undefined;

/** One that is deleted may have been asked about, whatever its last state says. */
const concernsAgent = (change: Change<Agent>): boolean =>
  change.type === "deleted" ||
  hasMaintenance(change.object) ||
  (change.type === "updated" && hasMaintenance(change.old));

/** Whether it may be asked now, or may not any more. */
function concernsFramework(change: Change<Framework>): boolean {
  if (change.type !== "updated") return true;
  const of = ({ metadata, status }: Live<Framework>) =>
    JSON.stringify([metadata.uid, metadata.deletionTimestamp, status?.connected, status?.revivedAt]);
  return of(change.object) !== of(change.old);
}
