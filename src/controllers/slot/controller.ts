import type { Agent } from "../../api/agent.ts";
import { durationMs } from "../../api/duration.ts";
import { executorHasBegun } from "../../api/executor.ts";
import { SLOT_CONTAINER, SLOT_FINALIZER } from "../../api/group.ts";
import { hasBegun } from "../../api/taskstate.ts";
import { Controller, from, type Result } from "../../cluster/controller.ts";
import type { Pod } from "../../cluster/core.ts";
import { ApiError, isAlreadyExists, isForbidden, isInvalid, isNotFound } from "../../cluster/errors.ts";
import { removeFinalizer } from "../../cluster/finalizers.ts";
import type { Live } from "../../cluster/object.ts";
import { type AgentSnapshot, agentOfLease, takeSnapshot } from "../agent/snapshot.ts";
import type { Dependencies, Runnable } from "../dependencies.ts";
import { endExecutor } from "../executor/write.ts";
import { eachLimited } from "../limited.ts";
import { slotRoom } from "../node/offerable.ts";
import { kubeletSince } from "../node/readiness.ts";
import { ignoringConflicts } from "../task/conflicts.ts";
import { dropState } from "../task/ending.ts";
import { partitionAware, writeTransition } from "../task/write.ts";
import { coming, isAccepted } from "./coming.ts";
import { demandsOf } from "./demand.ts";
import { lifecycleStep } from "./lifecycle.ts";
import { Patience } from "./patience.ts";
import { planSlot, type SlotPlan, type SlotSituation, type SlotTimes, shed } from "./plan.ts";
import { slotPod } from "./pod.ts";
import { describeSize, minimumSize, requestsOf, type Size, sameSize } from "./size.ts";
import { endingOf, isSlot, slotPhase, slotState } from "./state.ts";

const MANAGER = "mesos-operator-slot";
const WORKERS = 8;
/** Tasks of one agent written at a time. */
const WIDTH = 8;
/** Milliseconds: a kubelet answers within one or two seconds; a restart of it, or of containerd, is forgiven. */
const SILENT = 60_000;
const LINGER = 15_000;

/**
 * The slot Pod of each node: made, sized to what the tasks of the node hold, replaced. Launches that the kubelet does not
 * grant are dropped. Keys are names of nodes.
 */
export function createSlotController(deps: Dependencies): Runnable {
  const { caches, config, clients, clock, recorder, logger, slotHolds } = deps;
  const times: SlotTimes = {
    deferred: durationMs(config.slot.deferredTimeout),
    silent: SILENT,
    linger: LINGER,
  };
  const minimum = minimumSize(config.slot.minimum);
  const patience = new Patience(clock);

  async function reconcile(name: string, signal: AbortSignal): Promise<Result> {
    const snapshot = takeSnapshot(deps, name);
    if (snapshot.agent === undefined && snapshot.slot === undefined) {
      patience.forget(name);
      if (snapshot.tasks.length === 0 && snapshot.executors.length === 0) slotHolds.forget(name);
      return {};
    }
    const kept = await advance(snapshot, signal);
    const sized = await resize(snapshot, signal);
    const waits = [kept, sized].filter((after) => after !== undefined);
    return waits.length === 0 ? {} : { requeueAfter: Math.min(...waits) };
  }

  /** The Pod's life; milliseconds after which to look again. */
  async function advance(snapshot: AgentSnapshot, signal: AbortSignal): Promise<number | undefined> {
    const { agent, slot } = snapshot;
    const step = lifecycleStep({
      ...snapshot,
      agentAlive: snapshot.lease === "fresh",
      occupied:
        snapshot.tasks.some(({ status }) => hasBegun(status)) ||
        snapshot.executors.some(({ status }) => executorHasBegun(status)),
      now: clock.now(),
    });
    switch (step.kind) {
      case "create":
        if (agent !== undefined) await create(agent, signal);
        return undefined;
      case "delete":
        if (slot !== undefined) await remove(slot, step.grace, agent, signal);
        return undefined;
      case "release":
        if (slot !== undefined) {
          await removeFinalizer(clients.pods, slot, SLOT_FINALIZER, { signal, fieldManager: MANAGER });
        }
        return undefined;
      case "keep":
        return step.after;
    }
  }

  async function create(agent: Live<Agent>, signal: AbortSignal): Promise<void> {
    try {
      await clients.pods.create(slotPod(agent, config), { fieldManager: MANAGER, signal });
      recorder.record(agent, { type: "Normal", reason: "SlotCreated", message: "made the slot Pod" });
    } catch (error) {
      if (isAlreadyExists(error)) return;
      if (error instanceof ApiError) {
        recorder.record(agent, { type: "Warning", reason: "SlotNotCreated", message: error.message });
      }
      throw error;
    }
  }

  async function remove(
    slot: Live<Pod>,
    gracePeriodSeconds: number,
    agent: Live<Agent> | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const { metadata } = slot;
    if (slotPhase(slot) === "ended" && agent !== undefined) {
      const message = `the slot Pod has ended, another will be made: ${endingOf(slot)}`;
      recorder.record(agent, { type: "Warning", reason: "SlotEnded", message });
    }
    try {
      await clients.pods.delete(metadata, { uid: metadata.uid, gracePeriodSeconds, signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Offers of the agent whose acceptance is being carried out. */
  const accepted = (agent: string) => caches.offers.store.by("outstandingAgent", agent).filter(isAccepted);

  /** The Pod's size; milliseconds after which to look again. */
  async function resize(snapshot: AgentSnapshot, signal: AbortSignal): Promise<number | undefined> {
    const { name, slot, node, pods, tasks, executors } = snapshot;
    const situation: SlotSituation = {
      slot: slotState(slot),
      demands: demandsOf(tasks, executors),
      coming: coming(accepted(name), (uid) => ({
        tasks: caches.tasks.store.by("offer", uid),
        executors: caches.executors.store.by("offer", uid),
      })),
      room: slotRoom(node, pods, config.namespace),
      minimum,
      kubeletSince: kubeletSince(node),
    };
    const waited = (key: string) => patience.waited(name, key);
    const plan = planSlot(situation, waited, times);
    if (plan.kind === "wait") return plan.after;
    if (plan.kind === "shed") await drop(snapshot, plan, signal);
    patience.forget(name);
    if (slot === undefined || plan.kind === "settled" || plan.to === undefined) return undefined;
    if (sameSize(plan.to, situation.slot.asked)) return undefined;
    await ask(snapshot, slot, situation, plan.to, signal);
    return undefined;
  }

  /** Asks for the size; what the API server will not have is dropped as if the kubelet had said so. */
  async function ask(
    snapshot: AgentSnapshot,
    slot: Live<Pod>,
    situation: SlotSituation,
    to: Size,
    signal: AbortSignal,
  ): Promise<void> {
    const { uid, resourceVersion } = slot.metadata;
    const containers = [{ name: SLOT_CONTAINER, resources: { requests: requestsOf(to) } }];
    try {
      await clients.pods.strategicPatch(
        slot.metadata,
        { metadata: { uid, resourceVersion }, spec: { containers } },
        { subresource: "resize", fieldManager: MANAGER, signal },
      );
      logger.debug({ agent: snapshot.name, size: describeSize(to) }, "asked for a resize");
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const plan = shed(situation, "ResizeRefused", error.message);
      if (plan.kind !== "shed") throw error;
      await drop(snapshot, plan, signal);
    }
  }

  async function drop(
    { name, agent }: AgentSnapshot,
    plan: Extract<SlotPlan, { kind: "shed" }>,
    signal: AbortSignal,
  ): Promise<void> {
    const { obstacle, message } = plan;
    slotHolds.refused(name);
    deps.rescindOffers({ agent: name, reason: obstacle, message });
    const tasks = plan.drop.flatMap((demand) => demand.tasks);
    if (agent) {
      const text = `launches dropped: ${tasks.length}; ${message}`;
      recorder.record(agent, { type: "Warning", reason: obstacle, message: text });
    }
    const executors = plan.drop.flatMap((demand) => demand.executors);
    await eachLimited(executors, WIDTH, async (executor) => {
      await endExecutor(deps, executor, { reason: "REASON_RESOURCES_UNKNOWN", message }, signal);
    });
    await eachLimited(tasks, WIDTH, async (task) => {
      const state = dropState(partitionAware(deps, task));
      await writeTransition(deps, task, { state, reason: "REASON_RESOURCES_UNKNOWN", message }, signal);
      recorder.record(task, { type: "Warning", reason: obstacle, message });
    });
  }

  return new Controller({
    name: "slot",
    reconcile: ignoringConflicts(reconcile),
    sources: [
      from(caches.agents),
      from(caches.nodes, ({ metadata }) => [metadata.name]),
      from(
        caches.pods,
        ({ spec }) => (spec?.nodeName === undefined ? [] : [spec.nodeName]),
        ({ object }) => isSlot(object, config.namespace),
      ),
      from(caches.tasks, ({ spec }) => (spec.agent === undefined ? [] : [spec.agent])),
      from(caches.executors, ({ spec }) => [spec.agent]),
      from(
        caches.offers,
        ({ spec }) => [spec.agent],
        ({ object }) => isAccepted(object),
      ),
      {
        synced: caches.leases.synced,
        start: (enqueue) =>
          deps.agentLeases.onChange((key) => {
            const agent = agentOfLease(config.namespace, key);
            if (agent !== undefined) enqueue(agent);
          }),
      },
    ],
    workers: WORKERS,
    logger,
    clock,
    breath: deps.breath,
    metrics: deps.controllerMetrics,
  });
}

/** The admission of pods/resize names its cause (more than the node has, no Linux); a refusal by RBAC has none. */
function isRefusal(error: unknown): error is ApiError {
  if (isInvalid(error)) return true;
  return isForbidden(error) && (error.status.details?.causes ?? []).length > 0;
}
