import { randomUUID } from "node:crypto";
import type { PlannedOffer } from "../../allocator/index.ts";
import type { Offer } from "../../api/offer.ts";
import type { Live } from "../../cluster/object.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Scheduling } from "../world/scheduling.ts";
import { offerObject } from "./offerobject.ts";

/** Offers told at one go: 10 KiB each of what the collector has to do with. */
const TOGETHER = 16;

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
    let made: Live<Offer>[] = [];
    for (const one of list) {
      const offer = streamable(deps, scheduling, one, revocable.has(one));
      if (offer !== undefined) made.push(offer);
      if (made.length < TOGETHER && !breath.isDue) continue;
      hand(deps, scheduling, key, made);
      made = [];
      if (breath.isDue) await breath.take();
    }
    hand(deps, scheduling, key, made);
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
  framework: string,
  offers: readonly Live<Offer>[],
): void {
  const stream = offerStreams.get(framework);
  if (stream === undefined || offers.length === 0) return;
  for (const offer of offers) assumed.offers.open(offer);
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
