import type { Executor } from "../../api/executor.ts";
import type { Offer } from "../../api/offer.ts";
import type { Task } from "../../api/task.ts";
import type { Live } from "../../cluster/object.ts";
import { Resources } from "../../resources/index.ts";
import { type OfferHold, offerResources } from "./agentview.ts";
import { holdings } from "./holdings.ts";

/** How an Offer's companions and offspring are found. */
export interface OfferRelatives {
  /** The Offer of that name in the namespace. */
  readonly offer: (namespace: string, name: string) => Live<Offer> | undefined;
  /** Tasks made from the Offer, ended or not. */
  readonly tasks: (uid: string) => readonly Live<Task>[];
  /** Executors made from the Offer, ended or not. */
  readonly executors: (uid: string) => readonly Live<Executor>[];
}

/** Operations that change what an agent's resources are, not only who holds them. */
const CHANGES_RESERVATIONS: ReadonlySet<string> = new Set(["RESERVE", "UNRESERVE", "CREATE", "DESTROY"]);

/** Whether the agent's reservations are being changed by the answer to an Offer that has not been closed yet. */
export const changesReservations = ({ spec }: Offer): boolean =>
  spec.response?.accept?.operations?.some(({ type }) => CHANGES_RESERVATIONS.has(type)) ?? false;

/**
 * What outstanding Offers keep from others. While an answer is carried out, that is what its tasks and executors have not taken over yet,
 * together with the Offers that it uses too: those are closed already.
 */
export function offerHolds(offers: readonly Live<Offer>[], relatives: OfferRelatives): OfferHold[] {
  return offers.map((offer) => {
    const own = offerResources(offer);
    const accept = offer.spec.response?.accept;
    if (accept === undefined) return { offer, resources: own };
    const namespace = offer.metadata.namespace ?? "";
    const used = (accept.otherOffers ?? [])
      .map((name) => relatives.offer(namespace, name))
      .filter((other) => other?.status?.usedBy === offer.metadata.name);
    const all = Resources.sum([
      own,
      ...used.map((other) => (other ? offerResources(other) : Resources.empty)),
    ]);
    const { uid } = offer.metadata;
    const taken = Resources.sum([...relatives.tasks(uid), ...relatives.executors(uid)].map(holdings));
    return { offer, resources: all.subtract(taken) };
  });
}
