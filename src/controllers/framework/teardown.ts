import { durationMs } from "../../api/duration.ts";
import type { Executor } from "../../api/executor.ts";
import type { Framework } from "../../api/framework.ts";
import { FRAMEWORK_FINALIZER } from "../../api/group.ts";
import { isConflict, isNotFound } from "../../cluster/errors.ts";
import { removeFinalizer } from "../../cluster/finalizers.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import { agentLeaseKey } from "../agent/snapshot.ts";
import type { Dependencies } from "../dependencies.ts";
import { askToShutDown } from "../executor/write.ts";
import { eachLimited } from "../limited.ts";
import { askToKill } from "../task/write.ts";

const WIDTH = 8;

/**
 * Milliseconds until a framework that is away is removed, not before `forgivenUntil`; undefined for one that is not, or never
 * was here.
 */
export function timeLeft(
  { spec }: Framework,
  disconnectedAt: string | undefined,
  now: number,
  forgivenUntil = 0,
): number | undefined {
  if (disconnectedAt === undefined) return undefined;
  const end = Math.max(Date.parse(disconnectedAt) + durationMs(spec.failoverTimeout), forgivenUntil);
  return Math.max(0, end - now);
}

/** Removes a framework whose failover timeout has passed (Mesos: Master::removeFramework). What it leaves is up to the finalizer. */
export async function remove(
  deps: Dependencies,
  framework: Live<Framework>,
  signal: AbortSignal,
): Promise<void> {
  const { failoverTimeout } = framework.spec;
  const message = `away for longer than its failover timeout of ${failoverTimeout}: its tasks are killed and it is removed`;
  deps.recorder.record(framework, { type: "Warning", reason: "FailoverTimeout", message });
  const { uid } = framework.metadata;
  try {
    await deps.clients.frameworks.delete(framework.metadata, { uid, signal });
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}

/**
 * Kills what a framework that is being deleted has running, and lets it go once all has ended. Tasks and executors of an agent that is
 * away are not waited for: their kill is written, and the agent heeds it when it returns.
 */
export async function finish(
  deps: Dependencies,
  framework: Live<Framework>,
  signal: AbortSignal,
): Promise<void> {
  const { caches, clients, agentLeases, config } = deps;
  const key = keyOf(framework.metadata);
  const tasks = caches.tasks.store.by("liveFramework", key);
  await eachLimited(tasks, WIDTH, async (task) => {
    try {
      await askToKill(deps, task, {}, signal);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  });
  const executors = caches.executors.store.by("liveFramework", key);
  await eachLimited(executors, WIDTH, async (executor) => {
    try {
      await askToShutDown(deps, executor, { message: "the framework is removed" }, signal);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  });
  const offers = caches.offers.store.by("outstandingFramework", key);
  const waitedFor = tasks.filter(({ status }) => status?.unreachableSince === undefined);
  const away = ({ spec }: Live<Executor>) =>
    agentLeases.state(agentLeaseKey(config.namespace, spec.agent)) !== "fresh";
  if (waitedFor.length > 0 || offers.length > 0 || !executors.every(away)) return;
  await removeFinalizer(clients.frameworks, framework, FRAMEWORK_FINALIZER, { signal });
}
