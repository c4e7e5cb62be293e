import { refusalTime } from "../../allocator/index.ts";
import { durationMs } from "../../api/duration.ts";
import type { Framework } from "../../api/framework.ts";
import type { Offer } from "../../api/offer.ts";
import { isTerminal, TASK_STATES } from "../../api/taskstate.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import type { OperatorConfig } from "../../config/operator.ts";
import type { Dependencies } from "../dependencies.ts";
import { offerFramework } from "./agentview.ts";
import { declinedResources } from "./declined.ts";
import type { Scheduling } from "./scheduling.ts";

const CLOSED = ["Accepted", "Declined", "Rescinded", "Expired"];

/**
 * What a new leader must know before its first decision. Its caches may trail behind the last writes of the leader before it, so
 * what takes resources is read anew: Offers before Tasks, as a Task is made before its Offer is closed.
 */
export async function seed(deps: Dependencies, scheduling: Scheduling, signal: AbortSignal): Promise<void> {
  const { breath, clients } = deps;
  const without = (field: string, values: readonly string[]) =>
    values.map((value) => `${field}!=${value}`).join(",");
  const offers = await clients.offers.list({ fieldSelector: without("status.state", CLOSED), signal });
  const [tasks, executors, reservations] = await Promise.all([
    // TASK_LOST may be that of an agent that comes back.
    clients.tasks.list({
      fieldSelector: without(
        "status.state",
        TASK_STATES.filter((state) => isTerminal(state) && state !== "TASK_LOST"),
      ),
      signal,
    }),
    clients.executors.list({ fieldSelector: without("status.state", ["Ended"]), signal }),
    clients.reservations.list({ signal }),
  ]);
  const { assumed, mirror } = scheduling;
  await breath.each(offers.items, (offer) => assumed.offers.assume(offer));
  await breath.each(tasks.items, (task) => {
    if (task.spec.agent !== undefined) assumed.tasks.assume(task);
  });
  await breath.each(executors.items, (executor) => assumed.executors.assume(executor));
  await breath.each(reservations.items, (reservation) => assumed.reservations.assume(reservation));
  // A filter is of a framework and an agent that the allocator knows.
  await mirror.sync();
  await restoreFilters(deps, scheduling);
}

/** Filters live in memory; the Offers that made them are still there for a while. */
async function restoreFilters(deps: Dependencies, { filters }: Scheduling): Promise<void> {
  const { breath, caches, clock, config } = deps;
  await breath.each([...caches.offers.store.values()], (offer) => {
    const framework = caches.frameworks.store.get(offerFramework(offer));
    if (framework === undefined || offer.spec.inverse) return;
    if (!isOf(offer, framework) || revivedSince(offer, framework)) return;
    const left = filterLeft(offer, framework, config, clock.now());
    if (left <= 0) return;
    const { role, agent } = offer.spec;
    filters.add(keyOf(framework.metadata), role, agent, declinedResources(offer), clock.monotonic(), left);
  });
}

/** Milliseconds that the filter of an answered Offer lasts. */
export function filterTime(offer: Offer, framework: Framework, config: OperatorConfig): number {
  const { response } = offer.spec;
  const refuse = (response?.decline ?? response?.accept)?.filters?.refuse;
  const seconds = refuse === undefined ? undefined : durationMs(refuse) / 1000;
  const standard = durationMs(framework.spec.refuse ?? config.offers.refuse) / 1000;
  return refusalTime(seconds, durationMs(config.allocation.interval), standard);
}

function filterLeft(offer: Offer, framework: Framework, config: OperatorConfig, now: number): number {
  const { state, closedAt } = offer.status ?? {};
  if (closedAt === undefined || (state !== "Declined" && state !== "Accepted")) return 0;
  return Date.parse(closedAt) + filterTime(offer, framework, config) - now;
}

const isOf = (offer: Live<Offer>, framework: Live<Framework>): boolean =>
  offer.metadata.ownerReferences?.some(({ uid }) => uid === framework.metadata.uid) ?? false;

function revivedSince({ spec, status }: Offer, { spec: { revive }, status: known }: Framework): boolean {
  const at = known?.revivedAt;
  if (at === undefined || status?.closedAt === undefined) return false;
  const roles = revive?.roles ?? [];
  return (roles.length === 0 || roles.includes(spec.role)) && Date.parse(status.closedAt) <= Date.parse(at);
}
