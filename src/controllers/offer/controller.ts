import { durationMs } from "../../api/duration.ts";
import type { Offer } from "../../api/offer.ts";
import { Controller, from, type Result } from "../../cluster/controller.ts";
import { isNotFound } from "../../cluster/errors.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import { isOpenInverse, isOutstanding } from "../caches.ts";
import type { Dependencies, Runnable } from "../dependencies.ts";
import { ignoringConflicts } from "../task/conflicts.ts";
import { offerFramework } from "../world/agentview.ts";
import type { Scheduling } from "../world/scheduling.ts";
import { createAgentSweep } from "./agentsweep.ts";
import { answer, frameworkOf } from "./answers.ts";
import { closeOffer } from "./closer.ts";

/** Answers, expiry and the end of Offers; and what agents no longer have is taken back. */
export function createOfferController(deps: Dependencies, scheduling: Scheduling): Runnable {
  const { caches, logger, clock } = deps;
  const offers = new Controller({
    name: "offer",
    reconcile: ignoringConflicts((key, signal) => reconcile(deps, scheduling, key, signal)),
    sources: [
      from(caches.offers),
      // An Offer whose Framework is deleted without its finalizer.
      from(
        caches.frameworks,
        ({ metadata }) => caches.offers.store.by("outstandingFramework", keyOf(metadata)).map(offerKey),
        ({ type }) => type === "deleted",
      ),
    ],
    workers: 16,
    logger,
    clock,
    breath: deps.breath,
    metrics: deps.controllerMetrics,
  });
  const sweep = createAgentSweep(deps, scheduling);
  return {
    name: "offer",
    run: async (signal) => {
      await Promise.all([offers.run(signal), sweep.run(signal)]);
    },
  };
}

const offerKey = ({ metadata }: Live<Offer>): string => keyOf(metadata);

async function reconcile(
  deps: Dependencies,
  scheduling: Scheduling,
  key: string,
  signal: AbortSignal,
): Promise<Result> {
  const offer = scheduling.assumed.offers.get(key);
  if (offer === undefined || !deps.caches.offers.store.has(key)) return {};
  observe(deps, offer);
  // Asked, judged and closed by the maintenance controller.
  if (isOpenInverse(offer)) return {};
  if (!isOutstanding(offer)) return collect(deps, offer, signal);
  if (offer.metadata.deletionTimestamp !== undefined) return {};
  if (offer.spec.response !== undefined) {
    await answer(deps, scheduling, offer, signal);
    return {};
  }
  if (frameworkOf(deps, offer) === undefined) {
    const message = `the framework ${offer.spec.framework} is gone`;
    const closing = { state: "Rescinded" as const, reason: "FrameworkRemoved", message };
    await closeOffer(deps, scheduling, offer, closing, signal);
    return {};
  }
  const left = Date.parse(offer.spec.expiresAt) - deps.clock.now();
  if (left > 0) return { requeueAfter: left };
  const closing = { state: "Expired" as const, reason: "Expired", message: "not answered in time" };
  await closeOffer(deps, scheduling, offer, closing, signal);
  return {};
}

/** A closed Offer goes after its time. */
async function collect(deps: Dependencies, offer: Live<Offer>, signal: AbortSignal): Promise<Result> {
  const { clients, clock, config } = deps;
  const closedAt = Date.parse(offer.status?.closedAt ?? offer.metadata.creationTimestamp);
  const left = closedAt + durationMs(config.offers.closedTtl) - clock.now();
  if (left > 0) return { requeueAfter: left };
  try {
    await clients.offers.delete(offer.metadata, { uid: offer.metadata.uid, signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  return {};
}

function observe({ caches, metrics }: Dependencies, offer: Live<Offer>): void {
  const framework = offerFramework(offer);
  const outstanding = caches.offers.store.by("outstandingFramework", framework).length;
  metrics.offersOutstanding.set({ framework }, outstanding);
}
