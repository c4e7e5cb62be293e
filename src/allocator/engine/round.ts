/**
 * One allocation. The order of things is Mesos's (hierarchical.cpp, __generateOffers): first, agent by agent, the roles whose
 * guarantees lack something; then all roles. The role that comes first in the ranking, and in it the framework that comes first and
 * may have the agent, is offered the whole rest of the agent; shares are updated once the agent is dealt with.
 */
import { Resources } from "../../resources/index.ts";
import type { AllocationOptions, PlannedOffer } from "../decision.ts";
import { isAllocatable } from "../minimum.ts";
import type { Refusals } from "../world.ts";
import type { Books } from "./books.ts";
import type { Declined } from "./declined.ts";
import { drawNext, WeightedDraw } from "./draws.ts";
import { DIRTY, HELD_BACK, WAITED_FOR, WAITS_ONLY } from "./fleet.ts";
import type { Kinds } from "./kinds.ts";
import { MASKS, type Offering, Offerings, type Stage } from "./offering.ts";
import type { RoleNode } from "./roles.ts";

const NONE: readonly number[] = [];

/** What a round works on. */
export interface RoundParts {
  readonly books: Books;
  readonly kinds: Kinds;
  readonly declined: Declined;
  /** Asked beside `declined`. */
  readonly oracle: Refusals | undefined;
  readonly number: number;
}

export class Deciding {
  readonly offers: PlannedOffer[] = [];
  readonly #parts: RoundParts;
  readonly #options: AllocationOptions;
  readonly #offerings: Offerings;
  /** Agents that are looked at; those before `#at` are dealt with in this stage. */
  #agents: Int32Array;
  #at = 0;
  #stage: Stage;
  /** Whether agents are left that only wait for somebody to open, and whether the agent at hand is one. */
  #waiting = true;
  #waitsOnly = false;
  /** A bit for each client that may be offered the agent at hand. */
  #bits = new Uint32Array(0);
  /** By mask, what the role at hand would be offered; null is not worked out yet. */
  readonly #worked = new Array<Offering | undefined | null>(MASKS).fill(null);
  /** Clients that had an offer counted twice because it grew. */
  readonly #grown: number[] = [];
  #leaves: { readonly roles: readonly RoleNode[]; readonly draw: WeightedDraw } | undefined;
  /** Shared volumes that were offered in this round, by agent. */
  readonly #given = new Map<number, Resources>();

  constructor(parts: RoundParts, options: AllocationOptions, agents: Int32Array) {
    this.#parts = parts;
    this.#options = options;
    this.#agents = agents;
    this.#offerings = new Offerings(parts.books);
    this.#stage = parts.books.headroom.hasGuarantees ? "guaranteed" : "fair";
  }

  /** Deals with so many agents more; whether all are dealt with. */
  advance(agents: number): boolean {
    const { random } = this.#options;
    for (let i = 0; i < agents; i++) {
      if (this.#at === this.#agents.length) {
        if (this.#stage === "fair") return true;
        this.#stage = "fair";
        this.#at = 0;
      }
      if (this.#waiting && this.#parts.books.clients.openedCount === 0) this.#dropWaiting();
      if (this.#at === this.#agents.length) continue;
      const agent = drawNext(this.#agents, this.#at, this.#agents.length, random);
      this.#at++;
      this.#deal(agent);
    }
    return false;
  }

  /** Who had opened is full again: agents that only waited for them go on waiting. */
  #dropWaiting(): void {
    const { fleet } = this.#parts.books;
    this.#waiting = false;
    const dealt = this.#agents.subarray(0, this.#at);
    const rest = this.#agents.subarray(this.#at).filter((agent) => {
      const waitsOnly = ((fleet.flags[agent] ?? 0) & WAITS_ONLY) !== 0;
      fleet.flags[agent] = (fleet.flags[agent] ?? 0) & ~WAITS_ONLY;
      return !waitsOnly;
    });
    this.#agents = new Int32Array(dealt.length + rest.length);
    this.#agents.set(dealt);
    this.#agents.set(rest, dealt.length);
  }

  #deal(agent: number): void {
    const { fleet, headroom, roles, fairness, clients } = this.#parts.books;
    this.#waitsOnly = ((fleet.flags[agent] ?? 0) & WAITS_ONLY) !== 0;
    if (this.#stage === "guaranteed") {
      if (!headroom.lacks(0)) return;
    } else if (this.#waitsOnly && clients.openedCount === 0) {
      fleet.flags[agent] = (fleet.flags[agent] ?? 0) & ~WAITS_ONLY;
      return;
    } else {
      fleet.flags[agent] = (fleet.flags[agent] ?? 0) & ~(DIRTY | HELD_BACK | WAITED_FOR | WAITS_ONLY);
    }
    if (fleet.available[agent]?.isEmpty !== false) return;
    if (this.#findClients(agent)) {
      if (this.#options.sorter === "random") this.#dealByLot(agent);
      else this.#branch(agent, roles.root);
      fairness.settle();
    }
    if (headroom.hasQuotas && fleet.available[agent]?.isEmpty === false) fleet.mark(agent, HELD_BACK);
  }

  /** Who may see the agent and does not refuse it; false if nobody is left. */
  #findClients(agent: number): boolean {
    const { books, kinds, declined } = this.#parts;
    const { fleet, clients } = books;
    if (this.#bits.length !== clients.words) this.#bits = new Uint32Array(clients.words);
    const bits = this.#bits;
    bits.set(clients.live);
    kinds.clearBarred(fleet.kinds[agent] ?? 0, bits);
    const offering = fleet.digests[agent]?.plain ? this.#offerings.whole(agent) : undefined;
    if (offering !== undefined) declined.clearRefusers(agent, offering.resources, bits);
    if (clients.fullCount === 0) return bits.some(isSome);
    const growing = this.#findGrowing(agent, bits);
    let some = 0;
    let waits = 0;
    for (let i = 0; i < bits.length; i++) {
      const word = bits[i] ?? 0;
      const full = clients.full[i] ?? 0;
      waits |= word & full;
      const open = this.#waitsOnly ? (clients.opened[i] ?? 0) : ~full;
      bits[i] = word & open;
      some |= word & open;
    }
    if (waits === 0) return some !== 0;
    fleet.mark(agent, WAITED_FOR);
    for (const client of growing) {
      bits[client >>> 5] = (bits[client >>> 5] ?? 0) | (1 << (client & 31));
      some = 1;
    }
    return some !== 0;
  }

  /** Clients in `bits` whose offer of this agent may still grow, even if their frameworks have as many as they may have. */
  #findGrowing(agent: number, bits: Uint32Array): readonly number[] {
    let one = this.#parts.books.fleet.offered[agent];
    if (one === undefined) return NONE;
    const growing: number[] = [];
    for (; one !== undefined; one = one.next) {
      const { client, round } = one;
      const isIn = ((bits[client >>> 5] ?? 0) & (1 << (client & 31))) !== 0;
      if (round === this.#parts.number && isIn) growing.push(client);
    }
    return growing;
  }

  /** Whether nothing is left of the agent. */
  #branch(agent: number, node: RoleNode): boolean {
    const { books } = this.#parts;
    const { items, count } = books.fairness.contendersOf(node);
    const skips = this.#stage === "guaranteed" && node.parent === undefined;
    for (let i = 0; i < count; i++) {
      const item = items[i] ?? 0;
      if ((item & 1) === 1) {
        if (this.#offerToRole(agent, node)) return true;
        continue;
      }
      // What a branch may claim is at most what its top-level role lacks.
      if (skips && !books.headroom.lacks(item >>> 1)) continue;
      const child = books.roles.nodes[item >>> 1];
      if (child === undefined) continue;
      if (this.#branch(agent, child)) return true;
    }
    return false;
  }

  #dealByLot(agent: number): void {
    this.#leaves ??= leavesOf(this.#parts.books);
    const { roles, draw } = this.#leaves;
    draw.reset();
    for (let i = draw.next(this.#options.random); i !== undefined; i = draw.next(this.#options.random)) {
      const role = roles[i];
      if (role !== undefined && this.#offerToRole(agent, role)) return;
    }
  }

  #offerToRole(agent: number, role: RoleNode): boolean {
    const { books } = this.#parts;
    const { fleet, clients } = books;
    const { random, sorter } = this.#options;
    const ranked = books.fairness.clientsOf(role);
    const items = sorter === "random" ? lotOf(role) : ranked.items;
    const plain = fleet.digests[agent]?.plain ?? false;
    // Frameworks of one mask are offered the same, until one of them takes it.
    this.#worked.fill(null);
    for (let i = 0; i < ranked.count; i++) {
      const client = sorter === "random" ? drawNext(items, i, ranked.count, random) : (items[i] ?? 0);
      if (((this.#bits[client >>> 5] ?? 0) & (1 << (client & 31))) === 0) continue;
      const offering = this.#offeringTo(agent, role, plain ? 0 : (clients.frameworks[client]?.mask ?? 0));
      if (offering === undefined && plain) return false;
      if (offering === undefined || !this.#accepts(agent, role, client, offering)) continue;
      this.#offer(agent, role, client, offering);
      if (fleet.available[agent]?.isEmpty !== false) return true;
      if (!this.#findClients(agent)) return true;
      this.#worked.fill(null);
    }
    return false;
  }

  #offeringTo(agent: number, role: RoleNode, mask: number): Offering | undefined {
    const known = this.#worked[mask];
    if (known !== null) return known;
    const made = this.#offerings.forRole(agent, role, this.#stage, mask, this.#given.get(agent));
    this.#worked[mask] = made;
    return made;
  }

  #accepts(agent: number, { path }: RoleNode, client: number, offering: Offering): boolean {
    const { oracle, books, declined, kinds } = this.#parts;
    const { now, minAllocatable } = this.#options;
    const state = books.fleet.states[agent];
    const framework = books.clients.frameworks[client];
    const terms = framework?.state;
    if (state === undefined || terms === undefined) return false;
    const minima = terms.minAllocatable?.get(path) ?? minAllocatable;
    if (offering.minima !== minima) {
      offering.minima = minima;
      offering.enough = isAllocatable(offering.resources, offering.resources.scalarQuantities(), minima);
    }
    if (!offering.enough || kinds.excludesHost(terms, path, state)) return false;
    // Who refuses the whole of it is not among the clients at hand.
    const isPart = offering !== books.fleet.offerings[agent];
    if (isPart && declined.refuses(agent, client, offering.resources)) return false;
    return oracle === undefined || !oracle.refuses(terms.id, path, state.name, offering.resources, now);
  }

  #offer(agent: number, role: RoleNode, client: number, offering: Offering): void {
    const { books, number } = this.#parts;
    const { fleet, clients } = books;
    const framework = clients.frameworks[client];
    if (framework === undefined) return;
    const name = fleet.states[agent]?.name ?? "";
    const { resources } = offering;
    const offer: PlannedOffer = { framework: framework.id, role: role.path, agent: name, resources };
    let earlier = fleet.offered[agent];
    while (earlier !== undefined && !(earlier.client === client && earlier.round === number))
      earlier = earlier.next;
    if (fleet.digests[agent]?.plain === false) {
      const given = this.#given.get(agent) ?? Resources.empty;
      this.#given.set(agent, given.add(resources.shared()));
    }
    const place = this.offers.length;
    books.addOffer(agent, client, offer, offering, number, place);
    if (earlier === undefined) {
      this.offers.push(offer);
      const most = framework.state?.maxOffers ?? this.#options.maxOffersPerFramework;
      clients.countOutstanding(framework, framework.outstanding + 1, most);
      return;
    }
    books.growOffer(agent, earlier);
    this.offers[earlier.place] = earlier.offer;
    this.#grown.push(client);
  }

  /** An offer that grew counts once from the next round on. */
  finish(): void {
    const { clients, fairness } = this.#parts.books;
    for (const client of this.#grown) {
      clients.addMade(client, -1);
      fairness.changed(client);
    }
    fairness.settle();
  }
}

const isSome = (word: number): boolean => word !== 0;

/** The role's clients, to be drawn from. */
function lotOf(role: RoleNode): Int32Array {
  role.lot ??= role.clients.items.slice(0, role.clients.count);
  return role.lot;
}

/** Roles with live clients; a leaf's weight is the product of its parts among siblings on the way down. */
function leavesOf({ fairness, roles: { root, nodes } }: Books): { roles: RoleNode[]; draw: WeightedDraw } {
  const roles: RoleNode[] = [];
  const weights: number[] = [];
  const descend = (node: RoleNode, weight: number): void => {
    const { items, count } = fairness.contendersOf(node);
    const contenders = Array.from(items.subarray(0, count), (item) =>
      (item & 1) === 1 ? undefined : nodes[item >>> 1],
    );
    const sum = contenders.reduce((total, child) => total + (child?.weight ?? 1), 0);
    for (const child of contenders) {
      if (child !== undefined) descend(child, (weight * child.weight) / sum);
      else {
        roles.push(node);
        weights.push(weight / sum);
      }
    }
  };
  descend(root, 1);
  return { roles, draw: new WeightedDraw(weights) };
}
