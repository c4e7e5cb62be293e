import {
  type AgentState,
  type Allocation,
  type AllocationOptions,
  type Allocator,
  judgeOf,
  type Placed,
  type PlacementPolicy,
  type PlannedOffer,
  place,
  Situation,
} from "../../allocator/index.ts";
import { type Breath, SLICE } from "../../cluster/breath.ts";
import { Resources } from "../../resources/index.ts";
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
}

export interface PlanParts {
  /** Told of all that has changed, the built-in framework too. What is planned counts with it from then on. */
  readonly allocator: Allocator;
  /** Agents as they are, without what is being planned. */
  readonly agent: (name: string) => AgentState | undefined;
  readonly agents: () => Iterable<AgentState>;
  readonly pending: readonly PendingGroup[];
  readonly options: AllocationOptions;
  readonly policy: PlacementPolicy;
  readonly peers: Peers;
  readonly breath: Breath;
}

/** Each pass offers the built-in framework agents that it has not seen; so many are enough for any but the oddest cluster. */
const MOST_PASSES = 64;
/** Milliseconds: what the built-in framework has no use for it is not offered again, until something wakes it. */
const FOR_LONG = 24 * 3600 * 1000;

/**
 * Decides who gets what. The built-in framework is offered resources like everyone, and answers here: it takes what its
 * tasks need and declines the rest, so everyone's offers are worked out again until it is offered nothing more.
 */
export async function makePlan(parts: PlanParts): Promise<Plan> {
  const planning = new Planning(parts);
  let offers = await decide(parts);
  for (let pass = 1; pass < MOST_PASSES && offers.some(isMine); pass++) {
    planning.answer(offers);
    offers = await decide(parts);
  }
  // The last ones that nothing came of any more: they are declined.
  const mine = offers.filter(isMine);
  planning.decline(mine, []);
  return {
    offers: offers.filter((offer) => !isMine(offer)),
    bindings: planning.bindings,
    unplaced: planning.explained(),
  };
}

const isMine = ({ framework }: PlannedOffer): boolean => isBuiltInId(framework);

async function decide({ allocator, options, breath }: PlanParts): Promise<readonly PlannedOffer[]> {
  const round = allocator.begin(options);
  while (!round.step(SLICE, () => breath.now())) await breath.take();
  return round.offers;
}

class Planning {
  readonly bindings: Binding[] = [];
  readonly #parts: PlanParts;
  /** By agent: the bindings, as allocations. */
  readonly #planned = new Map<string, Allocation[]>();
  #groups: readonly PendingGroup[];
  /** By namespace and role; only where a task's constraints ask. */
  readonly #situations = new Map<string, Situation>();
  /** Agents that have been given to a task for itself. */
  readonly #exclusive = new Set<string>();

  constructor(parts: PlanParts) {
    this.#parts = parts;
    this.#groups = parts.pending;
  }

  /** Takes the offers of a round: places tasks on those of the built-in framework, and takes back the others'. */
  answer(offers: readonly PlannedOffer[]): void {
    const mine = offers.filter(isMine);
    for (const offer of offers) if (!isMine(offer)) this.#parts.allocator.withdraw(offer);
    const before = this.bindings.length;
    this.#groups = this.#groups.flatMap((group) => this.#answerGroup(group, mine));
    this.decline(mine, this.bindings.slice(before));
  }

  #answerGroup(group: PendingGroup, mine: readonly PlannedOffer[]): PendingGroup[] {
    const id = builtInId(group.namespace);
    const own = mine.filter(({ framework, role }) => framework === id && role === group.role);
    const left = own.length === 0 ? group.tasks : this.#place(group, own);
    return left.length === 0 ? [] : [{ ...group, tasks: left }];
  }

  /** Gives back what was not taken, and says for which clients that is no use. */
  decline(mine: readonly PlannedOffer[], taken: readonly Binding[]): void {
    const { allocator, options } = this.#parts;
    for (const agent of new Set(mine.map(({ agent }) => agent))) {
      const state = this.#afterwards(agent);
      if (state === undefined) allocator.removeAgent(agent);
      else allocator.upsertAgent(state);
    }
    const woken = new Map<string, Set<string>>();
    for (const { framework, role, agent, resources } of mine) {
      const used = taken.filter(
        ({ agent: name, pending }) => name === agent && isFor(pending, framework, role),
      );
      const rest = resources.subtract(Resources.sum(used.map((binding) => binding.resources)));
      allocator.refuse({ framework, role, agent, resources: rest, now: options.now, time: FOR_LONG });
      // What was placed may have made room for others by their constraints, on agents that were given back.
      if (used.length === 0 || !this.#hasConstrained(framework, role)) continue;
      woken.set(framework, (woken.get(framework) ?? new Set()).add(role));
    }
    for (const [framework, roles] of woken) allocator.revive(framework, [...roles]);
  }

  #hasConstrained(framework: string, role: string): boolean {
    return this.#groups.some(
      (group) =>
        builtInId(group.namespace) === framework &&
        group.role === role &&
        group.tasks.some(({ request }) => request.terms !== undefined),
    );
  }

  #plan(agent: string, { framework, role, resources }: Allocation): void {
    const list = this.#planned.get(agent) ?? [];
    this.#planned.set(agent, list);
    list.push({ framework, role, resources });
  }

  /** An agent with what has been planned for it. */
  #afterwards(name: string): AgentState | undefined {
    const state = this.#parts.agent(name);
    if (state === undefined) return undefined;
    const planned = this.#planned.get(name);
    if (planned === undefined) return state;
    const after = { ...state, allocations: [...state.allocations, ...planned] };
    return this.#exclusive.has(name) ? { ...after, withheld: "Exclusive" } : after;
  }

  #place(group: PendingGroup, offers: readonly PlannedOffer[]): readonly PendingTask[] {
    const candidates = offers.flatMap(({ agent, role, resources }) => {
      const state = this.#afterwards(agent);
      return state === undefined ? [] : [{ agent: state, role, available: resources, total: state.total }];
    });
    const { placed } = place(
      group.tasks.map(({ request }) => request),
      candidates,
      this.#parts.policy,
      this.#situation(group),
    );
    const byId = new Map(placed.map((one) => [one.request.id, one]));
    return group.tasks.filter((pending) => {
      const found = byId.get(pending.request.id);
      if (found === undefined) return true;
      const agent = (found.candidate.agent as AgentState).name;
      this.bindings.push({ pending, agent, resources: found.resources });
      this.#plan(agent, {
        framework: builtInId(group.namespace),
        role: group.role,
        resources: found.resources,
      });
      this.#enter(agent, situationKey(group), found);
      return false;
    });
  }

  #enter(agent: string, key: string, { request }: Placed): void {
    const exclusive = request.terms?.exclusive ?? false;
    if (exclusive) this.#exclusive.add(agent);
    for (const [other, situation] of this.#situations) {
      situation.add({ agent, groups: other === key ? (request.groups ?? []) : [], exclusive });
    }
  }

  #situation(group: PendingGroup): Situation | undefined {
    const { namespace, role, tasks } = group;
    const key = situationKey(group);
    const known = this.#situations.get(key);
    if (known !== undefined || tasks.every(({ request }) => request.terms === undefined)) return known;
    const agents = Array.from(this.#parts.agents(), (state) => this.#afterwards(state.name) ?? state);
    const busy = agents.filter(({ allocations }) => allocations.some(({ resources }) => !resources.isEmpty));
    const made = new Situation({
      agents,
      running: this.#parts.peers(namespace, role),
      occupied: busy.map(({ name }) => name),
    });
    this.#situations.set(key, made);
    return made;
  }

  /** What is left, so that it can be asked which constraint fails where. */
  explained(): readonly PendingGroup[] {
    return this.#groups.map((group) => {
      const situation = this.#situation(group);
      if (situation === undefined) return group;
      const tasks = group.tasks.map((pending) => {
        const { failures } = judgeOf(pending.request, situation);
        return { ...pending, request: { ...pending.request, failures } };
      });
      return { ...group, tasks };
    });
  }
}

const situationKey = ({ namespace, role }: PendingGroup): string => JSON.stringify([namespace, role]);

const isFor = ({ task }: PendingTask, framework: string, role: string): boolean =>
  task.spec.role === role && builtInId(task.metadata.namespace ?? "") === framework;
