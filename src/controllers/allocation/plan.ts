import {
  type AgentState,
  type AllocationOptions,
  type AllocationWorld,
  allocate,
  judgeOf,
  type Placed,
  type PlacementPolicy,
  type PlannedOffer,
  place,
  Situation,
} from "../../allocator/index.ts";
import type { Resources } from "../../resources/index.ts";
import type { PendingGroup, PendingTask } from "../world/builtin.ts";
import type { Peers } from "../world/peers.ts";
import { builtInId, isBuiltInId } from "../world/world.ts";

/** A pending task that gets an agent. */
export interface Binding {
  readonly pending: PendingTask;
  readonly agent: string;
  /** What it takes there: reservations of its role may serve it. */
  readonly resources: Resources;
}

export interface Plan {
  /** To frameworks of their own. */
  readonly offers: readonly PlannedOffer[];
  readonly bindings: readonly Binding[];
  /** Groups with what is left of them. */
  readonly unplaced: readonly PendingGroup[];
  /** As it will be once the plan is carried out. */
  readonly world: AllocationWorld;
}

/** Each pass offers the built-in framework agents that it has not seen; so many are enough for any but the oddest cluster. */
const MOST_PASSES = 64;

/**
 * Decides who gets what. The built-in framework is offered resources like everyone, and answers here: it takes what its
 * tasks need and gives back the rest, so everyone's offers are worked out again until it is offered nothing more. Pure.
 */
export function makePlan(
  world: AllocationWorld,
  pending: readonly PendingGroup[],
  options: AllocationOptions,
  policy: PlacementPolicy,
  peers: Peers = () => [],
): Plan {
  const round = new Round(world, pending, policy, peers);
  for (let pass = 0; pass < MOST_PASSES && round.waits; pass++) {
    const answered = round.answer(allocate(round.world(), options).offers);
    if (!answered) break;
  }
  round.dismissBuiltIn();
  const { offers } = allocate(round.world(), options);
  return {
    offers,
    bindings: round.bindings,
    unplaced: round.explained(),
    world: withOffers(round.worldForExplanations(), offers),
  };
}

class Round {
  readonly bindings: Binding[] = [];
  groups: readonly PendingGroup[];
  readonly #given: AllocationWorld;
  readonly #policy: PlacementPolicy;
  readonly #agents: Map<string, AgentState>;
  /** Offers to the built-in framework that it has answered. */
  readonly #answered = new Set<string>();
  readonly #peers: Peers;
  /** By namespace and role; only where a task's constraints ask. */
  readonly #situations = new Map<string, Situation>();
  #builtIn = true;

  constructor(
    world: AllocationWorld,
    pending: readonly PendingGroup[],
    policy: PlacementPolicy,
    peers: Peers,
  ) {
    this.#peers = peers;
    this.#given = world;
    this.#policy = policy;
    this.groups = pending;
    this.#agents = new Map(world.agents.map((agent) => [agent.name, agent]));
  }

  get waits(): boolean {
    return this.groups.length > 0;
  }

  dismissBuiltIn(): void {
    this.#builtIn = false;
  }

  world(): AllocationWorld {
    const { refusals } = this.#given;
    const waiting = new Set(this.#builtIn ? this.groups.map(({ namespace }) => builtInId(namespace)) : []);
    return {
      ...this.worldForExplanations(),
      frameworks: this.#given.frameworks.filter(({ id }) => !isBuiltInId(id) || waiting.has(id)),
      refusals: {
        refuses: (framework, role, agent, offered, now) =>
          this.#answered.has(offerKey(framework, role, agent)) ||
          (isBuiltInId(framework) && !this.#waitsIn(framework, role)) ||
          refusals.refuses(framework, role, agent, offered, now),
      },
    };
  }

  worldForExplanations(): AllocationWorld {
    return { ...this.#given, agents: [...this.#agents.values()] };
  }

  /** Places tasks on what the built-in framework was offered; false if that was nothing. */
  answer(offers: readonly PlannedOffer[]): boolean {
    const mine = offers.filter(({ framework }) => isBuiltInId(framework));
    for (const { framework, role, agent } of mine) this.#answered.add(offerKey(framework, role, agent));
    this.groups = this.groups.flatMap((group) => {
      const id = builtInId(group.namespace);
      const own = mine.filter(({ framework, role }) => framework === id && role === group.role);
      const left = own.length === 0 ? group.tasks : this.#place(group, own);
      // What was placed may have made room for others by their constraints, on agents that were given back.
      if (left.length < group.tasks.length && left.some(({ request }) => request.terms !== undefined)) {
        for (const offer of own) this.#answered.delete(offerKey(id, group.role, offer.agent));
      }
      return left.length === 0 ? [] : [{ ...group, tasks: left }];
    });
    return mine.length > 0;
  }

  #place(group: PendingGroup, offers: readonly PlannedOffer[]): readonly PendingTask[] {
    const candidates = offers.flatMap(({ agent, role, resources }) => {
      const state = this.#agents.get(agent);
      return state === undefined ? [] : [{ agent: state, role, available: resources, total: state.total }];
    });
    const { placed } = place(
      group.tasks.map(({ request }) => request),
      candidates,
      this.#policy,
      this.#situation(group),
    );
    const byId = new Map(placed.map((one) => [one.request.id, one]));
    return group.tasks.filter((pending) => {
      const found = byId.get(pending.request.id);
      if (found === undefined) return true;
      const agent = (found.candidate.agent as AgentState).name;
      this.bindings.push({ pending, agent, resources: found.resources });
      this.#enter(agent, builtInId(group.namespace), group.role, found);
      return false;
    });
  }

  #enter(agent: string, framework: string, role: string, { request, resources }: Placed): void {
    const state = this.#agents.get(agent);
    if (state === undefined) return;
    const exclusive = request.terms?.exclusive ?? false;
    const after = withAllocation(state, framework, role, resources);
    this.#agents.set(agent, exclusive ? { ...after, withheld: "Exclusive" } : after);
    for (const [key, situation] of this.#situations) {
      const groups = key === situationKey(framework, role) ? (request.groups ?? []) : [];
      situation.add({ agent, groups, exclusive });
    }
  }

  #situation({ namespace, role, tasks }: PendingGroup): Situation | undefined {
    const key = situationKey(builtInId(namespace), role);
    const known = this.#situations.get(key);
    if (known !== undefined || tasks.every(({ request }) => request.terms === undefined)) return known;
    const agents = [...this.#agents.values()];
    const busy = agents.filter(({ allocations }) => allocations.some(({ resources }) => !resources.isEmpty));
    const made = new Situation({
      agents,
      running: this.#peers(namespace, role),
      occupied: busy.map(({ name }) => name),
    });
    this.#situations.set(key, made);
    return made;
  }

  /** What is left, so that it can be asked which constraint fails where. */
  explained(): readonly PendingGroup[] {
    return this.groups.map((group) => {
      const situation = this.#situation(group);
      if (situation === undefined) return group;
      const tasks = group.tasks.map((pending) => {
        const { failures } = judgeOf(pending.request, situation);
        return { ...pending, request: { ...pending.request, failures } };
      });
      return { ...group, tasks };
    });
  }

  #waitsIn(framework: string, role: string): boolean {
    return this.groups.some((group) => builtInId(group.namespace) === framework && group.role === role);
  }
}

const offerKey = (framework: string, role: string, agent: string): string =>
  JSON.stringify([framework, role, agent]);

const situationKey = (framework: string, role: string): string => JSON.stringify([framework, role]);

function withAllocation(
  state: AgentState,
  framework: string,
  role: string,
  resources: Resources,
): AgentState {
  return { ...state, allocations: [...state.allocations, { framework, role, resources }] };
}

function withOffers(world: AllocationWorld, offers: readonly PlannedOffer[]): AllocationWorld {
  if (offers.length === 0) return world;
  const byAgent = Map.groupBy(offers, ({ agent }) => agent);
  const agents = world.agents.map((state) =>
    (byAgent.get(state.name) ?? []).reduce(
      (made, { framework, role, resources }) => withAllocation(made, framework, role, resources),
      state,
    ),
  );
  return { ...world, agents };
}
