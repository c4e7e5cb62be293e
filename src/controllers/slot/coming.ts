import type { Executor, ExecutorTemplate } from "../../api/executor.ts";
import type { Offer, Operation } from "../../api/offer.ts";
import type { Task, TaskTemplate } from "../../api/task.ts";
import type { Live } from "../../cluster/object.ts";
import { readable } from "../world/readable.ts";
import { slotSize } from "./demand.ts";
import { atMost, NO_SIZE, plus, type Size } from "./size.ts";

/** Whether an Offer launches something whose Tasks may not all be made yet. */
export const isAccepted = ({ spec, status }: Live<Offer>): boolean =>
  spec.response?.accept !== undefined && (status?.state ?? "Outstanding") === "Outstanding";

/**
 * What the launches of accepted Offers will hold that have no Task, or no Executor, yet, of each Offer no more than it offers: a
 * launch that asks for more is refused. `madeFrom` tells what was made from an Offer, by its uid.
 */
export function coming(offers: readonly Live<Offer>[], madeFrom: (uid: string) => MadeFromOffer): Size {
  return offers.map((offer) => ofOffer(offer, madeFrom(offer.metadata.uid))).reduce(plus, NO_SIZE);
}

export interface MadeFromOffer {
  readonly tasks: readonly Live<Task>[];
  readonly executors: readonly Live<Executor>[];
}

function ofOffer({ spec }: Live<Offer>, { tasks, executors }: MadeFromOffer): Size {
  const { operations = [] } = spec.response?.accept ?? {};
  const places = (list: readonly (Live<Task> | Live<Executor>)[]) =>
    new Set(list.map((one) => place(one.spec.offer?.operation, one.spec.offer?.index)));
  const [madeTasks, madeExecutors] = [places(tasks), places(executors)];
  const missing = operations.flatMap(({ launch, launchGroup }, operation) => [
    ...((launch ?? launchGroup)?.tasks.filter((_, index) => !madeTasks.has(place(operation, index))) ?? []),
    ...executorsOf(launch, launchGroup).filter((_, index) => !madeExecutors.has(place(operation, index))),
  ]);
  return atMost(missing.map(templateSize).reduce(plus, NO_SIZE), slotSize(readable(spec.resources)));
}

const place = (operation: number | undefined, index: number | undefined): string => `${operation} ${index}`;

const executorsOf = (launch: Operation["launch"], group: Operation["launchGroup"]): ExecutorTemplate[] =>
  launch?.executors ?? (group?.executor === undefined ? [] : [group.executor]);

const templateSize = ({ resources }: TaskTemplate | ExecutorTemplate): Size => slotSize(readable(resources));
