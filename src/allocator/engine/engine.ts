import type { AllocationDecision, AllocationOptions, PlannedOffer } from "../decision.ts";
import type { Explanation, Question } from "../explain.ts";
import type { Shares } from "../shares.ts";
import { atOnce, type Stepwise } from "../stepwise.ts";
import type { AgentState, FrameworkState, QuotaState, Refusals, RoleState } from "../world.ts";
import { explainFrom } from "./explaining.ts";
import { type Event, Intake } from "./intake.ts";
import type { AllocationRound, Allocator, AllocatorSize, Refusal } from "./interface.ts";
import { Deciding } from "./round.ts";
import { sharesFrom } from "./sharing.ts";

/** Agents that are dealt with, and events taken in, between two looks at the clock. */
const STRIDE = 8;
/** Agents whose filters are cleared between two looks at the clock. */
const SWEEP = 1024;

/** See interface.ts. */
export class AllocationEngine implements Allocator {
  readonly #intake: Intake;
  /** Told, not yet taken in: from `#taken` on. */
  #events: Event[] = [];
  #round: Round | undefined;
  #number = 0;

  /** `oracle` is asked beside the filters that the engine was told of. */
  constructor(oracle?: Refusals) {
    this.#intake = new Intake(oracle);
  }

  upsertAgent(state: AgentState): void {
    this.#events.push({ type: "agent", state });
  }

  removeAgent(name: string): void {
    this.#events.push({ type: "agentGone", name });
  }

  upsertFramework(state: FrameworkState): void {
    this.#events.push({ type: "framework", state });
  }

  removeFramework(id: string): void {
    this.#events.push({ type: "frameworkGone", id });
  }

  setOutstanding(framework: string, offers: number): void {
    this.#events.push({ type: "outstanding", framework, offers });
  }

  setRoles(roles: readonly RoleState[]): void {
    this.#events.push({ type: "roles", roles });
  }

  setQuotas(quotas: readonly QuotaState[]): void {
    this.#events.push({ type: "quotas", quotas });
  }

  refuse(refusal: Refusal): void {
    this.#events.push({ type: "refuse", refusal });
  }

  revive(framework: string, roles: readonly string[] = []): void {
    this.#events.push({ type: "revive", framework, roles });
  }

  suppress(framework: string, roles: readonly string[] = []): void {
    this.#events.push({ type: "suppress", framework, roles });
  }

  withdraw(offer: PlannedOffer): void {
    this.#events.push({ type: "withdraw", offer });
  }

  begin(options: AllocationOptions): AllocationRound {
    this.#expectIdle();
    this.#number++;
    const round = new Round(this.#intake, this.#events, options, this.#number);
    this.#events = [];
    this.#round = round;
    return round;
  }

  allocate(options: AllocationOptions): AllocationDecision {
    const round = this.begin(options);
    round.step(Number.POSITIVE_INFINITY, () => 0);
    return { offers: round.offers };
  }

  /** Takes in what has been told, which the next round would do first. */
  settle(): void {
    atOnce(this.settling());
  }

  *settling(): Stepwise<void> {
    this.#expectIdle();
    while (this.#events.length > 0) {
      while (!this.#intake.flush(SWEEP)) yield;
      for (const event of this.#events.splice(0, this.#few())) this.#intake.take(event);
      yield;
    }
    while (!this.#intake.flush(SWEEP)) yield;
  }

  /**
   * How many events are taken in at one go: what a revive has put off is done, in steps, before the next that is none, what a framework's end
   * has before any.
   */
  #few(): number {
    const is = (type: Event["type"], at: number) => this.#events[at]?.type === type;
    const end = this.#events.findIndex(
      (_, at) =>
        at === STRIDE ||
        (at > 0 && (is("frameworkGone", at - 1) || (is("revive", at - 1) && !is("revive", at)))),
    );
    return end === -1 ? this.#events.length : end;
  }

  nextExpiry(): number | undefined {
    if (this.#round?.done !== false) this.settle();
    return this.#intake.declined.nextEnd();
  }

  explain(question: Question, options: AllocationOptions): Explanation {
    return atOnce(this.explaining(question, options));
  }

  *explaining(question: Question, options: AllocationOptions): Stepwise<Explanation> {
    yield* this.settling();
    return yield* explainFrom(this.#intake, question, options);
  }

  shares(excludeFromFairness: ReadonlySet<string> = new Set()): Shares {
    this.settle();
    return sharesFrom(this.#intake.books, excludeFromFairness);
  }

  agents(): Iterable<AgentState> {
    if (this.#round?.done !== false) this.settle();
    return this.#intake.books.fleet.all();
  }

  size(): AllocatorSize {
    if (this.#round?.done !== false) this.settle();
    const { books, declined } = this.#intake;
    return {
      agents: books.fleet.count,
      frameworks: [...books.clients.byId.values()].filter(({ state }) => state !== undefined).length,
      filters: declined.size,
      filterBytes: declined.bytes(),
      dirty: this.#intake.candidates().length,
    };
  }

  #expectIdle(): void {
    if (this.#round?.done === false) throw new Error("a round of the allocator is under way");
  }
}

class Round implements AllocationRound {
  done = false;
  readonly #intake: Intake;
  readonly #events: readonly Event[];
  readonly #options: AllocationOptions;
  readonly #number: number;
  #taken = 0;
  #deciding: Deciding | undefined;

  constructor(intake: Intake, events: readonly Event[], options: AllocationOptions, number: number) {
    this.#intake = intake;
    this.#events = events;
    this.#options = options;
    this.#number = number;
  }

  get offers(): readonly PlannedOffer[] {
    return this.#deciding?.offers ?? [];
  }

  step(budgetMs: number, clock: () => number): boolean {
    const end = clock() + budgetMs;
    while (!this.done) {
      this.#work();
      if (clock() >= end) break;
    }
    return this.done;
  }

  #work(): void {
    const intake = this.#intake;
    if (this.#taken < this.#events.length) {
      const until = Math.min(this.#events.length, this.#taken + STRIDE);
      for (; this.#taken < until; this.#taken++) {
        const event = this.#events[this.#taken];
        if (event === undefined) continue;
        if ((event.type !== "revive" || intake.mustFlush) && !intake.flush(SWEEP)) return;
        intake.take(event);
      }
      return;
    }
    if (this.#deciding === undefined) {
      if (!intake.flush(SWEEP) || !intake.expire(this.#options.now, SWEEP)) return;
      intake.prepare(this.#options);
      const { books, kinds, declined, oracle } = intake;
      const parts = { books, kinds, declined, oracle, number: this.#number };
      this.#deciding = new Deciding(parts, this.#options, intake.candidates());
      return;
    }
    if (!this.#deciding.advance(STRIDE)) return;
    this.#deciding.finish();
    intake.conclude();
    this.done = true;
  }
}
