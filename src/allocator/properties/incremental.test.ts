import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Resources } from "../../resources/index.ts";
import { allocate } from "../allocate.ts";
import type { PlannedOffer } from "../decision.ts";
import { AllocationEngine } from "../engine/engine.ts";
import { referenceAllocate } from "../reference/allocate.fixture.ts";
import { OfferFilters } from "../reference/filters.fixture.ts";
import { lines, options } from "../world.fixture.ts";
import type { AgentState, AllocationWorld, FrameworkState, QuotaState } from "../world.ts";
import {
  LARGE,
  madeAgent,
  madeFramework,
  madeQuota,
  SMALL,
  someAgent,
  someFramework,
  someQuota,
  worlds,
} from "./worlds.fixture.ts";

const event = fc.oneof(
  fc.record({ kind: fc.constant("agent" as const), at: fc.nat({ max: 15 }), drawn: someAgent }),
  fc.record({ kind: fc.constant("agent gone" as const), at: fc.nat() }),
  fc.record({ kind: fc.constant("agent replaced" as const), at: fc.nat() }),
  fc.record({ kind: fc.constant("suppression" as const), at: fc.nat() }),
  fc.record({ kind: fc.constant("framework" as const), at: fc.nat(), drawn: someFramework }),
  fc.record({ kind: fc.constant("new framework" as const), drawn: someFramework }),
  fc.record({ kind: fc.constant("framework gone" as const), at: fc.nat() }),
  fc.record({
    kind: fc.constant("quotas" as const),
    drawn: fc.uniqueArray(someQuota, { maxLength: 3, selector: (one) => one.role }),
  }),
  fc.record({
    kind: fc.constant("weight" as const),
    path: fc.constantFrom("a", "a/x", "b"),
    weight: fc.constantFrom(1, 2, 5),
  }),
  fc.record({
    kind: fc.constant("declined" as const),
    at: fc.nat(),
    time: fc.constantFrom(0, 1000, 5000, 20_000),
  }),
  fc.record({
    kind: fc.constant("declined" as const),
    at: fc.nat(),
    time: fc.constantFrom(0, 1000, 5000, 20_000),
  }),
  fc.record({ kind: fc.constant("accepted" as const), at: fc.nat() }),
  fc.record({ kind: fc.constant("revived" as const), at: fc.nat() }),
  fc.record({ kind: fc.constant("later" as const), by: fc.constantFrom(500, 3000, 30_000) }),
);
type Event = typeof event extends fc.Arbitrary<infer E> ? E : never;

/** What has happened, told to an engine, and kept as a world beside it. */
class History {
  readonly engine = new AllocationEngine();
  now = 0;
  readonly #filters = new OfferFilters();
  readonly #agents = new Map<string, AgentState>();
  readonly #frameworks = new Map<string, FrameworkState>();
  readonly #made = new Map<string, Map<string, number>>();
  readonly #weights = new Map<string, number>();
  #quotas: readonly QuotaState[] = [];
  #standing: PlannedOffer[] = [];
  #named = 1000;

  constructor({ agents, frameworks, quotas, roles }: AllocationWorld) {
    for (const state of agents) this.#tell(state);
    for (const state of frameworks) this.#addFramework(state);
    for (const { path, weight } of roles) this.#weights.set(path, weight);
    this.#tellWeights();
    this.#setQuotas(quotas);
  }

  world(): AllocationWorld {
    return {
      agents: Array.from(this.engine.agents(), ({ name }) => this.#withOffers(name)).filter(
        (one) => one !== undefined,
      ),
      frameworks: Array.from(this.#frameworks.values(), (one) => ({
        ...one,
        offersMade: this.#made.get(one.id) ?? new Map(),
        offersOutstanding: this.#outstanding(one.id),
      })),
      roles: Array.from(this.#weights, ([path, weight]) => ({ path, weight })),
      quotas: this.#quotas,
      refusals: this.#filters,
    };
  }

  carryOut(offers: readonly PlannedOffer[]): void {
    this.#standing.push(...offers);
    for (const { framework, role } of offers) {
      const made = this.#made.get(framework) ?? new Map<string, number>();
      this.#made.set(framework, made.set(role, (made.get(role) ?? 0) + 1));
    }
  }

  happen(one: Event): void {
    switch (one.kind) {
      case "agent":
        this.#tell(madeAgent(one.drawn, `n${one.at}`, this.#frameworks.size));
        break;
      case "agent gone":
        this.#removeAgent(pick([...this.#agents.keys()], one.at));
        break;
      case "agent replaced":
        this.#replaceAgent(pick([...this.#agents.keys()], one.at));
        break;
      case "suppression":
        this.#turnSuppression(pick([...this.#frameworks.keys()], one.at));
        break;
      case "framework":
        this.#changeFramework(pick([...this.#frameworks.keys()], one.at), one.drawn);
        break;
      case "new framework":
        this.#addFramework(madeFramework(one.drawn, `f${this.#named++}`));
        break;
      case "framework gone":
        this.#removeFramework(pick([...this.#frameworks.keys()], one.at));
        break;
      case "quotas":
        this.#setQuotas(one.drawn.map(madeQuota));
        break;
      case "weight":
        this.#weights.set(one.path, one.weight);
        this.#tellWeights();
        break;
      case "declined":
      case "accepted":
        this.#answer(pick(this.#standing, one.at), one);
        break;
      case "revived":
        this.#revive(pick([...this.#frameworks.keys()], one.at));
        break;
      case "later":
        this.now += one.by;
    }
  }

  #outstanding(id: string): number {
    return this.#standing.filter((offer) => offer.framework === id).length;
  }

  #withOffers(name: string): AgentState | undefined {
    const state = this.#agents.get(name);
    const mine = this.#standing.filter((offer) => offer.agent === name);
    return state && { ...state, allocations: [...state.allocations, ...mine] };
  }

  #tell(state: AgentState): void {
    this.#agents.set(state.name, state);
    this.engine.upsertAgent(this.#withOffers(state.name) ?? state);
  }

  #removeAgent(name: string | undefined): void {
    if (name === undefined) return;
    const gone = this.#standing.filter((offer) => offer.agent === name);
    this.#agents.delete(name);
    this.#filters.removeAgent(name);
    this.#standing = this.#standing.filter((offer) => offer.agent !== name);
    this.engine.removeAgent(name);
    for (const { framework } of gone) this.engine.setOutstanding(framework, this.#outstanding(framework));
  }

  /** By an empty one with what was left: what was refused of the old one is no refusal of this one. */
  #replaceAgent(name: string | undefined): void {
    const state = name === undefined ? undefined : this.#agents.get(name);
    this.#removeAgent(name);
    if (state === undefined) return;
    const total = state.total.subtract(Resources.sum(state.allocations.map(({ resources }) => resources)));
    this.#tell({ ...state, total, name: `n${this.#named++}`, allocations: [] });
  }

  #turnSuppression(id: string | undefined): void {
    const before = id === undefined ? undefined : this.#frameworks.get(id);
    if (before === undefined) return;
    const [first = "*"] = before.roles;
    const heard = before.suppressedRoles?.has(first) ?? false;
    if (heard) this.#filters.revive(before.id, [first]);
    const after = { ...before, suppressedRoles: new Set(heard ? [] : [first]) };
    this.#frameworks.set(before.id, after);
    this.engine.upsertFramework({ ...after, offersOutstanding: this.#outstanding(before.id) });
  }

  #addFramework(state: FrameworkState): void {
    this.#frameworks.set(state.id, state);
    this.#made.set(state.id, new Map(state.offersMade));
    this.engine.upsertFramework(state);
  }

  /** Its roles stay: what becomes of counts of roles that it leaves is the engine's own. */
  #changeFramework(id: string | undefined, drawn: Parameters<typeof madeFramework>[0]): void {
    const before = id === undefined ? undefined : this.#frameworks.get(id);
    if (before === undefined) return;
    const { roles } = before;
    const [first = "*"] = roles;
    const after = {
      ...madeFramework(drawn, before.id),
      roles,
      suppressedRoles: new Set(drawn.suppresses ? [first] : []),
    };
    const heard = roles.filter(
      (role) => before.suppressedRoles?.has(role) && !after.suppressedRoles.has(role),
    );
    if (heard.length > 0) this.#filters.revive(before.id, heard);
    if (!after.active) this.#filters.removeFramework(before.id);
    this.#frameworks.set(before.id, after);
    this.engine.upsertFramework({ ...after, offersOutstanding: this.#outstanding(before.id) });
  }

  #removeFramework(id: string | undefined): void {
    if (id === undefined) return;
    const agents = new Set(
      this.#standing.filter((offer) => offer.framework === id).map(({ agent }) => agent),
    );
    this.#frameworks.delete(id);
    this.#made.delete(id);
    this.#filters.removeFramework(id);
    this.engine.removeFramework(id);
    this.#standing = this.#standing.filter((offer) => offer.framework !== id);
    for (const name of agents) this.#tellAgain(name);
  }

  #tellAgain(name: string): void {
    const state = this.#withOffers(name);
    if (state !== undefined) this.engine.upsertAgent(state);
  }

  #answer(
    offer: PlannedOffer | undefined,
    how: { kind: "accepted" } | { kind: "declined"; time: number },
  ): void {
    if (offer === undefined) return;
    const { framework, role, agent, resources } = offer;
    this.#standing = this.#standing.filter((one) => one !== offer);
    const state = this.#agents.get(agent);
    if (how.kind === "accepted" && state !== undefined) {
      this.#agents.set(agent, {
        ...state,
        allocations: [...state.allocations, { framework, role, resources }],
      });
    }
    this.#tellAgain(agent);
    this.engine.setOutstanding(framework, this.#outstanding(framework));
    if (how.kind === "accepted") return;
    const refusal = { framework, role, agent, resources, now: this.now, time: how.time };
    this.#filters.add(framework, role, agent, resources, this.now, how.time);
    this.engine.refuse(refusal);
  }

  #revive(id: string | undefined): void {
    const state = id === undefined ? undefined : this.#frameworks.get(id);
    if (state === undefined) return;
    this.#frameworks.set(state.id, { ...state, suppressedRoles: new Set() });
    this.#filters.revive(state.id);
    this.engine.revive(state.id);
  }

  #tellWeights(): void {
    this.engine.setRoles(Array.from(this.#weights, ([path, weight]) => ({ path, weight })));
  }

  #setQuotas(quotas: readonly QuotaState[]): void {
    this.#quotas = quotas;
    this.engine.setQuotas(quotas);
  }
}

function pick<T>(list: readonly T[], at: number): T | undefined {
  return list[at % Math.max(1, list.length)];
}

const OPTIONS = { maxOffersPerFramework: 5 };

describe("told event by event", () => {
  it("the engine decides as from the whole world, and as the reference that has no memory", () => {
    let offered = 0;
    fc.assert(
      fc.property(
        worlds(SMALL),
        fc.array(fc.array(event, { maxLength: 4 }), { minLength: 1, maxLength: 10, size: "max" }),
        (drawn, days) => {
          const history = new History(drawn.world);
          for (const events of [[], ...days]) {
            for (const one of events) history.happen(one);
            const how = options({ ...OPTIONS, now: history.now });
            const world = history.world();
            const { offers } = history.engine.allocate(how);
            expect(lines(offers)).toEqual(lines(allocate(world, how).offers));
            expect(lines(offers)).toEqual(lines(referenceAllocate(world, how).offers));
            offered += offers.length;
            history.carryOut(offers);
            // Nothing has happened: there is nothing more to offer.
            history.carryOut(history.engine.allocate(how).offers);
            expect(history.engine.allocate(how).offers).toEqual([]);
          }
        },
      ),
      { numRuns: 100 },
    );
    expect(offered).toBeGreaterThan(100);
  });
});

describe.each([
  ["small", worlds(SMALL), 100],
  ["of up to 200 agents and 50 frameworks", worlds(LARGE), 3],
] as const)("told at once, %s", (_, someWorld, numRuns) => {
  it("allocate decides as the reference", () => {
    fc.assert(
      fc.property(someWorld, ({ world }) => {
        const how = options(OPTIONS);
        expect(lines(allocate(world, how).offers)).toEqual(lines(referenceAllocate(world, how).offers));
      }),
      { numRuns },
    );
  });
});
