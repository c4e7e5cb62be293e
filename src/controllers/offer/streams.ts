import type { Offer } from "../../api/offer.ts";
import type { Live } from "../../cluster/object.ts";
import type { Closing } from "./closer.ts";

/** An offer with what its framework is told of it, in that stream's form. */
export interface PreparedOffer<Told = unknown> {
  readonly offer: Live<Offer>;
  readonly told: Told;
}

/** Where the offers of a framework go that has one: it is told of them, and no object is written. */
export interface OfferStream<Told = unknown> {
  /** What takes long of telling an offer; it is not told yet. Must not throw. */
  prepare(offer: Live<Offer>): PreparedOffer<Told>;
  /** New offers of one round, as this stream has prepared them; they are held for the framework until they are closed. Must not throw. */
  offered(offers: readonly PreparedOffer<Told>[]): void;
  /** One of them is closed, whoever closed it. Must not throw. */
  closed(offer: Live<Offer>, closing: Closing): void;
}

/** Frameworks ("namespace/name") that are connected by a stream. The gateway keeps it; the controllers read it. */
export class OfferStreams {
  readonly #streams = new Map<string, OfferStream>();
  readonly #listeners = new Set<(framework: string) => void>();
  readonly #seen = new Set<string>();
  #forgivesUntil: number | undefined;

  /** Whether anybody serves streams here. */
  get served(): boolean {
    return this.#forgivesUntil !== undefined;
  }

  /**
   * Until when (wall clock, ms) a framework that is away is not removed: after a change of the leader each has to find the new
   * one first. 0: it has been here.
   */
  forgivenUntil(framework: string): number {
    if (this.wasHere(framework)) return 0;
    return this.#forgivesUntil ?? Number.POSITIVE_INFINITY;
  }

  /** Whether it has been connected since this replica leads. */
  wasHere(framework: string): boolean {
    return this.#seen.has(framework);
  }

  /** It was removed: one of its name that comes later has not been here. */
  forget(framework: string): void {
    this.#seen.delete(framework);
  }

  /** Told once by who serves, with the time (wall clock, ms) until which all may come back. */
  serve(forgivesUntil: number): void {
    this.#forgivesUntil = forgivesUntil;
  }

  get(framework: string): OfferStream | undefined {
    return this.#streams.get(framework);
  }

  /** Takes the place of the stream that was there. */
  attach(framework: string, stream: OfferStream): void {
    this.#streams.set(framework, stream);
    this.#seen.add(framework);
    this.#tell(framework);
  }

  /** Does nothing if another stream has taken its place. */
  detach(framework: string, stream: OfferStream): void {
    if (this.#streams.get(framework) !== stream) return;
    this.#streams.delete(framework);
    this.#tell(framework);
  }

  /** Calls back with each framework that comes or goes. Answers with how to stop. */
  onChange(listener: (framework: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(framework: string): void {
    for (const listener of this.#listeners) listener(framework);
  }
}
