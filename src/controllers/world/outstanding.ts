import type { Offer } from "../../api/offer.ts";
import type { Live } from "../../cluster/object.ts";
import { type Caches, isOutstanding } from "../caches.ts";
import { offerFramework } from "./agentview.ts";
import type { OfferBook } from "./offerbook.ts";

/** Offers that a framework ("namespace/name") has outstanding, as they are: written a moment ago, or never. */
export const outstandingOffers = (
  { offers }: Pick<Caches, "offers">,
  book: OfferBook,
  framework: string,
): readonly Live<Offer>[] =>
  book.with(
    offers.store.by("outstandingFramework", framework),
    (offer) => offerFramework(offer) === framework && isOutstanding(offer),
    { framework },
  );
