import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Limits, Quantities, Resources } from "../../resources/index.ts";
import { sharesOf } from "../shares.ts";
import { lines, withOffers } from "../world.fixture.ts";
import type { AgentState, AllocationWorld, Capability, FrameworkState } from "../world.ts";
import { type Drawn, decide, LARGE, SMALL, sorters, worlds } from "./worlds.fixture.ts";

const sizes = [
  ["small", worlds(SMALL), 100],
  ["of up to 200 agents and 50 frameworks", worlds(LARGE), 3],
] as const;

describe.each(sizes)("in any world, %s", (_, someWorld, numRuns) => {
  const check = (test: (drawn: Drawn, sorter: "drf" | "random") => void) =>
    fc.assert(fc.property(someWorld, sorters, test), { numRuns });

  it("no agent is over-committed, and nothing is offered twice", () => {
    check((drawn, how) => {
      for (const { total, allocations } of withOffers(drawn.world, decide(drawn, how)).agents) {
        const all = Resources.sum(allocations.map((a) => a.resources));
        expect(total.contains(all)).toBe(true);
        // Ports that two hold would be one in the sum.
        const amounts = allocations.flatMap((a) => [...a.resources.quantities()]);
        expect(all.quantities().equals(Quantities.of(amounts))).toBe(true);
      }
    });
  });

  it("nobody is offered what it may not have or has refused, and nobody two offers of one agent in one role", () => {
    check((drawn, how) => {
      const seen = new Set<string>();
      for (const { framework, role, agent, resources } of decide(drawn, how)) {
        const state = drawn.world.agents.find(({ name }) => name === agent);
        const to = drawn.world.frameworks.find(({ id }) => id === framework);
        expect(resources.isEmpty).toBe(false);
        expect(state !== undefined && to !== undefined && mayHave(to, role, state)).toBe(true);
        expect(resources.equals(reach(to, role, resources))).toBe(true);
        expect(drawn.world.refusals.refuses(framework, role, agent, resources, 0)).toBe(false);
        const key = `${framework} ${role} ${agent}`;
        expect(seen.has(key)).toBe(false);
        seen.add(key);
      }
    });
  });

  it("limits are never broken, nor made worse where they are", () => {
    check((drawn, how) => {
      const before = sharesOf(drawn.world).roles;
      const after = sharesOf(withOffers(drawn.world, decide(drawn, how))).roles;
      for (const { role, limits } of drawn.world.quotas) {
        for (const [name, limit] of limits) {
          const had = before.get(role)?.consumed.get(name) ?? 0;
          expect(after.get(role)?.consumed.get(name) ?? 0).toBeLessThanOrEqual(Math.max(limit, had));
        }
      }
    });
  });

  it("what guarantees still need is never taken by others", () => {
    check((drawn, how) => {
      const before = lack(drawn.world);
      const after = lack(withOffers(drawn.world, decide(drawn, how)));
      for (const [name, missing] of after) expect(missing).toBeLessThanOrEqual(before.get(name) ?? 0);
    });
  });

  it("guarantees hold when they can: there is enough, and each role with one has a framework that takes all", () => {
    let held = 0;
    check((drawn, how) => {
      const start = willing(drawn.world);
      if (Math.max(0, ...lack(start).values()) > 0) return;
      const after = sharesOf(withOffers(start, decide({ ...drawn, world: start }, how))).roles;
      for (const { role, guarantees } of start.quotas) {
        const consumed = after.get(role)?.consumed ?? Quantities.empty;
        expect(consumed.contains(guarantees), `${role}: ${consumed} of ${guarantees}`).toBe(true);
        if (!guarantees.isEmpty) held++;
      }
    });
    // Few large worlds may have no guarantee among them.
    if (numRuns >= 100) expect(held).toBeGreaterThan(0);
  });

  it("Pareto: without quotas and refusals nothing stays free that somebody may have", () => {
    check((drawn, how) => {
      const start = { ...drawn.world, quotas: [], refusals: { refuses: () => false } };
      for (const state of withOffers(start, decide({ ...drawn, world: start }, how)).agents) {
        const free = state.total.subtract(Resources.sum(state.allocations.map((a) => a.resources)));
        const wanted = start.frameworks.flatMap((f) =>
          f.roles.filter((role) => mayHave(f, role, state) && !reach(f, role, free).isEmpty),
        );
        expect(wanted).toEqual([]);
      }
    });
  });

  it("a second allocation offers nothing: what stayed free is beyond limits or kept for guarantees", () => {
    check((drawn, how) => {
      const start = { ...drawn.world, refusals: { refuses: () => false } };
      const after = withOffers(start, decide({ ...drawn, world: start }, how));
      const again = decide({ ...drawn, world: after }, how);
      expect(lines(again)).toEqual([]);
    });
  });

  it("the same decision comes out whatever order frameworks, roles, quotas and allocations are given in", () => {
    check((drawn) => {
      const { agents, frameworks, roles, quotas } = drawn.world;
      const turned: AllocationWorld = {
        ...drawn.world,
        agents: agents.map((a) => ({ ...a, allocations: a.allocations.toReversed() })),
        frameworks: frameworks.toReversed(),
        roles: roles.toReversed(),
        quotas: quotas.toReversed(),
      };
      expect(lines(decide({ ...drawn, world: turned }))).toEqual(lines(decide(drawn)));
    });
  });
});

function mayHave(framework: FrameworkState, role: string, agent: AgentState): boolean {
  return (
    framework.active &&
    framework.roles.includes(role) &&
    !framework.suppressedRoles?.has(role) &&
    agent.withheld === undefined &&
    (agent.taints ?? []).every((taint) => framework.tolerated?.has(taint))
  );
}

/** What of it the framework may have in the role. */
function reach(framework: FrameworkState | undefined, role: string, resources: Resources): Resources {
  const { capabilities } = framework ?? { capabilities: new Set<Capability>() };
  return resources
    .allocatableTo(role)
    .filter(
      ({ revocable, reservations }) =>
        (!revocable || capabilities.has("REVOCABLE_RESOURCES")) &&
        (reservations.length < 2 || capabilities.has("RESERVATION_REFINEMENT")),
    );
}

/** The same world with no limits, taints or refusals, and in each role with a quota a framework that takes all. */
function willing(start: AllocationWorld): AllocationWorld {
  const takers = start.quotas.map(
    ({ role }): FrameworkState => ({
      id: `taker of ${role}`,
      roles: [role],
      active: true,
      capabilities: new Set(),
    }),
  );
  return {
    ...start,
    agents: start.agents.map((a) => ({ ...a, taints: [] })),
    quotas: start.quotas.map((q) => ({ ...q, limits: Limits.none })),
    frameworks: [...start.frameworks, ...takers],
    refusals: { refuses: () => false },
  };
}

/** By name, what the headroom for guarantees is short of: worked out here from what the world says. */
function lack({ agents, quotas, ...rest }: AllocationWorld): Map<string, number> {
  const consumed = sharesOf({ agents, quotas, ...rest }).roles;
  const free = Quantities.of(
    agents
      .filter(({ withheld }) => withheld === undefined)
      .flatMap(({ total, allocations }) => [
        ...total
          .subtract(Resources.sum(allocations.map((a) => a.resources)))
          .unreserved()
          .nonRevocable()
          .quantities(),
      ]),
  );
  const needed = (role: string, name: string): number => {
    const own = quotas.find((q) => q.role === role)?.guarantees.get(name) ?? 0;
    const used = consumed.get(role)?.consumed.get(name) ?? 0;
    return Math.max(0, own - used, childrenNeed(role, name));
  };
  const childrenNeed = (above: string, name: string): number => {
    const below = quotas.map(({ role }) => childOn(above, role)).filter((role) => role !== undefined);
    return [...new Set(below)].reduce((sum, role) => sum + needed(role, name), 0);
  };
  const names = new Set(quotas.flatMap(({ guarantees }) => guarantees.names()));
  return new Map([...names].map((name) => [name, Math.max(0, childrenNeed("", name) - free.get(name))]));
}

/** The child of `above` that is on the way to the role, if there is one. */
function childOn(above: string, role: string): string | undefined {
  const start = above === "" ? "" : `${above}/`;
  if (!role.startsWith(start)) return undefined;
  return `${start}${role.slice(start.length).split("/")[0]}`;
}
