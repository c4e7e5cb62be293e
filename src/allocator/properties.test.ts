import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Limits, Quantities, Resources } from "../resources/index.ts";
import { allocate } from "./allocate.ts";
import { at } from "./amounts.ts";
import { digestOf } from "./digest.ts";
import { openLedger } from "./ledger.ts";
import { sharesOf } from "./shares.ts";
import { agent, framework, lines, options, seeded, withOffers, world } from "./world.fixture.ts";
import type { AgentState, AllocationWorld } from "./world.ts";

const ROLES = ["a", "a/x", "a/x/p", "a/y", "b", "b/z", "c"];
const role = fc.constantFrom(...ROLES);
const amount = fc.integer({ min: 0, max: 12 });

const someAgent = fc
  .record({
    cpus: amount,
    mem: amount,
    ports: fc.integer({ min: 0, max: 5 }),
    reservedFor: fc.option(role),
    reserved: amount,
    usedBy: fc.integer({ min: 0, max: 5 }),
    usedIn: role,
    used: fc.integer({ min: 0, max: 10 }),
    withheld: fc.constantFrom(undefined, undefined, undefined, "Cordoned" as const),
    tainted: fc.boolean(),
  })
  .map((r) => ({
    ...r,
    total: `cpus:${r.cpus};mem:${r.mem}${r.ports > 0 ? `;ports:[1-${r.ports}]` : ""}${r.reservedFor ? `;cpus(${r.reservedFor}):${r.reserved}` : ""}`,
  }));

const someFramework = fc.record({
  roles: fc.uniqueArray(role, { minLength: 1, maxLength: 3 }),
  active: fc.constantFrom(true, true, true, false),
  tolerant: fc.boolean(),
  made: amount,
});

const someQuota = fc.record({
  role,
  guarantees: fc.record({ cpus: amount, ports: fc.constantFrom(0, 0, 3) }),
  limits: fc.option(
    fc.record({ cpus: fc.integer({ min: 0, max: 30 }), ports: fc.integer({ min: 0, max: 9 }) }),
  ),
});

interface Drawn {
  readonly world: AllocationWorld;
  readonly seed: number;
}

/** Up to 12 agents and 6 frameworks in seven roles, with reservations, things in use, quotas and taints. */
const someWorld: fc.Arbitrary<Drawn> = fc
  .record({
    agents: fc.array(someAgent, { maxLength: 12 }),
    frameworks: fc.array(someFramework, { maxLength: 6 }),
    quotas: fc.uniqueArray(someQuota, { maxLength: 4, selector: (q) => q.role }),
    weights: fc.array(fc.constantFrom(0.5, 1, 2, 3), { minLength: ROLES.length, maxLength: ROLES.length }),
    seed: fc.nat(),
  })
  .map(({ agents, frameworks, quotas, weights, seed }) => ({
    seed,
    world: world({
      agents: agents.map((a, i): AgentState => {
        const free = agent(`n${i}`, a.total);
        const wanted = Limits.of([["cpus", a.used * 1000] as const]);
        const taken = free.total.allocatableTo(a.usedIn).shrinkWithin(wanted);
        const allocations = [{ framework: `f${a.usedBy}`, role: a.usedIn, resources: taken }];
        return {
          ...free,
          allocations,
          taints: a.tainted ? ["t"] : [],
          ...(a.withheld && { withheld: a.withheld }),
        };
      }),
      frameworks: frameworks.map((f, i) =>
        framework(`f${i}`, f.roles.join(" "), {
          active: f.active,
          tolerated: new Set(f.tolerant ? ["t"] : []),
          offersMade: new Map(f.roles.map((r) => [r, f.made])),
        }),
      ),
      quotas: quotas.map((q) => ({
        role: q.role,
        guarantees: Quantities.fromRecord(q.guarantees),
        limits: q.limits === null ? Limits.none : Limits.fromRecord(q.limits),
      })),
      roles: ROLES.map((path, i) => ({ path, weight: weights[i] ?? 1 })),
    }),
  }));

const sorter = fc.constantFrom("drf" as const, "random" as const);

function decide({ world, seed }: Drawn, how: "drf" | "random") {
  return allocate(world, options({ sorter: how, random: seeded(seed) })).offers;
}

describe("in any world", () => {
  it("no agent is over-committed, and nothing is offered twice", () => {
    fc.assert(
      fc.property(someWorld, sorter, (drawn, how) => {
        const after = withOffers(drawn.world, decide(drawn, how));
        for (const { total, allocations } of after.agents) {
          const all = Resources.sum(allocations.map((a) => a.resources));
          expect(total.contains(all)).toBe(true);
          // Ports that two hold would be one in the sum.
          const amounts = allocations.flatMap((a) => [...a.resources.quantities()]);
          expect(all.quantities().equals(Quantities.of(amounts))).toBe(true);
        }
      }),
    );
  });

  it("nobody is offered what is reserved for others, withheld, tainted or of a role that is not its own", () => {
    fc.assert(
      fc.property(someWorld, sorter, (drawn, how) => {
        for (const offer of decide(drawn, how)) {
          const state = drawn.world.agents.find(({ name }) => name === offer.agent);
          const to = drawn.world.frameworks.find(({ id }) => id === offer.framework);
          expect(offer.resources.equals(offer.resources.allocatableTo(offer.role))).toBe(true);
          expect(offer.resources.isEmpty).toBe(false);
          expect(state?.withheld).toBeUndefined();
          expect(to?.active && to.roles.includes(offer.role)).toBe(true);
          expect(state?.taints?.every((taint) => to?.tolerated?.has(taint))).toBe(true);
        }
      }),
    );
  });

  it("limits are never broken, nor made worse where they are", () => {
    fc.assert(
      fc.property(someWorld, sorter, (drawn, how) => {
        const before = sharesOf(drawn.world).roles;
        const after = sharesOf(withOffers(drawn.world, decide(drawn, how))).roles;
        for (const { role, limits } of drawn.world.quotas) {
          for (const [name, limit] of limits) {
            const had = before.get(role)?.consumed.get(name) ?? 0;
            expect(after.get(role)?.consumed.get(name) ?? 0).toBeLessThanOrEqual(Math.max(limit, had));
          }
        }
      }),
    );
  });

  it("what guarantees still need is never taken by others", () => {
    fc.assert(
      fc.property(someWorld, sorter, (drawn, how) => {
        const before = lack(drawn.world);
        const after = lack(withOffers(drawn.world, decide(drawn, how)));
        for (const [name, missing] of after) expect(missing).toBeLessThanOrEqual(before.get(name) ?? 0);
      }),
    );
  });

  it("without quotas all that somebody may have is offered", () => {
    fc.assert(
      fc.property(someWorld, sorter, ({ world, seed }, how) => {
        const drawn = { seed, world: { ...world, quotas: [] } };
        const after = withOffers(drawn.world, decide(drawn, how));
        for (const state of after.agents) {
          if (state.withheld !== undefined) continue;
          const { available } = digestOf(state);
          const wanted = world.frameworks
            .filter((f) => f.active && state.taints?.every((taint) => f.tolerated?.has(taint)))
            .flatMap((f) => f.roles)
            .filter((path) => !available.allocatableTo(path).isEmpty);
          expect(wanted).toEqual([]);
        }
      }),
    );
  });

  it("the same decision comes out whatever order frameworks, roles and quotas are given in", () => {
    fc.assert(
      fc.property(someWorld, (drawn) => {
        const { agents, frameworks, roles, quotas } = drawn.world;
        const turned: AllocationWorld = {
          ...drawn.world,
          agents: agents.map((a) => ({ ...a, allocations: a.allocations.toReversed() })),
          frameworks: frameworks.toReversed(),
          roles: roles.toReversed(),
          quotas: quotas.toReversed(),
        };
        expect(lines(decide({ ...drawn, world: turned }, "drf"))).toEqual(lines(decide(drawn, "drf")));
      }),
    );
  });
});

/** By name, what the headroom for guarantees is short of. */
function lack(state: AllocationWorld): Map<string, number> {
  const { index, tree, agents } = openLedger(state);
  const free = index.of(Quantities.of(agents.flatMap(({ digest }) => [...digest.free])));
  return new Map(index.names.map((name, i) => [name, Math.max(0, at(tree.root.required, i) - at(free, i))]));
}
