/** Who holds what of which agent: entered and taken out again as agents' states and offers come and go. */
import { type Quantities, Resources, reservationRole } from "../../resources/index.ts";
import type { PlannedOffer } from "../decision.ts";
import { type AgentDigest, digestOf } from "../digest.ts";
import type { AgentState } from "../world.ts";
import { Clients } from "./clients.ts";
import { Fairness } from "./fairness.ts";
import { Fleet, type Offered } from "./fleet.ts";
import { Headroom } from "./headroom.ts";
import type { Offering } from "./offering.ts";
import { Keys } from "./ranked.ts";
import { Roles } from "./roles.ts";
import { Space } from "./space.ts";

const NOTHING: Offered["idle"] = [];
/** Slots that a number's bits can name. */
const MOST_BITS = 31;

export class Books {
  readonly space = new Space();
  readonly roles: Roles;
  readonly clients: Clients;
  readonly headroom: Headroom;
  readonly fairness: Fairness;
  readonly fleet: Fleet;

  constructor() {
    const clientKeys = new Keys();
    this.roles = new Roles(this.space, new Keys(), clientKeys);
    this.clients = new Clients(this.space, this.roles, clientKeys);
    this.headroom = new Headroom(this.space, this.roles);
    this.fairness = new Fairness(this.space, this.roles, this.clients);
    this.fleet = new Fleet(this.space);
  }

  /** The agent is in this state now, and nothing is offered of it. */
  setAgent(agent: number, state: AgentState): void {
    const old = this.fleet.digests[agent];
    const before = this.fleet.states[agent];
    const digest = state === before && old !== undefined ? old : digestOf(state);
    const sameTotals = old?.totalScalars.equals(digest.totalScalars) ?? false;
    // Entered before the old is taken out, or a client that holds the same would be made anew.
    this.dropOffers(agent);
    this.#enter(digest, 1);
    if (old !== undefined) this.#enter(old, -1);
    if (!sameTotals) {
      this.#count(old?.totalScalars, -1);
      this.#count(digest.totalScalars, 1);
      this.fairness.changedAll();
    }
    if (before?.withheld === undefined) this.#setFree(agent, -1);
    this.#setRow(agent, digest);
    if (state.withheld === undefined) this.#setFree(agent, 1);
    this.fleet.states[agent] = state;
    this.fleet.digests[agent] = digest;
    this.fleet.available[agent] = digest.available;
    this.fleet.forget(agent);
  }

  removeAgent(agent: number): void {
    const state = this.fleet.states[agent];
    const digest = this.fleet.digests[agent];
    if (state === undefined || digest === undefined) return;
    this.dropOffers(agent);
    if (state.withheld === undefined) this.#setFree(agent, -1);
    this.fleet.free.clear(agent);
    this.#enter(digest, -1);
    this.#count(digest.totalScalars, -1);
    this.fairness.changedAll();
    this.fleet.remove(state.name, agent);
  }

  #count(totals: Quantities | undefined, sign: number): void {
    for (const [name, milli] of totals ?? [])
      this.fairness.totals.add(0, this.space.slot(name), sign * milli);
  }

  #setRow(agent: number, digest: AgentDigest): void {
    this.fleet.free.clear(agent);
    for (const [name, milli] of digest.free) this.fleet.free.set(agent, this.space.slot(name), milli);
    let ranged = 0;
    for (const name of digest.ranged) ranged |= 1 << Math.min(MOST_BITS, this.space.slot(name));
    this.fleet.ranged[agent] = ranged;
  }

  /** What is free of the agent counts as headroom, or (negative) no longer. */
  #setFree(agent: number, sign: number): void {
    const { free } = this.fleet;
    for (let slot = 0; slot < this.space.size; slot++) {
      this.headroom.free.add(0, slot, sign * free.get(agent, slot));
    }
  }

  #enter(digest: AgentDigest, sign: number): void {
    for (const [path, amounts] of digest.reserved) {
      const role = this.roles.get(path);
      for (const [name, milli] of amounts) this.headroom.consume(role, this.space.slot(name), sign * milli);
    }
    for (const [path, amounts] of digest.idle) {
      const role = this.roles.get(path);
      for (const [name, milli] of amounts) this.roles.addIdle(role, this.space.slot(name), sign * milli);
      this.fairness.changedRole(role);
    }
    for (const { framework, role, shared, consumed } of digest.holdings) {
      const client = this.clients.get(this.clients.framework(framework), role);
      this.#hold(client, this.space.pairs(shared), this.space.pairs(consumed), sign);
      this.clients.addHolds(client, sign);
    }
  }

  #hold(client: number, held: readonly number[], open: readonly number[], sign: number): void {
    const role = this.clients.roles[client];
    if (role === undefined) return;
    for (let i = 0; i < held.length; i += 2) {
      const slot = held[i] ?? 0;
      const milli = sign * (held[i + 1] ?? 0);
      this.clients.held.add(client, slot, milli);
      this.roles.addHeld(role, slot, milli);
    }
    for (let i = 0; i < open.length; i += 2) {
      this.headroom.consume(role, open[i] ?? 0, sign * (open[i + 1] ?? 0));
    }
    this.fairness.changed(client);
  }

  /** Nothing is offered of the agent any more; its books are as its state says. */
  dropOffers(agent: number): void {
    for (let one = this.fleet.offered[agent]; one !== undefined; one = one.next) this.#leaveOffer(agent, one);
    this.fleet.offered[agent] = undefined;
    this.fleet.available[agent] = this.fleet.digests[agent]?.available ?? Resources.empty;
    this.fleet.offerings[agent] = undefined;
  }

  /** That offer is over; false if there is no such offer. */
  dropOffer(agent: number, client: number, resources: Resources): boolean {
    let before: Offered | undefined;
    for (let one = this.fleet.offered[agent]; one !== undefined; before = one, one = one.next) {
      if (one.client !== client || !one.offer.resources.equals(resources)) continue;
      if (before === undefined) this.fleet.offered[agent] = one.next;
      else before.next = one.next;
      this.#leaveOffer(agent, one);
      this.#refresh(agent);
      return true;
    }
    return false;
  }

  #refresh(agent: number): void {
    let available = this.fleet.digests[agent]?.available ?? Resources.empty;
    for (let one = this.fleet.offered[agent]; one !== undefined; one = one.next) {
      available = available.subtract(one.offer.resources.nonShared());
    }
    this.fleet.available[agent] = available;
    this.fleet.offerings[agent] = undefined;
  }

  #leaveOffer(agent: number, { client, held, open, idle }: Offered): void {
    this.#hold(client, held, open, -1);
    this.clients.addHolds(client, -1);
    this.#addFree(agent, open, 1);
    for (const [path, name, milli] of idle) {
      const role = this.roles.get(path);
      this.roles.addIdle(role, this.space.slot(name), milli);
      this.fairness.changedRole(role);
    }
  }

  #addFree(agent: number, open: readonly number[], sign: number): void {
    const counts = this.fleet.states[agent]?.withheld === undefined;
    for (let i = 0; i < open.length; i += 2) {
      const slot = open[i] ?? 0;
      const milli = sign * (open[i + 1] ?? 0);
      this.fleet.free.add(agent, slot, milli);
      if (counts) this.headroom.free.add(0, slot, milli);
    }
  }

  /** The client is offered this of the agent, in that round and in that place among its offers. */
  addOffer(
    agent: number,
    client: number,
    offer: PlannedOffer,
    { resources, held, open }: Offering,
    round: number,
    place: number,
  ): void {
    const { fleet } = this;
    const idle = this.#wakeIdle(agent, resources);
    fleet.offered[agent] = { client, offer, held, open, round, place, idle, next: fleet.offered[agent] };
    this.#hold(client, held, open, 1);
    this.clients.addHolds(client, 1);
    this.#addFree(agent, open, -1);
    const rest = fleet.available[agent] ?? Resources.empty;
    // Shared volumes stay available. Of a plain agent that is offered whole nothing does.
    const isAll = rest === resources && fleet.digests[agent]?.plain === true;
    fleet.available[agent] = isAll ? Resources.empty : rest.subtract(resources.nonShared());
    fleet.offerings[agent] = undefined;
    this.clients.addMade(client, 1);
  }

  /** The offer that was added last and an earlier one to the same client are one. */
  growOffer(agent: number, earlier: Offered): void {
    const last = this.fleet.offered[agent];
    if (last === undefined || last === earlier) return;
    this.fleet.offered[agent] = last.next;
    this.clients.addHolds(last.client, -1);
    const resources = earlier.offer.resources.add(last.offer.resources);
    earlier.offer = { ...earlier.offer, resources };
    earlier.held = [...earlier.held, ...last.held];
    earlier.open = [...earlier.open, ...last.open];
    earlier.idle = [...earlier.idle, ...last.idle];
  }

  #wakeIdle(agent: number, resources: Resources): Offered["idle"] {
    const digest = this.fleet.digests[agent];
    if (digest === undefined || digest.idle.size === 0) return NOTHING;
    const woken: (readonly [string, string, number])[] = [];
    for (const resource of resources.reserved()) {
      const path = reservationRole(resource);
      if (path === undefined || resource.value.kind !== "scalar") continue;
      if (resource.shared && this.#isInUse(agent, resource.identity, resources)) continue;
      const role = this.roles.get(path);
      this.roles.addIdle(role, this.space.slot(resource.name), -resource.value.milli);
      this.fairness.changedRole(role);
      woken.push([path, resource.name, resource.value.milli]);
    }
    return woken;
  }

  /** Whether somebody holds the shared volume already, or was offered it. */
  #isInUse(agent: number, identity: string, resources: Resources): boolean {
    const [volume] = resources.filter((resource) => resource.identity === identity);
    if (volume === undefined) return false;
    const { allocations = [] } = this.fleet.states[agent] ?? {};
    if (allocations.some((allocation) => allocation.resources.countOf(volume) > 0)) return true;
    for (let one = this.fleet.offered[agent]; one !== undefined; one = one.next) {
      if (one.offer.resources.countOf(volume) > 0) return true;
    }
    return false;
  }
}
