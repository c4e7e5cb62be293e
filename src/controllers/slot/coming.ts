import type { Offer } from "../../api/offer.ts";
import type { Task, TaskTemplate } from "../../api/task.ts";
import type { Live } from "../../cluster/object.ts";
import { readable } from "../world/readable.ts";
import { slotSize } from "./demand.ts";
import { atMost, NO_SIZE, plus, type Size } from "./size.ts";

/** Whether an Offer launches something whose Tasks may not all be made yet. */
export const isAccepted = ({ spec, status }: Live<Offer>): boolean =>
  spec.response?.accept !== undefined && (status?.state ?? "Outstanding") === "Outstanding";

/**
 * What the launches of accepted Offers will hold that have no Task yet, of each Offer no more than it offers: a launch that asks for more
 * is refused. `madeFrom` tells the Tasks that were made from an Offer, by its uid.
 */
export function coming(
  offers: readonly Live<Offer>[],
  madeFrom: (uid: string) => readonly Live<Task>[],
): Size {
  return offers.map((offer) => ofOffer(offer, madeFrom(offer.metadata.uid))).reduce(plus, NO_SIZE);
}

function ofOffer({ spec }: Live<Offer>, tasks: readonly Live<Task>[]): Size {
  const { operations = [] } = spec.response?.accept ?? {};
  const made = new Set(tasks.map((task) => place(task.spec.offer?.operation, task.spec.offer?.index)));
  const missing = operations.flatMap(
    ({ launch, launchGroup }, operation) =>
      (launch ?? launchGroup)?.tasks.filter((_, index) => !made.has(place(operation, index))) ?? [],
  );
  return atMost(missing.map(templateSize).reduce(plus, NO_SIZE), slotSize(readable(spec.resources)));
}

const place = (operation: number | undefined, index: number | undefined): string => `${operation} ${index}`;

const templateSize = ({ resources }: TaskTemplate): Size => slotSize(readable(resources));
