import type { Offer } from "../../api/offer.ts";
import type { Live } from "../../cluster/object.ts";
import { isStrictSubroleOf, type Limits, Quantities, type Resources } from "../../resources/index.ts";

export interface OpenOffer {
  readonly offer: Live<Offer>;
  readonly resources: Resources;
}

/**
 * Offers to take back when a quota comes into force (Mesos: quota_handler.cpp, _update): the role's own until it is within its limits, then
 * others' until enough is free for its guarantees, as if nothing else were free.
 */
export function offersInTheWay(
  role: string,
  guarantees: Quantities,
  limits: Limits,
  consumed: Quantities,
  offers: readonly OpenOffer[],
): OpenOffer[] {
  const inTree = ({ offer }: OpenOffer) =>
    offer.spec.role === role || isStrictSubroleOf(offer.spec.role, role);
  const own = offers.filter(inTree);
  const sum = (list: readonly OpenOffer[]) =>
    list.reduce((all, { resources }) => all.add(resources.unreserved().quantities()), Quantities.empty);
  const back: OpenOffer[] = [];
  let used = consumed.add(sum(own));
  for (const one of own) {
    if (limits.allow(used)) break;
    used = used.subtract(one.resources.unreserved().quantities());
    back.push(one);
  }
  let gained = used;
  for (const one of offers.filter((offer) => !inTree(offer))) {
    if (gained.contains(guarantees)) break;
    gained = gained.add(one.resources.unreserved().quantities());
    back.push(one);
  }
  return back;
}
