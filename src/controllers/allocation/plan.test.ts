import { describe, expect, it } from "vitest";
import {
  type AllocationOptions,
  type AllocationWorld,
  type FrameworkState,
  OfferFilters,
  placementPolicy,
} from "../../allocator/index.ts";
import { formatResources, Limits, parseResources, Quantities } from "../../resources/index.ts";
import { agentState, list, task } from "../objects.fixture.ts";
import { pendingGroups } from "../world/builtin.ts";
import { builtInId } from "../world/world.ts";
import { makePlan } from "./plan.ts";

const options: AllocationOptions = {
  now: 0,
  random: () => 0,
  sorter: "drf",
  minAllocatable: [],
  maxOffersPerFramework: 10,
};
const policy = placementPolicy("first-fit");

/** One that was offered something before: among equal shares others come first. */
const real = (id: string, more: Partial<FrameworkState> = {}): FrameworkState => ({
  id,
  offersMade: new Map([["eng", 1]]),
  roles: ["eng"],
  capabilities: new Set(),
  active: true,
  ...more,
});
const builtIn = (...roles: string[]): FrameworkState => ({
  id: builtInId("ns"),
  roles,
  capabilities: new Set(),
  active: true,
  maxOffers: Number.MAX_SAFE_INTEGER,
});
const world = (parts: Partial<AllocationWorld>): AllocationWorld => ({
  agents: [],
  roles: [],
  quotas: [],
  frameworks: [],
  refusals: new OfferFilters(),
  ...parts,
});
const waiting = (...amounts: string[]) =>
  pendingGroups(
    amounts.map((text, i) => task(`t${i}`, { resources: list(text) })),
    [],
  );

describe("a plan", () => {
  it("gives waiting tasks what they need and offers the rest", () => {
    const plan = makePlan(
      world({ agents: [agentState("n1", "cpus:4;mem:100")], frameworks: [real("ns/fw"), builtIn("eng")] }),
      waiting("cpus:1;mem:10", "cpus:1;mem:10"),
      options,
      policy,
    );
    expect(plan.bindings.map(({ pending, agent }) => [pending.task.metadata.name, agent])).toEqual([
      ["t0", "n1"],
      ["t1", "n1"],
    ]);
    expect(plan.offers.map(({ framework, resources }) => [framework, formatResources(resources)])).toEqual([
      ["ns/fw", "cpus:2;mem:80"],
    ]);
    expect(plan.unplaced).toEqual([]);
  });

  it("never gives away more than there is", () => {
    const plan = makePlan(
      world({
        agents: [agentState("n1", "cpus:4"), agentState("n2", "cpus:4")],
        frameworks: [real("ns/a"), real("ns/b"), builtIn("eng")],
      }),
      waiting(...Array.from({ length: 9 }, () => "cpus:1")),
      options,
      policy,
    );
    for (const { name, total } of [agentState("n1", "cpus:4"), agentState("n2", "cpus:4")]) {
      const given = [...plan.offers, ...plan.bindings]
        .filter(({ agent }) => agent === name)
        .reduce((sum, { resources }) => sum + resources.scalarQuantities().get("cpus"), 0);
      expect(given).toBeLessThanOrEqual(total.scalarQuantities().get("cpus"));
    }
    expect(plan.bindings.length + plan.unplaced.flatMap(({ tasks }) => tasks).length).toBe(9);
  });

  it("leaves what fits nowhere, and still offers everything to others", () => {
    const plan = makePlan(
      world({ agents: [agentState("n1", "cpus:4")], frameworks: [real("ns/fw"), builtIn("eng")] }),
      waiting("cpus:5"),
      options,
      policy,
    );
    expect(plan.bindings).toEqual([]);
    expect(plan.unplaced.flatMap(({ tasks }) => tasks).map(({ task }) => task.metadata.name)).toEqual(["t0"]);
    expect(plan.offers.map(({ resources }) => formatResources(resources))).toEqual(["cpus:4"]);
  });

  it("shares between the built-in framework and others by what they hold", () => {
    const agents = Array.from({ length: 8 }, (_, i) => agentState(`n${i}`, "cpus:1"));
    const plan = makePlan(
      world({ agents, frameworks: [real("ns/fw"), builtIn("eng")] }),
      waiting(...Array.from({ length: 8 }, () => "cpus:1")),
      options,
      policy,
    );
    expect(plan.bindings).toHaveLength(4);
    expect(plan.offers).toHaveLength(4);
  });

  it("holds roles to their limits", () => {
    const plan = makePlan(
      world({
        agents: [agentState("n1", "cpus:8")],
        frameworks: [builtIn("eng")],
        quotas: [{ role: "eng", guarantees: Quantities.empty, limits: limit(2) }],
      }),
      waiting("cpus:1", "cpus:1", "cpus:1"),
      options,
      policy,
    );
    expect(plan.bindings).toHaveLength(2);
  });

  it("takes what is reserved to the role first, and says so", () => {
    const plan = makePlan(
      world({ agents: [agentState("n1", "cpus:2;cpus(eng):1")], frameworks: [builtIn("eng")] }),
      waiting("cpus:1"),
      options,
      policy,
    );
    const [binding] = plan.bindings;
    expect(binding?.resources.reserved("eng").equals(binding.resources)).toBe(true);
  });

  it("leaves out agents that may not be offered", () => {
    const plan = makePlan(
      world({
        agents: [agentState("n1", "cpus:4", { withheld: "Cordoned" })],
        frameworks: [real("ns/fw"), builtIn("eng")],
      }),
      waiting("cpus:1"),
      options,
      policy,
    );
    expect([plan.offers, plan.bindings]).toEqual([[], []]);
  });

  it("shows the world as it will be", () => {
    const plan = makePlan(
      world({ agents: [agentState("n1", "cpus:4")], frameworks: [real("ns/fw"), builtIn("eng")] }),
      waiting("cpus:1"),
      options,
      policy,
    );
    const taken = plan.world.agents[0]?.allocations.map(({ resources }) => formatResources(resources)).sort();
    expect(taken).toEqual(["cpus:1", "cpus:3"]);
    expect(parseResources("cpus:4").equals(plan.world.agents[0]?.total ?? parseResources("x:1"))).toBe(true);
  });
});

function limit(cpus: number) {
  return Limits.fromRecord({ cpus });
}
