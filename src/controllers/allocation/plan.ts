import {
  type AgentState,
  type Allocation,
  type AllocationOptions,
  type Allocator,
  type Candidate,
  judgeStepwise,
  type Placed,
  type PlacementPolicy,
  type PlannedOffer,
  placeStepwise,
  type Situation,
  type Stepwise,
} from "../../allocator/index.ts";
import { type Breath, SLICE } from "../../cluster/breath.ts";
import { Resources } from "../../resources/index.ts";
import type { PendingGroup, PendingTask } from "../world/builtin.ts";
import type { Peers } from "../world/peers.ts";
import { situationOf } from "../world/situation.ts";
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
/** Offers that are sorted at one go. */
const STRIDE = 256;
/** Milliseconds: what the built-in framework has no use for it is not offered again, until something wakes it. */
const FOR_LONG = 24 * 3600 * 1000;

/**
 * Decides who gets what. The built-in framework is offered resources like everyone, and answers here: it takes what its
 * tasks need and declines the rest, so everyone's offers are worked out again until it is offered nothing more.
 */
export async function makePlan(parts: PlanParts): Promise<Plan> {
  const planning = new Planning(parts);
  const { breath } = parts;
  let offers = await decide(parts);
  for (let pass = 1; pass < MOST_PASSES && offers.mine.length > 0; pass++) {
    await breath.through(planning.answer(offers));
    offers = await decide(parts);
  }
  const { mine, others } = offers;
  // The last ones that nothing came of any more: they are declined.
  await breath.through(planning.decline(mine, []));
  return {
    offers: others,
    bindings: planning.bindings,
    unplaced: await breath.through(planning.explained()),
  };
}

interface Offers {
  readonly mine: readonly PlannedOffer[];
  readonly others: readonly PlannedOffer[];
}

/** Those of the built-in framework, and the others. */
function* whose(offers: readonly PlannedOffer[]): Stepwise<Offers> {
  const mine: PlannedOffer[] = [];
  const others: PlannedOffer[] = [];
  for (const [i, offer] of offers.entries()) {
    if (i % STRIDE === 0) yield;
    (isBuiltInId(offer.framework) ? mine : others).push(offer);
  }
  return { mine, others };
}

async function decide({ allocator, options, breath }: PlanParts): Promise<Offers> {
  const round = allocator.begin(options);
  while (!round.step(SLICE, () => breath.now())) await breath.take();
  return breath.through(whose(round.offers));
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
  *answer({ mine, others }: Offers): Stepwise<void> {
    for (const offer of others) {
      this.#parts.allocator.withdraw(offer);
      yield;
    }
    const before = this.bindings.length;
    const groups: PendingGroup[] = [];
    for (const group of this.#groups) {
      const left = yield* this.#answerGroup(group, mine);
      if (left.length > 0) groups.push({ ...group, tasks: left });
    }
    this.#groups = groups;
    yield* this.decline(mine, this.bindings.slice(before));
  }

  *#answerGroup(group: PendingGroup, mine: readonly PlannedOffer[]): Stepwise<readonly PendingTask[]> {
    const id = builtInId(group.namespace);
    const own = mine.filter(({ framework, role }) => framework === id && role === group.role);
    return own.length === 0 ? group.tasks : yield* this.#place(group, own);
  }

  /** Gives back what was not taken, and says for which clients that is no use. */
  *decline(mine: readonly PlannedOffer[], taken: readonly Binding[]): Stepwise<void> {
    const { allocator, options } = this.#parts;
    const told = new Set<string>();
    for (const { agent } of mine) {
      if (told.has(agent)) continue;
      told.add(agent);
      const state = this.#afterwards(agent);
      if (state === undefined) allocator.removeAgent(agent);
      else allocator.upsertAgent(state);
      yield;
    }
    const woken = new Map<string, Set<string>>();
    const bindings = Map.groupBy(taken, ({ agent }) => agent);
    for (const { framework, role, agent, resources } of mine) {
      yield;
      const used = (bindings.get(agent) ?? []).filter(({ pending }) => isFor(pending, framework, role));
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

  *#place(group: PendingGroup, offers: readonly PlannedOffer[]): Stepwise<readonly PendingTask[]> {
    const candidates: (Candidate & { readonly agent: AgentState })[] = [];
    for (const { agent, role, resources } of offers) {
      const state = this.#afterwards(agent);
      if (state === undefined) continue;
      candidates.push({ agent: state, role, available: resources, total: state.total });
      yield;
    }
    const { placed } = yield* placeStepwise(
      group.tasks.map(({ request }) => request),
      candidates,
      this.#parts.policy,
      yield* this.#situation(group),
      false,
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

  *#situation(group: PendingGroup): Stepwise<Situation | undefined> {
    const { namespace, role, tasks } = group;
    const key = situationKey(group);
    const known = this.#situations.get(key);
    if (known !== undefined || tasks.every(({ request }) => request.terms === undefined)) return known;
    const made = yield* situationOf(this.#agents(), yield* this.#parts.peers(namespace, role));
    this.#situations.set(key, made);
    return made;
  }

  /** All of them, with what has been planned for each. */
  *#agents(): Generator<AgentState, void> {
    for (const state of this.#parts.agents()) yield this.#afterwards(state.name) ?? state;
  }

  /** What is left, so that it can be asked which constraint fails where. */
  *explained(): Stepwise<readonly PendingGroup[]> {
    const groups: PendingGroup[] = [];
    for (const group of this.#groups) {
      const situation = yield* this.#situation(group);
      const tasks: PendingTask[] = [];
      for (const pending of group.tasks) {
        if (situation === undefined) {
          tasks.push(pending);
          continue;
        }
        const { failures } = yield* judgeStepwise(pending.request, situation);
        tasks.push({ ...pending, request: { ...pending.request, failures } });
      }
      groups.push({ ...group, tasks });
    }
    return groups;
  }
}

const situationKey = ({ namespace, role }: PendingGroup): string => JSON.stringify([namespace, role]);

const isFor = ({ task }: PendingTask, framework: string, role: string): boolean =>
  task.spec.role === role && builtInId(task.metadata.namespace ?? "") === framework;
