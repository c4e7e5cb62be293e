/**
 * The allocator with a memory: it is told what has changed and considers only what that can affect. `allocate(world, options)`
 * (../allocate.ts) is the same core, told a whole world at once; from equal states both decide equally.
 *
 * Events are cheap to tell: they are noted, and taken in when the next round begins or something is asked. While a round is
 * under way they wait for its end, so a round decides on one state of the world. Agents are considered in the order of
 * `agents()` when `options.random` is constant just below 1, else shuffled.
 */
import type { Resources } from "../../resources/index.ts";
import type { AllocationDecision, AllocationOptions, PlannedOffer } from "../decision.ts";
import type { Explanation, Question } from "../explain.ts";
import type { Shares } from "../shares.ts";
import type { Stepwise } from "../stepwise.ts";
import type { AgentState, FrameworkState, QuotaState, RoleState } from "../world.ts";

/** Something that was offered and is not wanted: see filters.ts for what such a filter does. */
export interface Refusal {
  readonly framework: string;
  readonly role: string;
  readonly agent: string;
  readonly resources: Resources;
  /** Milliseconds, of the same clock as AllocationOptions.now. */
  readonly now: number;
  /** Milliseconds: what `refusalTime` says; 0 is no filter. */
  readonly time: number;
}

export interface AllocatorEvents {
  /**
   * A new agent, or one of which anything has changed. The state is the whole truth: offers that this allocator made of the agent
   * count from now on only if they are among its allocations. An object that is the same as before, with no offers since,
   * changes nothing. Other attributes than before (or another hostname, region or zone) clear the filters of the agent.
   */
  upsertAgent(state: AgentState): void;
  /** The agent is gone, and its filters. */
  removeAgent(name: string): void;
  /**
   * A new framework, or one of which anything has changed. Its count of offers (`offersMade`) is read once, when it is new; from
   * then on the allocator counts itself. Filters go of roles that it left, of roles that it has no longer suppressed, and
   * all of them when it is not active.
   */
  upsertFramework(state: FrameworkState): void;
  /** The framework is gone, and its filters; what it holds counts for its roles until the agents' states say otherwise. */
  removeFramework(id: string): void;
  /** How many offers the framework has outstanding now; in between, the allocator counts those that it makes. */
  setOutstanding(framework: string, offers: number): void;
  /** All roles that have a weight; the others have 1. */
  setRoles(roles: readonly RoleState[]): void;
  /** All quotas; a role that is not among them has none. */
  setQuotas(quotas: readonly QuotaState[]): void;
  /** A filter. Ignored for a framework, role or agent that is not known. */
  refuse(refusal: Refusal): void;
  /** REVIVE: filters go and suppressed roles take offers again; no roles means all of the framework's. */
  revive(framework: string, roles?: readonly string[]): void;
  /** SUPPRESS: no offers to these roles; no roles means all of the framework's. Filters stay. */
  suppress(framework: string, roles?: readonly string[]): void;
  /** An offer that this allocator made is over and nothing of it is in use (declined, rescinded, never written). */
  withdraw(offer: PlannedOffer): void;
}

/** One allocation that is worked on bit by bit, so that the caller's thread is free in between. */
export interface AllocationRound {
  /** In the order in which they were decided; complete once `done`. They count as allocated from the moment they are here. */
  readonly offers: readonly PlannedOffer[];
  readonly done: boolean;
  /** Works until it is done or `budgetMs` have passed by `clock` (milliseconds); whether it is done. */
  step(budgetMs: number, clock: () => number): boolean;
}

export interface AllocatorSize {
  readonly agents: number;
  readonly frameworks: number;
  /** Pairs of a framework, in a role, and an agent with a filter. */
  readonly filters: number;
  /** What the filters take of memory, by the sizes of their arrays. */
  readonly filterBytes: number;
  /** Agents that the next round will look at, as far as is known now. */
  readonly dirty: number;
}

export interface Allocator extends AllocatorEvents {
  /** Begins a round; the one before must be done (else an Error). Its first steps take in what has happened since. */
  begin(options: AllocationOptions): AllocationRound;
  /** A round at one go. */
  allocate(options: AllocationOptions): AllocationDecision;
  /** Takes in at one go what has been told; a round does so by itself, in steps. Not while one is under way (an Error). */
  settle(): void;
  /** The same in steps. What is told meanwhile is taken in too. */
  settling(): Stepwise<void>;
  /** When the next filter ends (milliseconds of the refusals' clock), or undefined: a round is due then. */
  nextExpiry(): number | undefined;
  /** As `explain` of a world: why a request gets nothing. Not while a round is under way (an Error). */
  explain(question: Question, options: AllocationOptions): Explanation;
  /** The same in steps; no round may begin meanwhile. */
  explaining(question: Question, options: AllocationOptions): Stepwise<Explanation>;
  /** As `sharesOf` of a world. Not while a round is under way (an Error). */
  shares(excludeFromFairness?: ReadonlySet<string>): Shares;
  /** What is known, in the order in which a round that does not shuffle considers it. */
  agents(): Iterable<AgentState>;
  size(): AllocatorSize;
}
