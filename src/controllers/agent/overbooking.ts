import type { Offer } from "../../api/offer.ts";
import type { Live } from "../../cluster/object.ts";
import { fromSpec, Resources } from "../../resources/index.ts";

/**
 * Whether what is held and outstanding offers together exceed what the node can give now, because other Pods came: the offers
 * are to be taken back then. Reserved or not does not matter to the node.
 */
export function isOverbooked(
  offerable: Resources,
  held: readonly Resources[],
  offers: readonly Live<Offer>[],
): boolean {
  if (offers.length === 0) return false;
  const taken = Resources.sum([...held, ...offers.map(({ spec }) => fromSpec(spec.resources))]);
  return (
    !offerable.containsQuantities(taken.scalarQuantities()) ||
    !offerable.nonScalars().contains(taken.nonScalars().toUnreserved())
  );
}
