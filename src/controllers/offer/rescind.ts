import type { Offer } from "../../api/offer.ts";
import type { Live } from "../../cluster/object.ts";
import { Resources } from "../../resources/index.ts";
import type { AgentView, OfferHold } from "../world/agentview.ts";

/** An Offer to take back, and why: the word is the Offer's status.reason. */
export interface Rescission {
  readonly offer: Live<Offer>;
  readonly reason: string;
  readonly message: string;
}

/**
 * Offers that an agent cannot keep to: all if nothing may be offered of it any more, else as few as needed for what is held and offered
 * to fit what it has. One that was answered is never taken back: its answer is carried out, and checked then.
 */
export function rescissions(view: AgentView): Rescission[] {
  const { held } = view.node;
  const open = view.offers.filter(({ offer }) => offer.spec.response === undefined);
  if (held !== undefined) {
    return open.map(({ offer }) => ({ offer, reason: held.reason, message: held.message }));
  }
  const message = `the agent ${view.name} no longer has all that was offered`;
  return surplus(view, open).map(({ offer }) => ({ offer, reason: "ResourcesShrank", message }));
}

function surplus(view: AgentView, open: readonly OfferHold[]): OfferHold[] {
  const answered = view.offers.filter((hold) => !open.includes(hold)).map(({ resources }) => resources);
  const taken = Resources.sum([view.held, ...answered]);
  const free = view.total.subtract(taken.nonShared());
  const room = view.node.offerable.scalarQuantities().subtract(taken.scalarQuantities());
  const allFit = (offers: readonly OfferHold[]) => {
    const all = Resources.sum(offers.map(({ resources }) => resources));
    return (
      free.contains(all.nonShared()) &&
      room.contains(all.nonShared().scalarQuantities()) &&
      [...all.shared()].every((volume) => view.total.contains(Resources.of([volume])))
    );
  };
  const bySize = [...open].sort((a, b) => size(view, a) - size(view, b));
  const gone: OfferHold[] = [];
  for (let kept = bySize; !allFit(kept); kept = bySize.filter((hold) => !gone.includes(hold))) {
    // The smallest that is enough by itself; else the largest, and on.
    const enough = kept.find((one) => allFit(kept.filter((hold) => hold !== one)));
    const next = enough ?? kept.at(-1);
    if (next === undefined) break;
    gone.push(next);
  }
  return gone;
}

/** The share of the agent's scalars, summed. */
function size(view: AgentView, { resources }: OfferHold): number {
  const all = view.node.capacity.scalarQuantities();
  return [...resources.scalarQuantities()].reduce(
    (sum, [name, milli]) => sum + milli / Math.max(1, all.get(name)),
    0,
  );
}
