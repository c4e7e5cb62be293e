/**
 * When to take back what a plan says. A role must have been short for a while before anyone is told (patience); those that are
 * told have a while until they are taken (grace), and are let go if the demand ends before; after a taking the role rests until what
 * came free has had time to be used (settle), longer each time that it was not. Pure: state and clock are passed in.
 */
import { atOnce, type Stepwise } from "../stepwise.ts";
import { type Gang, gangKey } from "./gangs.ts";
import { type PlanOptions, planStepwise, type ReclaimPlan, type Step } from "./plan.ts";
import type { ReclaimSnapshot } from "./snapshot.ts";

export interface ReclaimOptions extends Pick<PlanOptions, "excludeFromFairness" | "most"> {
  /** Milliseconds for which a role must have been short without a break. */
  readonly patience: number;
  /** Milliseconds from being told to being taken. */
  readonly grace: number;
  /** Milliseconds after a taking in which nothing more is taken for that role; doubled each time that it was of no use. */
  readonly settle: number;
  /** The longest that `settle` grows to; 32 times it, if it is not said. */
  readonly longest?: number;
}

export const RECLAIM_DEFAULTS: ReclaimOptions = { patience: 30_000, grace: 30_000, settle: 30_000 };

interface Warning {
  readonly since: number;
  /** For whom. */
  readonly role: string;
}

interface Rest {
  readonly until: number;
  /** How often in a row what was taken was of no use. */
  readonly strikes: number;
  /** Demands that something was taken for. */
  readonly demands: readonly string[];
}

/** What one decision hands on to the next. Plain data; the leader that takes over may begin with `NO_RECLAIM`. */
export interface ReclaimState {
  readonly short: ReadonlyMap<string, number>;
  /** By gang. */
  readonly warned: ReadonlyMap<string, Warning>;
  /** Gangs that were taken and may still be there. */
  readonly taken: ReadonlySet<string>;
  /** By role. */
  readonly rests: ReadonlyMap<string, Rest>;
}

export const NO_RECLAIM: ReclaimState = {
  short: new Map(),
  warned: new Map(),
  taken: new Set(),
  rests: new Map(),
};

/** A gang that is told, or taken. */
export interface Reclaimed {
  /** With the executors that go with them. */
  readonly tasks: readonly string[];
  /** For which role's demand, and where it is to be met. */
  readonly role: string;
  readonly demand: string;
  readonly agent: string;
  /** When it will be taken at the soonest; of what is taken, now. */
  readonly at: number;
}

export interface ReclaimDecision {
  /** Kill these now. */
  readonly take: readonly Reclaimed[];
  /** These will be taken at `at` if the demand is still there: all that are told, not only new ones. */
  readonly warn: readonly Reclaimed[];
  readonly state: ReclaimState;
  /** When to decide again, if nothing changes before. */
  readonly next: number | undefined;
  readonly shares: ReclaimPlan["shares"];
}

/** A decision at one go. */
export function decideReclaim(
  ...parts: [snapshot: ReclaimSnapshot, before: ReclaimState, options: ReclaimOptions, now: number]
): ReclaimDecision {
  return atOnce(decideStepwise(...parts));
}

/** The same, for a cluster so large that others have to have their turn in between. */
export function* decideStepwise(
  snapshot: ReclaimSnapshot,
  before: ReclaimState,
  options: ReclaimOptions,
  now: number,
): Stepwise<ReclaimDecision> {
  const rests = restsNow(snapshot, before, options, now);
  const shortBefore = (role: string) => before.short.get(role) ?? now;
  const plan = yield* planStepwise(snapshot, {
    ...options,
    warned: (key) => before.warned.has(key),
    ending: (key) => before.taken.has(key),
    rests: (role) => (rests.get(role)?.until ?? 0) > now || shortBefore(role) + options.patience > now,
  });
  const short = new Map(Array.from(plan.short, (role) => [role, shortBefore(role)]));
  const warned = new Map<string, Warning>();
  const [take, warn]: [Reclaimed[], Reclaimed[]] = [[], []];
  const taken = stillThere(snapshot, before.taken);
  for (const step of plan.steps) {
    const since = step.gangs.map(({ key }) => before.warned.get(key)?.since ?? now);
    const at = Math.max(...since) + options.grace;
    const told = step.gangs.map((gang) => reclaimed(gang, step, at));
    if (at > now) {
      warn.push(...told);
      for (const [i, { key }] of step.gangs.entries())
        warned.set(key, { since: since[i] ?? now, role: step.demand.role });
      continue;
    }
    take.push(...told);
    if (step.gangs.length > 0)
      rest(rests, step, now + settleTime(options, rests.get(step.demand.role)?.strikes));
    for (const { key, along = [] } of step.gangs) {
      for (const gone of [key, ...along.map(gangKey)]) taken.add(gone);
    }
  }
  const state = { short, warned, taken, rests };
  return { take, warn, state, next: nextTime(state, warn, options, now), shares: plan.shares };
}

function reclaimed({ tasks, along = [] }: Gang, { demand, agent }: Step, at: number): Reclaimed {
  return { tasks: [...tasks, ...along].map(({ id }) => id), role: demand.role, demand: demand.id, agent, at };
}

/** Rests that are over go, with their strikes if what was taken was used. */
function restsNow(
  { demand }: ReclaimSnapshot,
  { rests }: ReclaimState,
  options: ReclaimOptions,
  now: number,
): Map<string, Rest> {
  const waiting = new Set(demand.map(({ id }) => id));
  const after = new Map<string, Rest>();
  for (const [role, one] of rests) {
    const unmet = one.demands.filter((id) => waiting.has(id));
    if (one.until > now) after.set(role, { ...one });
    else if (unmet.length > 0) {
      const strikes = one.strikes + 1;
      after.set(role, { until: now + settleTime(options, strikes), strikes, demands: [] });
    } else if (one.demands.length === 0 && one.strikes > 0) {
      // The punishment is over; the next taking that is of no use makes it longer.
      after.set(role, { until: now, strikes: one.strikes, demands: [] });
    }
  }
  return after;
}

function settleTime({ settle, longest = 32 * settle }: ReclaimOptions, strikes = 0): number {
  return Math.min(longest, settle * 2 ** strikes);
}

function rest(rests: Map<string, Rest>, { demand }: Step, until: number): void {
  const known = rests.get(demand.role);
  rests.set(demand.role, {
    until: Math.max(until, known?.until ?? 0),
    strikes: known?.strikes ?? 0,
    demands: [...(known?.demands ?? []), demand.id],
  });
}

function stillThere({ tasks, executors = [] }: ReclaimSnapshot, taken: ReadonlySet<string>): Set<string> {
  const there = new Set([...tasks, ...executors].map(gangKey));
  return new Set([...taken].filter((key) => there.has(key)));
}

function nextTime(
  { short, rests }: ReclaimState,
  warn: readonly Reclaimed[],
  { patience }: ReclaimOptions,
  now: number,
): number | undefined {
  const times = [
    ...warn.map(({ at }) => at),
    ...[...short.values()].map((since) => since + patience),
    ...[...rests.values()].map(({ until }) => until),
  ].filter((time) => time > now);
  return times.length === 0 ? undefined : Math.min(...times);
}
