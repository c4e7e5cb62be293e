import type { Offer, OfferResponse } from "../../api/offer.ts";
import { ApiError } from "../../cluster/errors.ts";
import { Groups } from "../../cluster/groups.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import { Resources, toSpec } from "../../resources/index.ts";
import { offerResources } from "./agentview.ts";
import { Assumptions } from "./assumptions.ts";

/** Which offers are asked for, when the asker knows: saves looking at all. */
export interface OfferSelection {
  readonly agent?: string;
  /** "namespace/name". */
  readonly framework?: string;
}

/**
 * Offers as they are: those that were written and the cache may not show yet, and those to frameworks with a stream, which live
 * here alone. All have the form of the object, so that one code judges and carries out both.
 */
export class OfferBook extends Assumptions<Offer> {
  readonly #streamed = new Map<string, Live<Offer>>();
  readonly #byAgent = new Groups();
  readonly #byFramework = new Groups();

  isStreamed(offer: Live<Offer>): boolean {
    return this.#streamed.has(keyOf(offer.metadata));
  }

  /** Offers that no cache has. */
  *streamed({ agent, framework }: OfferSelection = {}): Generator<Live<Offer>, void> {
    if (agent === undefined && framework === undefined) return yield* this.#streamed.values();
    const keys = agent === undefined ? this.#byFramework.of(framework ?? "") : this.#byAgent.of(agent);
    for (const key of keys) {
      const offer = this.#streamed.get(key);
      if (offer !== undefined) yield offer;
    }
  }

  /** How many offers to the framework ("namespace/name") no cache has. */
  streamedTo(framework: string): number {
    return this.#byFramework.count(framework);
  }

  /** Offers that are objects: what `with` answers without those on streams. */
  written(cached: readonly Live<Offer>[], belongs: (offer: Live<Offer>) => boolean): readonly Live<Offer>[] {
    return super.with(cached, belongs);
  }

  /** A new offer that is never written. */
  open(offer: Live<Offer>): void {
    const key = keyOf(offer.metadata);
    this.#streamed.set(key, offer);
    this.#byAgent.add(offer.spec.agent, key);
    this.#byFramework.add(frameworkOf(offer), key);
    this.announce(offer);
  }

  /**
   * With the framework's response, and with the resources of offers that are used together with it: those are given up. Throws a
   * conflict, and nothing has happened, if one of them is not the offer as it is.
   */
  respond(offer: Live<Offer>, response: OfferResponse, others: readonly Live<Offer>[] = []): Live<Offer> {
    for (const one of [offer, ...others]) this.#mustBe(one);
    for (const other of others) this.close(other);
    const { metadata, spec } = offer;
    const resourceVersion = String(Number(metadata.resourceVersion) + 1);
    const all = Resources.sum([offer, ...others].map(offerResources));
    const resources = others.length === 0 ? spec.resources : toSpec(all);
    const answered = {
      ...offer,
      metadata: { ...metadata, resourceVersion },
      spec: { ...spec, resources, response },
    };
    this.open(answered);
    return answered;
  }

  /** Gives the offer up. Throws a conflict if `offer` is not the offer as it is: it was answered, or closed. */
  close(offer: Live<Offer>): void {
    this.#mustBe(offer);
    const key = keyOf(offer.metadata);
    this.#streamed.delete(key);
    this.#byAgent.remove(offer.spec.agent, key);
    this.#byFramework.remove(frameworkOf(offer), key);
    this.announce(offer);
  }

  override get(key: string): Live<Offer> | undefined {
    return this.#streamed.get(key) ?? super.get(key);
  }

  override with(
    cached: readonly Live<Offer>[],
    belongs: (offer: Live<Offer>) => boolean,
    selection?: OfferSelection,
  ): readonly Live<Offer>[] {
    const written = this.written(cached, belongs);
    if (this.#streamed.size === 0) return written;
    const streamed = [...this.streamed(selection)].filter(belongs);
    return streamed.length === 0 ? written : [...written, ...streamed];
  }

  #mustBe({ metadata }: Live<Offer>): void {
    const now = this.#streamed.get(keyOf(metadata));
    if (now?.metadata.resourceVersion === metadata.resourceVersion) return;
    const message = `the offer ${metadata.name} was answered or closed meanwhile`;
    throw new ApiError(`offer ${metadata.name}`, 409, { reason: "Conflict", message });
  }
}

const frameworkOf = ({ metadata, spec }: Live<Offer>): string =>
  `${metadata.namespace ?? ""}/${spec.framework}`;
