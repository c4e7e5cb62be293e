import type { Offer } from "../api/offer.ts";
import type { Reflector } from "../cluster/reflector.ts";
import type { Change } from "../cluster/store.ts";
import { attributesFromSpec, fromSpec } from "../resources/index.ts";
import type { InverseOffer, OfferedResources, Scheduler } from "./scheduler.ts";

export interface OfferCallbacks {
  offers(offers: readonly OfferedResources[]): void;
  rescinded(offerId: string): void;
  inverse(offers: readonly InverseOffer[]): void;
  inverseRescinded(offerId: string): void;
  operations(offerId: string, results: Parameters<NonNullable<Scheduler["offerOperations"]>>[2]): void;
}

const outstanding = (offer: Offer): boolean =>
  offer.spec.response === undefined && (offer.status?.state ?? "Outstanding") === "Outstanding";

/** An Offer object in the form that `resourceOffers` gets. */
export function toOffered(offer: Offer): OfferedResources {
  const unavailability = windowOf(offer);
  return {
    id: offer.metadata.name,
    role: offer.spec.role,
    agent: offer.spec.agent,
    hostname: offer.spec.hostname ?? offer.spec.agent,
    resources: fromSpec(offer.spec.resources),
    attributes: attributesFromSpec(offer.spec.attributes ?? []),
    expiresAt: new Date(offer.spec.expiresAt),
    revocable: offer.spec.revocable ?? false,
    ...(unavailability && { unavailability }),
  };
}

/** An inverse one in the form that `inverseOffers` gets. The API server refuses one without a window. */
export function toInverse(offer: Offer): InverseOffer[] {
  const { agent, hostname = agent, resources } = offer.spec;
  const unavailability = windowOf(offer);
  if (unavailability === undefined) return [];
  return [{ id: offer.metadata.name, agent, hostname, resources: fromSpec(resources), unavailability }];
}

function windowOf({ spec: { unavailability } }: Offer): InverseOffer["unavailability"] | undefined {
  if (unavailability === undefined) return undefined;
  const { start, duration } = unavailability;
  return { start: new Date(start), ...(duration !== undefined && { duration }) };
}

/**
 * Turns the changes of Offer objects into callbacks: each offer is handed out once, taken back at
 * most once, and its results are told once. Offers that arrive together are handed out together.
 */
export class OfferStream {
  readonly #callbacks: OfferCallbacks;
  readonly #handedOut = new Set<string>();
  readonly #answered = new Set<string>();
  #batch: Offer[] = [];

  constructor(callbacks: OfferCallbacks) {
    this.#callbacks = callbacks;
  }

  attach(reflector: Reflector<Offer>): () => void {
    return reflector.onChange((change) => this.observe(change));
  }

  /** The framework has answered this one: it is not to be rescinded any more. */
  answered(offerId: string): void {
    this.#answered.add(offerId);
    this.#batch = this.#batch.filter((offer) => offer.metadata.name !== offerId);
  }

  /** Told after a disconnection: what is still outstanding shall be handed out again. */
  forget(): void {
    this.#handedOut.clear();
  }

  observe(change: Change<Offer>): void {
    const { object } = change;
    const id = object.metadata.name;
    if (change.type === "deleted") {
      this.#close(object);
      return;
    }
    if (outstanding(object)) {
      this.#hand(object);
      return;
    }
    const before = change.type === "updated" ? change.old.status?.state : undefined;
    const state = object.status?.state;
    if (state === "Rescinded" || state === "Expired") this.#close(object);
    if (state === "Accepted" && !object.spec.inverse && change.type === "updated" && before !== state) {
      this.#callbacks.operations(id, object.status?.operations ?? []);
    }
  }

  #hand(offer: Offer): void {
    const id = offer.metadata.name;
    if (this.#handedOut.has(id) || this.#answered.has(id)) return;
    this.#handedOut.add(id);
    this.#batch.push(offer);
    if (this.#batch.length > 1) return;
    queueMicrotask(() => {
      const batch = this.#batch;
      this.#batch = [];
      const offers = batch.filter(({ spec }) => !spec.inverse).map(toOffered);
      const inverse = batch.filter(({ spec }) => spec.inverse).flatMap(toInverse);
      if (offers.length > 0) this.#callbacks.offers(offers);
      if (inverse.length > 0) this.#callbacks.inverse(inverse);
    });
  }

  #close({ metadata: { name: id }, spec }: Offer): void {
    const waiting = this.#batch.some((offer) => offer.metadata.name === id);
    this.#batch = this.#batch.filter((offer) => offer.metadata.name !== id);
    const told = this.#handedOut.delete(id) && !waiting;
    if (told && !this.#answered.has(id)) {
      if (spec.inverse) this.#callbacks.inverseRescinded(id);
      else this.#callbacks.rescinded(id);
    }
    this.#answered.delete(id);
  }
}
