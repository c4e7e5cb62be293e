import type { Offer, OfferStatus } from "../../api/offer.ts";
import type { Live } from "../../cluster/object.ts";
import type { Dependencies } from "../dependencies.ts";
import { offerFramework } from "../world/agentview.ts";
import type { OfferBook } from "../world/offerbook.ts";
import type { Scheduling } from "../world/scheduling.ts";

/** Field manager of Offer.status. */
export const OFFER_MANAGER = "mesos-operator";

type ClosedState = Exclude<NonNullable<OfferStatus["state"]>, "Outstanding">;

export interface Closing extends Pick<OfferStatus, "reason" | "message" | "operations" | "usedBy"> {
  readonly state: ClosedState;
}

/** What the API takes in a status message. */
const LONGEST_MESSAGE = 4096;

/**
 * Closes an Offer as it was read: if it has been answered or closed since, this rejects with a conflict and nothing has happened.
 * So exactly one of an answer and a rescission wins; the API server refuses an answer that comes later.
 */
export async function closeOffer(
  deps: Dependencies,
  { assumed }: Pick<Scheduling, "assumed">,
  offer: Live<Offer>,
  closing: Closing,
  signal: AbortSignal,
): Promise<Live<Offer>> {
  if (assumed.offers.isStreamed(offer)) return closeStreamed(deps, assumed.offers, offer, closing);
  const { clients, clock, logger, metrics } = deps;
  const { message } = closing;
  const status = {
    ...closing,
    ...(message !== undefined && { message: message.slice(0, LONGEST_MESSAGE) }),
    closedAt: new Date(clock.now()).toISOString(),
  };
  // As a whole, with the version that was read: less work for the API server than a patch, and as conditional.
  const whole = { ...offer, status: { ...offer.status, ...status } };
  const closed = await clients.offers.updateStatus(whole, { fieldManager: OFFER_MANAGER, signal });
  assumed.offers.assume(closed);
  if (!offer.spec.inverse) metrics.offersClosed.inc({ state: closing.state });
  const { name } = offer.metadata;
  logger.debug(
    { offer: name, framework: offerFramework(offer), state: closing.state, reason: closing.reason },
    "closed an offer",
  );
  return closed;
}

/** One that was never written: its framework's stream is told. */
function closeStreamed(
  { clock, metrics, offerStreams }: Dependencies,
  offers: OfferBook,
  offer: Live<Offer>,
  closing: Closing,
): Live<Offer> {
  offers.close(offer);
  metrics.offersClosed.inc({ state: closing.state });
  offerStreams.get(offerFramework(offer))?.closed(offer, closing);
  return { ...offer, status: { ...closing, closedAt: new Date(clock.now()).toISOString() } };
}
