import type { Offer } from "../../api/offer.ts";
import { isConflict, isNotFound } from "../../cluster/errors.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import { isUnanswered } from "../caches.ts";
import type { Dependencies } from "../dependencies.ts";
import { eachLimited } from "../limited.ts";
import type { Scheduling } from "../world/scheduling.ts";
import { type Closing, closeOffer } from "./closer.ts";

const WIDTH = 16;

/** All offers that are outstanding and not answered, those of an allocation that is under way too: it is waited for. */
export async function unansweredOffers(
  { caches }: Dependencies,
  { assumed, rounds }: Scheduling,
): Promise<Live<Offer>[]> {
  await rounds.ended();
  return assumed.offers.with([...caches.offers.store.values()], () => true).filter(isUnanswered);
}

/** Rescinds these Offers, but those that are answered or closed meanwhile: what else has changed of one is no reason to leave it. */
export async function takeBack(
  deps: Dependencies,
  scheduling: Scheduling,
  offers: readonly Live<Offer>[],
  why: Pick<Closing, "reason" | "message">,
  signal: AbortSignal,
): Promise<void> {
  const { assumed } = scheduling;
  const closing = { state: "Rescinded" as const, ...why };
  await eachLimited(offers, WIDTH, async (offer) => {
    const isStreamed = assumed.offers.isStreamed(offer);
    for (let now: Live<Offer> | undefined = offer; now !== undefined && isUnanswered(now); ) {
      try {
        await closeOffer(deps, scheduling, now, closing, signal);
        return;
      } catch (error) {
        if (isNotFound(error)) return;
        if (!isConflict(error)) throw error;
        now = isStreamed ? assumed.offers.get(keyOf(offer.metadata)) : await newest(deps, offer, signal);
      }
    }
  });
}

async function newest({ clients }: Dependencies, { metadata }: Live<Offer>, signal: AbortSignal) {
  try {
    const offer = await clients.offers.get(metadata, { signal });
    return offer.metadata.uid === metadata.uid ? offer : undefined;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
