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
  book.with(offers.store.by("outstandingFramework", framework), outstandingOf(framework), { framework });

/** Those of them that are objects: those of a stream come and go without a write. */
export const writtenOffers = (
  { offers }: Pick<Caches, "offers">,
  book: OfferBook,
  framework: string,
): readonly Live<Offer>[] =>
  book.written(offers.store.by("outstandingFramework", framework), outstandingOf(framework));

/** How many there are: counted, for a framework may have thousands on its stream. */
export const countOutstanding = (
  caches: Pick<Caches, "offers">,
  book: OfferBook,
  framework: string,
): number => writtenOffers(caches, book, framework).length + book.streamedTo(framework);

const outstandingOf = (framework: string) => (offer: Live<Offer>) =>
  offerFramework(offer) === framework && isOutstanding(offer);
