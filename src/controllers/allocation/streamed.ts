import { randomUUID } from "node:crypto";
import type { PlannedOffer } from "../../allocator/index.ts";
import type { Offer } from "../../api/offer.ts";
import type { Live } from "../../cluster/object.ts";
import type { Dependencies } from "../dependencies.ts";
import type { OfferStream, PreparedOffer } from "../offer/streams.ts";
import type { Scheduling } from "../world/scheduling.ts";
import { offerObject } from "./offerobject.ts";

/** Offers in one event: a framework answers event by event. */
const TOGETHER = 200;

/**
 * Hands out the planned offers of frameworks that have a stream: held in memory, told on the stream, never written. Answers with
 * the others. One whose framework's stream has ended since is dropped: it will be planned for somebody else. Many are handed out bit by
 * bit, with a turn for others between.
 */
export async function streamOffers(
  deps: Dependencies,
  scheduling: Scheduling,
  planned: readonly PlannedOffer[],
  revocable: ReadonlySet<PlannedOffer> = new Set(),
): Promise<readonly PlannedOffer[]> {
  const { breath, caches } = deps;
  const rest: PlannedOffer[] = [];
  for (const [key, list] of Map.groupBy(planned, ({ framework }) => framework)) {
    if (caches.frameworks.store.get(key)?.spec.connection.type !== "Gateway") {
      rest.push(...list);
      continue;
    }
    const stream = deps.offerStreams.get(key);
    if (stream === undefined) continue;
    let prepared: PreparedOffer[] = [];
    for (const one of list) {
      if (deps.offerStreams.get(key) !== stream) break;
      const offer = streamable(deps, scheduling, one, revocable.has(one));
      if (offer !== undefined) prepared.push(stream.prepare(offer));
      if (prepared.length === TOGETHER) {
        hand(deps, scheduling, stream, key, prepared);
        prepared = [];
      }
      if (breath.isDue) await breath.take();
    }
    hand(deps, scheduling, stream, key, prepared);
  }
  return rest;
}

/** The offer as its framework is told of it; undefined if one of its parties has gone. */
function streamable(
  { caches, clock, config }: Dependencies,
  { views }: Scheduling,
  planned: PlannedOffer,
  revocable: boolean,
): Live<Offer> | undefined {
  const framework = caches.frameworks.store.get(planned.framework);
  const agent = caches.agents.store.get(planned.agent);
  const state = views.get(planned.agent)?.state;
  if (framework === undefined || agent === undefined || state === undefined) return undefined;
  const now = clock.now();
  const known = { framework, agent, state, knownOffers: [], now, defaultTimeout: config.offers.timeout };
  const uid = randomUUID();
  return alive(offerObject(planned, { ...known, revocable }, `o-${uid}`), uid, now);
}

function hand(
  { logger, offerStreams }: Dependencies,
  { assumed }: Scheduling,
  stream: OfferStream,
  framework: string,
  offers: readonly PreparedOffer[],
): void {
  if (offers.length === 0 || offerStreams.get(framework) !== stream) return;
  for (const { offer } of offers) assumed.offers.open(offer);
  logger.debug({ framework, offers: offers.length }, "streams offers");
  stream.offered(offers);
}

/** As if the API server had stored it. No two have one name: nobody makes them a second time. */
function alive(offer: Offer, uid: string, now: number): Live<Offer> {
  const creationTimestamp = new Date(now).toISOString();
  const { name = "", namespace, labels, ownerReferences = [] } = offer.metadata;
  return {
    ...offer,
    metadata: {
      name,
      uid,
      resourceVersion: "1",
      creationTimestamp,
      ...(namespace !== undefined && { namespace }),
      ...(labels !== undefined && { labels }),
      ownerReferences,
    },
  };
}
