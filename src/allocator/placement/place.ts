/** Places tasks, in their order, on what is offered. Pure. */
import { formatResources, type Resources } from "../../resources/index.ts";
import { atOnce, type Stepwise } from "../stepwise.ts";
import { type Judge, judgeStepwise } from "./judge.ts";
import { type Match, match } from "./match.ts";
import type { PlacementPolicy } from "./policy.ts";
import type { Candidate, TaskRequest } from "./request.ts";
import { Situation } from "./situation.ts";

export interface Placed {
  readonly request: TaskRequest;
  /** The candidate as it was given. */
  readonly candidate: Candidate;
  /** What the task takes of it, with its reservations and its ports. */
  readonly resources: Resources;
}

/** `agents` counts; an agent that is short of two resources, or fails two constraints, counts for both. */
export interface Misfit {
  readonly reason: "Taint" | "Constraint" | "Short";
  readonly resource?: string;
  /** Which constraint, where it has a name: "rack Unique". */
  readonly constraint?: string;
  readonly agents: number;
}

export interface Unplaced {
  readonly request: TaskRequest;
  readonly misfits: readonly Misfit[];
}

export interface PlacementResult {
  readonly placed: readonly Placed[];
  readonly unplaced: readonly Unplaced[];
}

const NO_MISFITS: readonly Misfit[] = [];
/** Candidates between two turns of others. */
const STRIDE = 32;

/** As `placeStepwise`, at one go. */
export const place = (...parts: Parameters<typeof placeStepwise>): PlacementResult =>
  atOnce(placeStepwise(...parts));

/**
 * Hard constraints decide which candidates will do, soft ones which of them is taken, then the policy, then the order of the
 * candidates. Of requests that are alike only the first that finds no place is looked at: a flood of them costs one.
 * `before` says what runs already; without it nothing does, and there are no agents but the candidates. Without `why` no misfits are counted.
 */
export function* placeStepwise(
  requests: readonly TaskRequest[],
  candidates: readonly Candidate[],
  policy: PlacementPolicy,
  before?: Situation,
  why = true,
): Stepwise<PlacementResult> {
  const situation = before?.branch() ?? new Situation({ agents: candidates.map(({ agent }) => agent) });
  const states: State[] = [];
  for (const candidate of candidates) {
    states.push({ candidate, available: candidate.available });
    if (states.length % STRIDE === 0) yield;
  }
  const placed: Placed[] = [];
  const unplaced: Unplaced[] = [];
  /** Why the first of those that are alike found no place; none after it does, as there is ever less. */
  const refused = new Map<string, readonly Misfit[]>();
  for (const request of requests) {
    yield;
    const likeness = likenessOf(request);
    const known = likeness === undefined ? undefined : refused.get(likeness);
    if (known !== undefined) {
      unplaced.push({ request, misfits: known });
      continue;
    }
    const judge = yield* judgeStepwise(request, situation);
    const matches = new Matches(request);
    const best = yield* choose(matches, states, policy, judge);
    if (best === undefined) {
      const misfits = why ? yield* misfitsOf(matches, states, judge) : NO_MISFITS;
      if (likeness !== undefined) refused.set(likeness, misfits);
      unplaced.push({ request, misfits });
      continue;
    }
    const { state, resources } = best;
    state.available = state.available.subtract(resources.nonShared());
    placed.push({ request, candidate: state.candidate, resources });
    situation.add({
      agent: state.candidate.agent.name,
      groups: request.groups ?? [],
      exclusive: request.terms?.exclusive ?? false,
    });
  }
  return { placed, unplaced };
}

/** The same text for requests that all agents treat alike; undefined for one that asks for more than resources. */
function likenessOf({ resources, portCount = 0, accepts, failures, terms, tolerated }: TaskRequest) {
  if (accepts !== undefined || failures !== undefined || terms !== undefined) return undefined;
  return JSON.stringify([formatResources(resources), portCount, [...(tolerated ?? [])].sort()]);
}

interface State {
  readonly candidate: Candidate;
  available: Resources;
}

interface Choice {
  readonly state: State;
  readonly resources: Resources;
  readonly preference: number;
  readonly score: number;
}

/** Whether one request fits: agents that are alike have the same resources, and those are looked at once. */
class Matches {
  readonly request: TaskRequest;
  /** By role and what is available, where nothing else of the agent matters. */
  readonly #known = new Map<string, Map<Resources, Match>>();

  constructor(request: TaskRequest) {
    this.request = request;
  }

  of({ candidate, available }: State): Match {
    const own = () => match({ ...candidate, available }, this.request);
    if (candidate.agent.taints !== undefined || this.request.accepts !== undefined) return own();
    const ofRole = this.#known.get(candidate.role) ?? new Map<Resources, Match>();
    this.#known.set(candidate.role, ofRole);
    const found = ofRole.get(available) ?? own();
    ofRole.set(available, found);
    return found;
  }
}

function* choose(
  matches: Matches,
  states: readonly State[],
  policy: PlacementPolicy,
  judge: Judge,
): Stepwise<Choice | undefined> {
  const { request } = matches;
  const anyWillDo = policy.name === "first-fit" && (request.terms?.soft.length ?? 0) === 0;
  let best: Choice | undefined;
  for (const [i, state] of states.entries()) {
    if (i % STRIDE === 0) yield;
    const { candidate } = state;
    const found = matches.of(state);
    if (!found.fits || judge.failures(candidate.agent).length > 0) continue;
    const choice = {
      state,
      resources: found.resources,
      preference: judge.preference(candidate.agent),
      score: scoreOf(state, request, found.resources, policy),
    };
    if (best === undefined || isBetter(choice, best)) best = choice;
    if (anyWillDo) break;
  }
  return best;
}

function isBetter(one: Choice, other: Choice): boolean {
  return (
    one.preference > other.preference || (one.preference === other.preference && one.score > other.score)
  );
}

function scoreOf(
  { candidate, available }: State,
  request: TaskRequest,
  resources: Resources,
  policy: PlacementPolicy,
): number {
  if (policy.name === "first-fit") return 0;
  const total = candidate.total.scalarQuantities();
  const used = total.subtract(available.subtract(resources).scalarQuantities());
  return policy.score({ candidate, request, used, total });
}

/** Of each candidate the first that is in the way: a taint, then constraints, then resources. */
function* misfitsOf(matches: Matches, states: readonly State[], judge: Judge): Stepwise<readonly Misfit[]> {
  const misfits = new Map<string, Misfit>();
  for (const [i, state] of states.entries()) {
    if (i % STRIDE === 0) yield;
    const found = matches.of(state);
    const failures = judge.failures(state.candidate.agent);
    for (const one of causes(found, failures)) {
      const key = JSON.stringify(one);
      misfits.set(key, { ...one, agents: (misfits.get(key)?.agents ?? 0) + 1 });
    }
  }
  return [...misfits.values()];
}

function causes(found: Match, failures: readonly string[]): Omit<Misfit, "agents">[] {
  if (!found.fits && found.reason !== "Short") return [{ reason: found.reason }];
  if (failures.length > 0) return failures.map((constraint) => ({ reason: "Constraint", constraint }));
  return found.fits ? [] : found.short.map((resource) => ({ reason: "Short", resource }));
}
