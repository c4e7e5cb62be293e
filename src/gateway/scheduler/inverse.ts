import type { Offer } from "../../api/offer.ts";
import type { Live } from "../../cluster/object.ts";
import { isOpenInverse } from "../../controllers/caches.ts";

/** What a subscriber is to be told of an inverse offer. */
export type InverseNews = "offered" | "rescinded";

/** Which inverse offers one subscriber has been told of. They are Offer objects, which the maintenance controller makes and closes. */
export class InverseOffers {
  readonly #told = new Map<string, Live<Offer>>();

  /** The offer as it is now, or was when it went. */
  observe(offer: Live<Offer>, gone = false): InverseNews | undefined {
    const { name } = offer.metadata;
    if (!gone && isOpenInverse(offer)) {
      if (offer.spec.response !== undefined || this.#told.has(name)) return undefined;
      this.#told.set(name, offer);
      return "offered";
    }
    return this.#told.delete(name) ? "rescinded" : undefined;
  }

  /** The one that the framework answers, once; undefined: none such is open. */
  answer(id: string): Live<Offer> | undefined {
    const offer = this.#told.get(id);
    this.#told.delete(id);
    return offer;
  }
}
