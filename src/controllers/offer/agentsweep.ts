import type { Offer } from "../../api/offer.ts";
import { Controller, type Reconciler, type Source } from "../../cluster/controller.ts";
import { isNotFound } from "../../cluster/errors.ts";
import type { Live } from "../../cluster/object.ts";
import { isOutstanding } from "../caches.ts";
import type { Dependencies, RescindRequest, Runnable } from "../dependencies.ts";
import { ignoringConflicts } from "../task/conflicts.ts";
import type { Scheduling } from "../world/scheduling.ts";
import { closeOffer } from "./closer.ts";
import { rescissions } from "./rescind.ts";

/**
 * Takes back the Offers of agents that went, that may not be offered any more or that have shrunk; by agent, as
 * Offers of one agent are judged together.
 */
export function createAgentSweep(deps: Dependencies, scheduling: Scheduling): Runnable {
  const { caches, clock, logger, recorder, rescindRequests } = deps;
  const { assumed, views } = scheduling;
  const requests = new Map<string, RescindRequest>();

  const rescind = async (
    offer: Live<Offer>,
    reason: string,
    message: string,
    signal: AbortSignal,
  ): Promise<void> => {
    try {
      await closeOffer(deps, scheduling, offer, { state: "Rescinded", reason, message }, signal);
      recorder.record(offer, { type: "Normal", reason, message: `rescinded: ${message}` });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  };

  const outstanding = (agent: string) =>
    assumed.offers.with(
      caches.offers.store.by("outstandingAgent", agent),
      (offer) => offer.spec.agent === agent && isOutstanding(offer),
      { agent },
    );

  const reconcile: Reconciler = async (agent, signal) => {
    const request = requests.get(agent);
    const open = outstanding(agent).filter(({ spec }) => spec.response === undefined);
    if (open.length === 0) {
      requests.delete(agent);
      return;
    }
    const view = views.get(agent);
    if (view === undefined) {
      const message = `the agent ${agent} is gone`;
      for (const offer of open) await rescind(offer, "AgentRemoved", message, signal);
      return;
    }
    if (request !== undefined) {
      for (const offer of open) await rescind(offer, request.reason, request.message, signal);
      requests.delete(agent);
      return;
    }
    for (const { offer, reason, message } of rescissions(view)) await rescind(offer, reason, message, signal);
  };

  const changes: Source = {
    synced: caches.offers.synced,
    start: (enqueue) => {
      for (const agent of caches.offers.store.indexed("outstandingAgent")) enqueue(agent);
      return views.onChange((agent) => enqueue(agent));
    },
  };
  const asked: Source = {
    synced: Promise.resolve(),
    start: (enqueue) =>
      rescindRequests.receive((request) => {
        requests.set(request.agent, request);
        enqueue(request.agent);
      }),
  };
  return new Controller({
    name: "offer-agent",
    reconcile: ignoringConflicts(async (agent, signal) => (await reconcile(agent, signal)) ?? {}),
    sources: [changes, asked],
    workers: 8,
    logger,
    clock,
    breath: deps.breath,
    metrics: deps.controllerMetrics,
  });
}
