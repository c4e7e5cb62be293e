import { randomUUID } from "node:crypto";
import type { PlannedOffer } from "../../allocator/index.ts";
import type { Offer } from "../../api/offer.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Scheduling } from "../world/scheduling.ts";
import { Breath } from "./breath.ts";
import { offerObject } from "./offerobject.ts";

/**
 * Hands out the planned offers of frameworks that have a stream: held in memory, told on the stream, never written. Answers with
 * the others. One whose framework's stream has ended since is dropped: it will be planned for somebody else. Thousands may come of one round:
 * others have their turn between frameworks.
 */
export async function streamOffers(
  deps: Dependencies,
  { assumed, views }: Scheduling,
  planned: readonly PlannedOffer[],
  revocable: ReadonlySet<PlannedOffer> = new Set(),
): Promise<readonly PlannedOffer[]> {
  const { caches, offerStreams } = deps;
  const byFramework = Map.groupBy(planned, ({ framework }) => framework);
  const rest: PlannedOffer[] = [];
  const breath = new Breath(deps.clock);
  for (const [key, list] of byFramework) {
    await breath.take();
    const framework = caches.frameworks.store.get(key);
    if (framework?.spec.connection.type !== "Gateway") {
      rest.push(...list);
      continue;
    }
    const stream = offerStreams.get(key);
    if (stream === undefined) continue;
    const offers = list.flatMap((one): Live<Offer>[] => {
      const agent = caches.agents.store.get(one.agent);
      const state = views.get(one.agent)?.state;
      if (agent === undefined || state === undefined) return [];
      const { timeout } = deps.config.offers;
      const now = deps.clock.now();
      const known = { framework, agent, state, knownOffers: [], now, defaultTimeout: timeout };
      const context = { ...known, revocable: revocable.has(one) };
      return [alive(offerObject(one, context), now)];
    });
    for (const offer of offers) assumed.offers.open(offer);
    deps.logger.debug({ framework: keyOf(framework.metadata), offers: offers.length }, "streams offers");
    stream.offered(offers);
  }
  return rest;
}

/** As if the API server had stored it. No two have one name: nobody makes them a second time. */
function alive(offer: Offer, now: number): Live<Offer> {
  const uid = randomUUID();
  const creationTimestamp = new Date(now).toISOString();
  const { namespace, labels, ownerReferences = [] } = offer.metadata;
  return {
    ...offer,
    metadata: {
      name: `o-${uid}`,
      uid,
      resourceVersion: "1",
      creationTimestamp,
      ...(namespace !== undefined && { namespace }),
      ...(labels !== undefined && { labels }),
      ownerReferences,
    },
  };
}
