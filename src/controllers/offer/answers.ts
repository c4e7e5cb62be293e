import type { Framework } from "../../api/framework.ts";
import type { Offer, OperationResult } from "../../api/offer.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import type { Resources } from "../../resources/index.ts";
import type { Dependencies } from "../dependencies.ts";
import { offerFramework, offerResources } from "../world/agentview.ts";
import type { Scheduling } from "../world/scheduling.ts";
import { filterTime } from "../world/seed.ts";
import { carryOut } from "./accept.ts";
import { closeOffer } from "./closer.ts";

/** The Framework that an Offer was made to; undefined when it is gone, also if another has its name now. */
export function frameworkOf(
  { caches }: Pick<Dependencies, "caches">,
  offer: Live<Offer>,
): Live<Framework> | undefined {
  const framework = caches.frameworks.store.get(offerFramework(offer));
  const owners = offer.metadata.ownerReferences ?? [];
  return owners.some(({ uid }) => uid === framework?.metadata.uid) ? framework : undefined;
}

/** Carries out the answer to an Offer and closes it; safe to be done again. What became of its operations. */
export async function answer(
  deps: Dependencies,
  scheduling: Scheduling,
  offer: Live<Offer>,
  signal: AbortSignal,
): Promise<readonly OperationResult[]> {
  const framework = frameworkOf(deps, offer);
  if (framework === undefined || framework.metadata.deletionTimestamp !== undefined) {
    const closing = tooLate(offer);
    await closeOffer(deps, scheduling, offer, closing, signal);
    return closing.operations;
  }
  const { accept } = offer.spec.response ?? {};
  const operations = accept?.operations ?? [];
  if (accept === undefined || (operations.length === 0 && (accept.otherOffers ?? []).length === 0)) {
    refuse(deps, scheduling, offer, framework, offerResources(offer));
    await closeOffer(deps, scheduling, offer, { state: "Declined" }, signal);
    return [];
  }
  const streamed = scheduling.assumed.offers.isStreamed(offer);
  const outcome = await carryOut(deps, scheduling, offer, framework, signal);
  // Before the Offer is closed, or what is left would be offered again at once.
  refuse(deps, scheduling, offer, framework, outcome.rest);
  const closing = { state: "Accepted" as const, operations: [...outcome.operations] };
  await closeOffer(deps, scheduling, offer, closing, signal);
  // The framework of a streamed one is told by its stream, and there is no object for people to look at.
  if (!streamed) for (const result of outcome.operations) announce(deps, offer, result);
  return outcome.operations;
}

/** What is left is declined under the answer's filters. */
function refuse(
  { clock, config }: Dependencies,
  { filters }: Scheduling,
  offer: Live<Offer>,
  framework: Live<Framework>,
  rest: Resources,
): void {
  const { role, agent } = offer.spec;
  const time = filterTime(offer, framework, config);
  filters.add(keyOf(framework.metadata), role, agent, rest, clock.monotonic(), time);
}

/** The framework is going: nothing is started for it, and nobody would hear of tasks that were not. */
function tooLate(offer: Live<Offer>) {
  const message = "the framework is being removed";
  const operations = (offer.spec.response?.accept?.operations ?? []).map(
    ({ id, type }, index): OperationResult => ({
      index,
      ...(id !== undefined && { id }),
      type,
      status: "DROPPED",
      message,
    }),
  );
  return { state: "Accepted" as const, reason: "FrameworkRemoved", message, operations };
}

function announce({ recorder }: Dependencies, offer: Live<Offer>, result: OperationResult): void {
  if (result.status === "FINISHED") return;
  const message = `operation ${result.index} (${result.type}): ${result.message ?? result.status}`;
  recorder.record(offer, { type: "Warning", reason: "OperationFailed", message });
}
