import type { Offer } from "../../api/offer.ts";
import { fromSpec, ResourceError, Resources } from "../../resources/index.ts";
import { offerResources } from "./agentview.ts";

/**
 * What of a closed Offer its answer left: all of a declined one; of an accepted one what its launches did not take, as far as the
 * object itself tells. Operations that changed reservations leave other resources than these, and no filter.
 */
export function declinedResources(offer: Offer): Resources {
  try {
    const all = offerResources(offer);
    const { accept } = offer.spec.response ?? {};
    if (accept === undefined) return all;
    const finished = new Set(
      (offer.status?.operations ?? [])
        .filter(({ status }) => status === "FINISHED")
        .map(({ index }) => index),
    );
    const taken = (accept.operations ?? []).flatMap(({ launch, launchGroup }, i) =>
      finished.has(i) ? ((launch ?? launchGroup)?.tasks ?? []) : [],
    );
    return all.subtract(Resources.sum(taken.map(({ resources }) => fromSpec(resources))));
  } catch (error) {
    if (error instanceof ResourceError) return Resources.empty;
    throw error;
  }
}
