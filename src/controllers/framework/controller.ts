import type { Framework } from "../../api/framework.ts";
import { FRAMEWORK_FINALIZER } from "../../api/group.ts";
import { Controller, from, type Result, type Source } from "../../cluster/controller.ts";
import { isNotFound } from "../../cluster/errors.ts";
import { addFinalizer } from "../../cluster/finalizers.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import { timestamp } from "../../cluster/time.ts";
import { frameworkKey } from "../caches.ts";
import { delayed } from "../delayed.ts";
import type { Dependencies, Runnable } from "../dependencies.ts";
import { eachLimited } from "../limited.ts";
import { closeOffer } from "../offer/closer.ts";
import { StatusWriter } from "../statuswriter.ts";
import { ignoringConflicts } from "../task/conflicts.ts";
import { offerFramework, offerResources } from "../world/agentview.ts";
import { holdings } from "../world/holdings.ts";
import { outstandingOffers, writtenOffers } from "../world/outstanding.ts";
import type { Scheduling } from "../world/scheduling.ts";
import { sumOf } from "../world/sum.ts";
import { forgivenUntil, frameworkConnection } from "./connection.ts";
import type { Readiness } from "./readiness.ts";
import { readinessNow } from "./readinessnow.ts";
import { disconnectedAt, frameworkStatus, withOwnStatus } from "./status.ts";
import { finish, remove, timeLeft } from "./teardown.ts";

const MANAGER = "mesos-operator-framework";
const SUM_AFTER = 250;
/** Milliseconds, while renewals cannot be seen. */
const LOOK_AGAIN = 1_000;

/** What this process has acted on, by framework. */
interface Memory {
  readonly suppressed: Map<string, ReadonlySet<string>>;
  /** The last revive, whose record may be on its way. */
  readonly revived: Map<string, string>;
}

/** Frameworks: whether they are there, what they revive and suppress, their end, and their status. */
export function createFrameworkController(deps: Dependencies, scheduling: Scheduling): Runnable {
  const { caches, clients, clock, logger } = deps;
  const writer = new StatusWriter(clients.frameworks, MANAGER, clock);
  const memory: Memory = { suppressed: new Map(), revived: new Map() };
  return new Controller({
    name: "framework",
    reconcile: ignoringConflicts((key, signal) => reconcile(deps, scheduling, writer, memory, key, signal)),
    sources: [
      from(caches.frameworks),
      delayed(
        from(caches.tasks, (task) => [frameworkKey(task)]),
        SUM_AFTER,
      ),
      delayed(
        from(caches.executors, (executor) => [frameworkKey(executor)]),
        SUM_AFTER,
      ),
      delayed(
        from(caches.offers, (offer) => [offerFramework(offer)]),
        SUM_AFTER,
      ),
      from(caches.roles, () => caches.frameworks.store.keys()),
      leaseSource(deps),
      streamSource(deps),
    ],
    workers: 4,
    logger,
    clock,
    breath: deps.breath,
    metrics: deps.controllerMetrics,
  });
}

/** Renewals come every few seconds and matter only for a framework that is not connected; a Lease given up matters at once. */
function leaseSource({ caches }: Dependencies): Source {
  return from(
    caches.leases,
    ({ metadata }) => caches.frameworks.store.by("lease", keyOf(metadata)).map((one) => keyOf(one.metadata)),
    ({ type, object }) =>
      type === "deleted" ||
      !object.spec?.holderIdentity ||
      caches.frameworks.store.by("lease", keyOf(object.metadata)).some(({ status }) => !status?.connected),
  );
}

/** A framework that subscribes, or whose stream ends. */
const streamSource = ({ offerStreams }: Dependencies): Source => ({
  synced: Promise.resolve(),
  start: (enqueue) => offerStreams.onChange((framework) => enqueue(framework)),
});

async function reconcile(
  deps: Dependencies,
  scheduling: Scheduling,
  writer: StatusWriter<NonNullable<Framework["status"]>, Framework>,
  memory: Memory,
  key: string,
  signal: AbortSignal,
): Promise<Result> {
  const { caches, clients, clock, agentLeases, config, metrics } = deps;
  const framework = caches.frameworks.store.get(key);
  if (framework === undefined) {
    forget(deps, memory, key);
    return {};
  }
  const deleting = framework.metadata.deletionTimestamp !== undefined;
  if (!deleting && !framework.metadata.finalizers?.includes(FRAMEWORK_FINALIZER)) {
    await addFinalizer(clients.frameworks, framework, FRAMEWORK_FINALIZER, { signal });
  }
  const connectionNow = () =>
    frameworkConnection(framework, {
      expiry: agentLeases,
      watching: caches.leases.watching,
      streams: deps.offerStreams,
    });
  const connection = connectionNow();
  // Of the same moment: one that comes while its status is written is seen, and forgiven no more, by a connection that is out of date.
  const forgiven = forgivenUntil(framework, deps.offerStreams);
  const readiness = readinessNow(deps, framework);
  revive(deps, scheduling, memory, framework);
  await rescind(deps, scheduling, framework, readiness, signal);
  const now = timestamp(clock.now());
  const tasks = caches.tasks.store.by("liveFramework", key);
  const executors = caches.executors.store.by("liveFramework", key);
  const offers = writtenOffers(caches, scheduling.assumed.offers, key);
  const status = frameworkStatus(framework, {
    connection,
    readiness,
    tasks: tasks.length,
    allocated: await deps.breath.through(sumOf([...tasks, ...executors], holdings)),
    offers: offers.length,
    offered: await deps.breath.through(sumOf(offers, offerResources)),
    total: scheduling.totals.get(),
    excludeFromFairness: config.allocation.excludeFromFairness,
    now,
  });
  metrics.frameworkShare.set({ framework: key }, status.dominantShare ?? 0);
  announce(deps, framework, status, readiness);
  const wait = await writer.write(withOwnStatus(framework), status, signal);
  if (deleting) {
    await finish(deps, framework, signal);
    return {};
  }
  const left = timeLeft(framework, disconnectedAt(framework, connection, now), clock.now(), forgiven);
  if (left === 0 && !connectionNow().connected) await remove(deps, framework, signal);
  const lapse =
    connection.connected && framework.spec.connection.type === "Lease"
      ? (connection.lapsesAfter ?? LOOK_AGAIN)
      : undefined;
  const finite = left === Number.POSITIVE_INFINITY ? undefined : left;
  const times = [wait, finite || undefined, lapse].filter((time) => time !== undefined);
  return times.length === 0 ? {} : { requeueAfter: Math.min(...times) };
}

/** What was made ready or connected just now shall not wait for an interval; and people are told. */
function announce(
  { recorder, requestAllocation }: Dependencies,
  framework: Live<Framework>,
  status: NonNullable<Framework["status"]>,
  readiness: Readiness,
): void {
  const before = framework.status?.conditions ?? [];
  for (const condition of status.conditions ?? []) {
    const old = before.find(({ type }) => type === condition.type);
    if (old?.status === condition.status && old.reason === condition.reason) continue;
    const good = condition.status === "True";
    // What has never been otherwise is no news, unless something has to be done about it.
    if (old === undefined && !good && condition.reason === "LeaseMissing") continue;
    const { reason, message } = condition;
    recorder.record(framework, { type: good ? "Normal" : "Warning", reason, message });
    if (good && readiness.ready) requestAllocation("FrameworkReady");
  }
}

/** A new revive, or roles that are no longer suppressed: what was declined may be offered again. */
function revive(
  { requestAllocation }: Dependencies,
  { filters }: Scheduling,
  memory: Memory,
  { metadata, spec, status }: Live<Framework>,
): void {
  const key = keyOf(metadata);
  const { id } = spec.revive ?? {};
  if (id !== undefined && id !== status?.observedRevive && id !== memory.revived.get(key)) {
    memory.revived.set(key, id);
    filters.revive(key, spec.revive?.roles ?? []);
    requestAllocation("Revive");
  }
  const now = new Set(spec.suppressedRoles);
  const woken = [...(memory.suppressed.get(key) ?? [])].filter((role) => !now.has(role));
  memory.suppressed.set(key, now);
  if (woken.length === 0) return;
  filters.revive(key, woken);
  requestAllocation("Unsuppress");
}

/** Takes back what a framework may not have any more. An Offer that it has answered is left to the answer. */
async function rescind(
  deps: Dependencies,
  scheduling: Scheduling,
  framework: Live<Framework>,
  readiness: Readiness,
  signal: AbortSignal,
): Promise<void> {
  const { roles } = framework.spec;
  // Most often none of thousands.
  const lost = outstandingOffers(deps.caches, scheduling.assumed.offers, keyOf(framework.metadata)).filter(
    ({ spec }) => spec.response === undefined && !(readiness.ready && roles.includes(spec.role)),
  );
  await eachLimited(lost, 8, async (offer) => {
    const why = readiness.ready
      ? { reason: "RoleLeft", message: `the framework has left the role ${offer.spec.role}` }
      : rescindedFor(readiness);
    try {
      await closeOffer(deps, scheduling, offer, { state: "Rescinded", ...why }, signal);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  });
}

function rescindedFor({ reason, message }: Extract<Readiness, { ready: false }>) {
  if (reason === "LeaseLapsed" || reason === "LeaseMissing" || reason === "NotSubscribed")
    return { reason: "FrameworkDisconnected", message };
  return reason === "Terminating" ? { reason: "FrameworkRemoved", message } : { reason, message };
}

/** Of a framework that is gone nothing is remembered: one made anew under its name is another. */
function forget({ metrics }: Dependencies, memory: Memory, key: string): void {
  memory.suppressed.delete(key);
  memory.revived.delete(key);
  metrics.frameworkShare.remove({ framework: key });
  metrics.offersOutstanding.remove({ framework: key });
}
