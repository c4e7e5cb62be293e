import type { Agent } from "../../api/agent.ts";
import { durationMs } from "../../api/duration.ts";
import { AGENT_FINALIZER } from "../../api/group.ts";
import type { Offer } from "../../api/offer.ts";
import type { Reservation } from "../../api/reservation.ts";
import { Controller, from, type Result, type Source } from "../../cluster/controller.ts";
import { isNotFound } from "../../cluster/errors.ts";
import { addFinalizer, removeFinalizer } from "../../cluster/finalizers.ts";
import type { Live } from "../../cluster/object.ts";
import { timestamp } from "../../cluster/time.ts";
import type { Dependencies, Runnable } from "../dependencies.ts";
import { absenceEnd, isDoneWith } from "../executor/ending.ts";
import { askToShutDown, endExecutor } from "../executor/write.ts";
import { eachLimited } from "../limited.ts";
import { offerable } from "../node/offerable.ts";
import { Patience } from "../slot/patience.ts";
import { slotPhase } from "../slot/state.ts";
import { ignoringConflicts } from "../task/conflicts.ts";
import { askToKill, partitionAware, writeTransition } from "../task/write.ts";
import { holdings } from "../world/holdings.ts";
import { type Drain, drainOf, drainStep } from "./drain.ts";
import { absenceTransition } from "./liveness.ts";
import { isOverbooked } from "./overbooking.ts";
import { type Presence, presenceOf } from "./presence.ts";
import { StatusPublisher } from "./publisher.ts";
import { removalStep } from "./removal.ts";
import { type AgentSnapshot, agentLeaseKey, agentOfLease, takeSnapshot } from "./snapshot.ts";
import { heldNow, operatorStatus } from "./status.ts";

const MANAGER = "mesos-operator";
const WORKERS = 8;
/** Tasks of one agent written at a time. */
const WIDTH = 8;

/**
 * Agents: their status, and what becomes of their tasks when they are away, gone or drained. Keys are names of agents,
 * of those too that have no object any more.
 */
export function createAgentController(deps: Dependencies): Runnable {
  const { caches, config, clients, clock, recorder, logger, slotHolds } = deps;
  const timeout = durationMs(config.agents.timeout);
  const absences = new Patience(clock);
  const publisher = new StatusPublisher(deps);
  const states = new Map<string, string>();

  async function reconcile(name: string, signal: AbortSignal): Promise<Result> {
    const snapshot = takeSnapshot(deps, name);
    const { agent, slot, tasks, executors } = snapshot;
    if (agent === undefined && tasks.length === 0 && executors.length === 0) {
      forget(name);
      return {};
    }
    const absentFor = snapshot.lease === "absent" ? absences.waited(name, "no Lease") : 0;
    if (snapshot.lease !== "absent") absences.forget(name);
    const presence = presenceOf({ ...snapshot, absentFor, timeout });
    const drain = drainOf(agent, slot, clock.now());
    const after: number[] = [];
    if (snapshot.lease === "absent" && absentFor < timeout) after.push(timeout - absentFor);

    await settleTasks(snapshot, presence, drain, signal);
    await settleExecutors(snapshot, presence, drain, signal);
    if (agent !== undefined) {
      await remove(snapshot, agent, presence, signal);
      const left = await offerAndPublish(snapshot, agent, drain, signal);
      if (left !== undefined) after.push(left);
    }
    return after.length === 0 ? {} : { requeueAfter: Math.min(...after) };
  }

  function settleTasks(
    snapshot: AgentSnapshot,
    presence: Presence,
    drain: Drain | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const now = timestamp(clock.now());
    const slotEnded = slotPhase(snapshot.slot) === "ended";
    return eachLimited(snapshot.tasks, WIDTH, async (task) => {
      const aware = partitionAware(deps, task);
      const lost = absenceTransition(task, { presence, slotEnded, partitionAware: aware, now });
      const step = lost
        ? ({ kind: "end", transition: lost } as const)
        : drain && drainStep(task, drain, aware);
      if (step === undefined) return;
      if (step.kind === "kill") {
        const { gracePeriod } = step;
        await askToKill(deps, task, gracePeriod === undefined ? {} : { gracePeriod }, signal);
        recorder.record(task, { type: "Normal", reason: "Draining", message: `killed: ${drain?.cause}` });
        return;
      }
      const { transition } = step;
      await writeTransition(deps, task, transition, signal);
      recorder.record(task, {
        type: "Warning",
        reason: eventReason(transition.state),
        message: transition.message,
      });
    });
  }

  function settleExecutors(
    snapshot: AgentSnapshot,
    presence: Presence,
    drain: Drain | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const slotEnded = slotPhase(snapshot.slot) === "ended";
    return eachLimited(snapshot.executors, WIDTH, async (executor) => {
      const lost = absenceEnd(executor, { presence, slotEnded });
      if (lost !== undefined) {
        await endExecutor(deps, executor, lost, signal);
        recorder.record(executor, { type: "Warning", reason: "Gone", message: lost.message });
      } else if (drain !== undefined && isDoneWith(executor, snapshot.tasks)) {
        await askToShutDown(deps, executor, { message: `the agent is drained: ${drain.cause}` }, signal);
      }
    });
  }

  async function remove(
    snapshot: AgentSnapshot,
    agent: Live<Agent>,
    presence: Presence,
    signal: AbortSignal,
  ): Promise<void> {
    const { metadata } = agent;
    switch (removalStep(snapshot, presence)) {
      case "hold":
        await addFinalizer(clients.agents, agent, AGENT_FINALIZER, { signal, fieldManager: MANAGER });
        return;
      case "release":
        await removeFinalizer(clients.agents, agent, AGENT_FINALIZER, { signal, fieldManager: MANAGER });
        return;
      case "delete":
        await ignoringAbsence(clients.agents.delete(metadata, { uid: metadata.uid, signal }));
        await ignoringAbsence(clients.leases.delete(leaseRef(metadata.name), { signal }));
        return;
      case "keep":
    }
  }

  const leaseRef = (name: string) => {
    const [namespace = "", lease = ""] = agentLeaseKey(config.namespace, name).split("/");
    return { namespace, name: lease };
  };

  /** Takes offers back that the agent cannot keep, wakes the allocator when it can be offered again, tells of it all in status. */
  async function offerAndPublish(
    snapshot: AgentSnapshot,
    agent: Live<Agent>,
    drain: Drain | undefined,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const { name, tasks, executors, offers } = snapshot;
    const node = offerable({ ...snapshot, agent }, config);
    const rests = slotHolds.remaining(name);
    const held = heldNow(node, rests);
    if (held && offers.length > 0) deps.rescindOffers({ agent: name, ...held });
    else if (isOverbooked(node.offerable, [...tasks, ...executors].map(holdings), offers)) {
      const message = "other Pods have come to the node: what was offered is not free any more";
      deps.rescindOffers({ agent: name, reason: "ResourcesChanged", message });
    }
    observeState(name, held?.reason ?? "Offered");
    if (agent.metadata.deletionTimestamp !== undefined) return undefined;
    const now = timestamp(clock.now());
    const status = operatorStatus({ agent, snapshot, node, drain, rests, now }, config);
    const left = await publisher.publish(agent, status, signal);
    const waits = [...(rests > 0 ? [rests] : []), ...(left === undefined ? [] : [left])];
    return waits.length === 0 ? undefined : Math.min(...waits);
  }

  function observeState(name: string, state: string): void {
    const before = states.get(name);
    if (before === state) return;
    states.set(name, state);
    if (before !== undefined) deps.metrics.agents.dec({ state: before });
    deps.metrics.agents.inc({ state });
    if (state === "Offered") deps.requestAllocation("AgentChanged");
  }

  function forget(name: string): void {
    absences.forget(name);
    publisher.forget(name);
    const state = states.get(name);
    if (state !== undefined) deps.metrics.agents.dec({ state });
    states.delete(name);
  }

  const controller = new Controller({
    name: "agent",
    reconcile: ignoringConflicts(reconcile),
    sources: [
      from(caches.agents),
      from(caches.nodes, ({ metadata }) => [metadata.name]),
      from(caches.pods, ({ spec }) => one(spec?.nodeName)),
      from(caches.tasks, ({ spec }) => one(spec.agent)),
      from(caches.executors, ({ spec }) => [spec.agent]),
      from(caches.offers, ({ spec }: Live<Offer>) => [spec.agent]),
      from(caches.reservations, reservedOn),
      leaseSource(deps),
    ],
    workers: WORKERS,
    logger,
    clock,
    breath: deps.breath,
    metrics: deps.controllerMetrics,
  });
  return controller;
}

const one = (name: string | undefined): string[] => (name === undefined ? [] : [name]);

const reservedOn = ({ spec, status }: Live<Reservation>): string[] => [
  ...one(spec.agent),
  ...(status?.reserved ?? []).map(({ agent }) => agent),
];

function leaseSource({ agentLeases, caches, config }: Dependencies): Source {
  return {
    synced: caches.leases.synced,
    start: (enqueue) =>
      agentLeases.onChange((key) => {
        const agent = agentOfLease(config.namespace, key);
        if (agent !== undefined) enqueue(agent);
      }),
  };
}

const EVENT_REASONS: Readonly<Record<string, string>> = {
  TASK_UNREACHABLE: "Unreachable",
  TASK_GONE: "Gone",
  TASK_GONE_BY_OPERATOR: "Gone",
  TASK_DROPPED: "Dropped",
};
const eventReason = (state: string): string => EVENT_REASONS[state] ?? "Lost";

async function ignoringAbsence(call: Promise<void>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
