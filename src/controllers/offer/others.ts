import type { Offer } from "../../api/offer.ts";
import { isConflict, isNotFound } from "../../cluster/errors.ts";
import type { Live } from "../../cluster/object.ts";
import { isOutstanding } from "../caches.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Scheduling } from "../world/scheduling.ts";
import { closeOffer } from "./closer.ts";

/** The Offers that an answer uses beside its own: those that could be had, and why another one could not. */
export interface Claimed {
  readonly offers: readonly Live<Offer>[];
  /** The first that is not there, not this framework's, of another role or agent, or closed. */
  readonly invalid?: string;
}

const TRIES = 5;

/**
 * Closes the other Offers in the name of the one that was answered: from then on nobody can answer or rescind them, and
 * their resources are held through it. As in Mesos one that is no longer valid spoils the whole answer, and the valid ones are used up.
 */
export async function claimOthers(
  deps: Dependencies,
  scheduling: Scheduling,
  offer: Live<Offer>,
  signal: AbortSignal,
): Promise<Claimed> {
  const offers: Live<Offer>[] = [];
  let invalid: string | undefined;
  for (const name of new Set(offer.spec.response?.accept?.otherOffers)) {
    const claimed = await claim(deps, scheduling, offer, name, signal);
    if (typeof claimed === "string") invalid ??= claimed;
    else offers.push(claimed);
  }
  return { offers, ...(invalid !== undefined && { invalid }) };
}

async function claim(
  deps: Dependencies,
  scheduling: Scheduling,
  offer: Live<Offer>,
  name: string,
  signal: AbortSignal,
): Promise<Live<Offer> | string> {
  const { namespace = "" } = offer.metadata;
  let other = scheduling.assumed.offers.get(`${namespace}/${name}`);
  for (let attempt = 1; ; attempt++) {
    try {
      other ??= await deps.clients.offers.get({ namespace, name }, { signal });
      if (other.status?.usedBy === offer.metadata.name) return other;
      const problem = misfit(offer, other);
      if (problem !== undefined) return problem;
      const message = `used together with ${offer.metadata.name}`;
      const closing = { state: "Accepted" as const, usedBy: offer.metadata.name, message };
      return await closeOffer(deps, scheduling, other, closing, signal);
    } catch (error) {
      if (isNotFound(error)) return `the offer ${name} is no longer valid`;
      // Answered, expired or rescinded since it was read: look at it as it is.
      if (!isConflict(error) || attempt === TRIES) throw error;
      other = undefined;
    }
  }
}

function misfit(offer: Live<Offer>, other: Live<Offer>): string | undefined {
  const { name } = other.metadata;
  const { framework, role, agent, response } = other.spec;
  if (framework !== offer.spec.framework) return `the offer ${name} is not this framework's`;
  if (other.spec.inverse) return `the offer ${name} is an inverse one: it has nothing to use`;
  if (!isOutstanding(other) || response !== undefined) return `the offer ${name} is no longer valid`;
  if (agent !== offer.spec.agent) return `the offer ${name} is of another agent`;
  return role === offer.spec.role ? undefined : `the offer ${name} is for another role`;
}
