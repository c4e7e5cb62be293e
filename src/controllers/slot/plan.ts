import type { Demand } from "./demand.ts";
import { atLeast, atMost, BASE, describeSize, fits, plus, type Size, sameSize } from "./size.ts";
import type { SlotState } from "./state.ts";

/** What keeps tasks from being granted; also the reason of the Events that say so. */
export type Obstacle =
  /** Other Pods hold the room; the kubelet tries again when one goes. */
  | "ResizeDeferred"
  /** It can never be. */
  | "ResizeInfeasible"
  /** The API server would not have it. */
  | "ResizeRefused"
  /** The kubelet says nothing. */
  | "ResizeUnanswered"
  /** There is no slot Pod that runs. */
  | "SlotNotReady";

export type SlotPlan =
  | { readonly kind: "settled" }
  | { readonly kind: "resize"; readonly to: Size }
  /** Look again after so many milliseconds, if nothing happens before. */
  | { readonly kind: "wait"; readonly after: number }
  /** Give up on these launches, then ask for `to`. */
  | {
      readonly kind: "shed";
      readonly drop: readonly Demand[];
      readonly obstacle: Obstacle;
      readonly message: string;
      readonly to: Size | undefined;
    };

export interface SlotSituation {
  readonly slot: SlotState;
  /** Of all tasks and executors of the node that have not ended, oldest first. */
  readonly demands: readonly Demand[];
  /** What launches will need whose Tasks are being made: with it asked for at once, one resize serves an answer to an Offer. */
  readonly coming: Size;
  /** What the node could grant the slot Pod by what the operator knows: allocatable less other Pods' requests. */
  readonly room: Size;
  /** What the slot Pod keeps though nothing needs it, where there is room: launches that fit into it need no resize. */
  readonly minimum: Size;
  /** Since when the kubelet is as it is, up or down: one that has come back gets its time to answer anew. */
  readonly kubeletSince: string;
}

/** How long what stands in the way has stood there, in milliseconds; `key` tells one obstacle from the next. */
export type Waited = (key: string) => number;

export interface SlotTimes {
  /** A Deferred resize drops launches after this. */
  readonly deferred: number;
  /** A resize without an answer, or a missing slot, drops them after this. */
  readonly silent: number;
  /** Room that is not needed is given back after this, or taken if it is the minimum's: the next launch need not wait for the kubelet then. */
  readonly linger: number;
}

/** What the slot Pod should ask for: itself and every task that has not ended. */
export const wantedSize = (demands: readonly Demand[]): Size =>
  demands.map(({ size }) => size).reduce(plus, BASE);

/**
 * The next step towards a slot Pod that holds what its tasks hold, and its minimum. One resize at a time: while one is under way
 * what comes in is gathered for the next.
 */
export function planSlot(situation: SlotSituation, waited: Waited, times: SlotTimes): SlotPlan {
  const { slot, demands, kubeletSince } = situation;
  if (slot.phase !== "running") return withoutSlot(situation, waited, times);
  const wanted = plus(wantedSize(demands), situation.coming);
  if (slot.pending) return whilePending(situation, wanted, waited, times);
  if (!sameSize(slot.asked, slot.granted)) {
    const left = times.silent - waited(`silent ${kubeletSince} ${describeSize(slot.asked)}`);
    if (left > 0) return { kind: "wait", after: left };
    return shed(situation, "ResizeUnanswered", "the kubelet has not answered to the resize of the slot Pod");
  }
  const goal = atLeast(wanted, atMost(situation.minimum, situation.room));
  if (sameSize(goal, slot.asked)) return { kind: "settled" };
  if (!fits(wanted, slot.asked)) return { kind: "resize", to: goal };
  // Neither to give room back nor to take what nothing needs yet is urgent; after a refusal the latter would be refused again.
  const left = times.linger - waited("linger");
  return left > 0 ? { kind: "wait", after: left } : { kind: "resize", to: goal };
}

function whilePending(situation: SlotSituation, wanted: Size, waited: Waited, times: SlotTimes): SlotPlan {
  const { slot } = situation;
  const { reason = "", message = "" } = slot.pending ?? {};
  // Tasks have gone meanwhile: what is left may be granted.
  if (fits(wanted, slot.asked) && !sameSize(wanted, slot.asked)) return { kind: "resize", to: wanted };
  if (reason === "Infeasible") {
    return shed(
      situation,
      "ResizeInfeasible",
      `the kubelet can never grant the slot Pod so much: ${message}`,
    );
  }
  const left = times.deferred - waited(`deferred ${describeSize(slot.asked)}`);
  if (left > 0) return { kind: "wait", after: left };
  return shed(situation, "ResizeDeferred", `other Pods hold what the slot Pod asks for: ${message}`);
}

function withoutSlot(situation: SlotSituation, waited: Waited, { silent }: SlotTimes): SlotPlan {
  const { slot, demands, kubeletSince } = situation;
  const drop = demands.filter(({ begun }) => !begun);
  if (drop.length === 0) return { kind: "settled" };
  const left = silent - waited(`no slot ${kubeletSince}`);
  if (left > 0) return { kind: "wait", after: left };
  const message = `the slot Pod of the node is ${slot.phase}, so no task can start`;
  return { kind: "shed", drop, obstacle: "SlotNotReady", message, to: undefined };
}

/**
 * Drops launches so that the rest fits: first by what the operator thinks the node has, since that keeps the most; if by that
 * all fits the kubelet knows better, and only what is granted already counts. The oldest stay.
 */
export function shed(situation: SlotSituation, obstacle: Obstacle, message: string): SlotPlan {
  const { slot, demands, room } = situation;
  for (const limit of [atLeast(slot.granted, room), slot.granted]) {
    const { kept, drop } = keepOldest(demands, limit);
    if (drop.length > 0) return { kind: "shed", drop, obstacle, message, to: wantedSize(kept) };
  }
  const wanted = wantedSize(demands);
  return sameSize(wanted, slot.asked) ? { kind: "settled" } : { kind: "resize", to: wanted };
}

function keepOldest(demands: readonly Demand[], limit: Size): { kept: Demand[]; drop: Demand[] } {
  const kept = demands.filter(({ begun }) => begun);
  const drop: Demand[] = [];
  let size = wantedSize(kept);
  for (const demand of demands) {
    if (demand.begun) continue;
    const more = plus(size, demand.size);
    if (fits(more, limit)) {
      size = more;
      kept.push(demand);
    } else {
      drop.push(demand);
    }
  }
  return { kept, drop };
}
