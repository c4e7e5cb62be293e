import type { AgentState, Allocation, Withheld } from "../../allocator/index.ts";
import type { Executor } from "../../api/executor.ts";
import type { Offer } from "../../api/offer.ts";
import type { Reservation } from "../../api/reservation.ts";
import type { Task } from "../../api/task.ts";
import type { Live } from "../../cluster/object.ts";
import { Shared } from "../../cluster/shared.ts";
import type { OperatorConfig } from "../../config/operator.ts";
import { Limits, Resources } from "../../resources/index.ts";
import { frameworkKey } from "../caches.ts";
import type { NodeFacts, Offerable } from "../node/offerable.ts";
import { holdings } from "./holdings.ts";
import { overlayReservations } from "./overlay.ts";
import { isExclusive } from "./peers.ts";
import { readable } from "./readable.ts";
import { type Standing, standing } from "./standing.ts";

/** An Offer that has not been closed, and what it still keeps from others. */
export interface OfferHold {
  readonly offer: Live<Offer>;
  readonly resources: Resources;
}

export interface AgentFacts extends NodeFacts {
  /** Those that have not ended. */
  readonly tasks: readonly Live<Task>[];
  /** Those that have not ended. */
  readonly executors: readonly Live<Executor>[];
  readonly offers: readonly OfferHold[];
  readonly reservations: readonly Live<Reservation>[];
  /** Set while operations change its reservations, or while it rests after a refused resize: nothing more is offered. */
  readonly frozen: boolean;
}

/** One agent as the operator's decisions see it. */
export interface AgentView {
  readonly name: string;
  readonly node: Offerable;
  /** The node's resources with the Reservations laid over them; may be less than what is held and offered. */
  readonly total: Resources;
  /** By a Reservation's uid, what of `total` is its. */
  readonly reserved: ReadonlyMap<string, Resources>;
  /** By tasks and executors. */
  readonly held: Resources;
  readonly tasks: readonly Live<Task>[];
  readonly executors: readonly Live<Executor>[];
  readonly offers: readonly OfferHold[];
  readonly state: AgentState;
}

export function agentView(
  facts: AgentFacts,
  config: OperatorConfig,
  own: Standing = standing(facts, config),
): AgentView {
  const { agent, tasks, executors, offers, reservations } = facts;
  const holders = [...tasks, ...executors];
  const { node } = own;
  const held = Resources.sum(holders.map(holdings));
  const { total, reserved } = overlayReservations(node.offerable, reservations, held);
  const taken = Resources.sum([held, ...offers.map(({ resources }) => resources)]);
  const { name } = agent.metadata;
  const kept = tasks.some(({ spec }) => isExclusive(spec)) ? "Exclusive" : undefined;
  const withheld = node.held ? withheldWord(node.held.reason) : kept;
  const state: AgentState = {
    name,
    total: facts.frozen ? taken : withRoomFor(total, taken, node.offerable),
    allocations: allocations(holders, offers),
    ...own.traits,
    ...(withheld && { withheld }),
  };
  return { name, node, total, reserved, held, tasks, executors, offers, state };
}

/**
 * `total`, less what would exceed the node: what is held stays, and beyond it no more than the node's amounts leave. The two
 * differ when other Pods took the room of what is held, or of a reservation.
 */
export function withRoomFor(total: Resources, taken: Resources, offerable: Resources): Resources {
  if (taken.isEmpty && total === offerable) return total;
  const amounts = offerable.scalarQuantities();
  const used = taken.scalarQuantities();
  const free = total.subtract(taken.nonShared());
  const room = Limits.of(
    free
      .scalarQuantities()
      .names()
      .map((name) => [name, amounts.get(name) - used.get(name)]),
  );
  if (room.allow(free.scalarQuantities()) && total.contains(taken.nonShared())) return total;
  return taken.nonShared().add(free.shrinkWithin(room));
}

const NOTHING: readonly Allocation[] = [];

function allocations(
  holders: readonly (Live<Task> | Live<Executor>)[],
  offers: readonly OfferHold[],
): readonly Allocation[] {
  if (holders.length + offers.length === 0) return NOTHING;
  return [
    ...holders.map((holder) => ({
      framework: frameworkKey(holder),
      role: holder.spec.role,
      resources: holdings(holder),
    })),
    ...offers.map(({ offer, resources }) => ({
      framework: offerFramework(offer),
      role: offer.spec.role,
      resources,
    })),
  ];
}

/** "namespace/name" of the framework that an Offer is made to. */
export const offerFramework = ({ metadata, spec }: Live<Offer>): string =>
  `${metadata.namespace ?? ""}/${spec.framework}`;

const offered = new WeakMap<Offer["spec"]["resources"], Resources>();
/** Offers of agents that are alike are alike. */
const alike = new Shared<Resources>();

/** Nothing where it cannot be read: Offers are the operator's own, and one that somebody else made holds nothing. */
export function offerResources({ spec: { resources } }: Offer): Resources {
  const before = offered.get(resources);
  if (before !== undefined) return before;
  const read = alike.get(JSON.stringify(resources), () => readable(resources));
  offered.set(resources, read);
  return read;
}

/** The allocator knows four; a person reads the Agent's own condition. */
function withheldWord(reason: string): Withheld {
  if (reason === "Cordoned" || reason === "Deactivated") return "Cordoned";
  if (reason === "Draining" || reason === "Drained") return "Draining";
  return reason === "Maintenance" ? "Maintenance" : "Disconnected";
}
