import { describe, expect, it } from "vitest";
import type { AllocationOptions, AllocationWorld, FrameworkState } from "../../allocator/index.ts";
import { OfferFilters } from "../../allocator/reference/filters.fixture.ts";
import { formatResources, Limits, Quantities } from "../../resources/index.ts";
import { agentState, list, task } from "../objects.fixture.ts";
import { pendingGroups } from "../world/builtin.ts";
import { builtInId } from "../world/world.ts";
import { planOf } from "./plan.fixture.ts";

const options: AllocationOptions = {
  now: 0,
  random: () => 0,
  sorter: "drf",
  minAllocatable: [],
  maxOffersPerFramework: 10,
};

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
  it("gives waiting tasks what they need and offers the rest", async () => {
    const plan = await planOf(
      world({ agents: [agentState("n1", "cpus:4;mem:100")], frameworks: [real("ns/fw"), builtIn("eng")] }),
      waiting("cpus:1;mem:10", "cpus:1;mem:10"),
      options,
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

  it("never gives away more than there is", async () => {
    const plan = await planOf(
      world({
        agents: [agentState("n1", "cpus:4"), agentState("n2", "cpus:4")],
        frameworks: [real("ns/a"), real("ns/b"), builtIn("eng")],
      }),
      waiting(...Array.from({ length: 9 }, () => "cpus:1")),
      options,
    );
    for (const { name, total } of [agentState("n1", "cpus:4"), agentState("n2", "cpus:4")]) {
      const given = [...plan.offers, ...plan.bindings]
        .filter(({ agent }) => agent === name)
        .reduce((sum, { resources }) => sum + resources.scalarQuantities().get("cpus"), 0);
      expect(given).toBeLessThanOrEqual(total.scalarQuantities().get("cpus"));
    }
    expect(plan.bindings.length + plan.unplaced.flatMap(({ tasks }) => tasks).length).toBe(9);
  });

  it("leaves what fits nowhere, and still offers everything to others", async () => {
    const plan = await planOf(
      world({ agents: [agentState("n1", "cpus:4")], frameworks: [real("ns/fw"), builtIn("eng")] }),
      waiting("cpus:5"),
      options,
    );
    expect(plan.bindings).toEqual([]);
    expect(plan.unplaced.flatMap(({ tasks }) => tasks).map(({ task }) => task.metadata.name)).toEqual(["t0"]);
    expect(plan.offers.map(({ resources }) => formatResources(resources))).toEqual(["cpus:4"]);
  });

  it("shares between the built-in framework and others by what they hold", async () => {
    const agents = Array.from({ length: 8 }, (_, i) => agentState(`n${i}`, "cpus:1"));
    const plan = await planOf(
      world({ agents, frameworks: [real("ns/fw"), builtIn("eng")] }),
      waiting(...Array.from({ length: 8 }, () => "cpus:1")),
      options,
    );
    expect(plan.bindings).toHaveLength(4);
    expect(plan.offers).toHaveLength(4);
  });

  it("holds roles to their limits", async () => {
    const plan = await planOf(
      world({
        agents: [agentState("n1", "cpus:8")],
        frameworks: [builtIn("eng")],
        quotas: [{ role: "eng", guarantees: Quantities.empty, limits: limit(2) }],
      }),
      waiting("cpus:1", "cpus:1", "cpus:1"),
      options,
    );
    expect(plan.bindings).toHaveLength(2);
  });

  it("takes what is reserved to the role first, and says so", async () => {
    const plan = await planOf(
      world({ agents: [agentState("n1", "cpus:2;cpus(eng):1")], frameworks: [builtIn("eng")] }),
      waiting("cpus:1"),
      options,
    );
    const [binding] = plan.bindings;
    expect(binding?.resources.reserved("eng").equals(binding.resources)).toBe(true);
  });

  it("leaves out agents that may not be offered", async () => {
    const plan = await planOf(
      world({
        agents: [agentState("n1", "cpus:4", { withheld: "Cordoned" })],
        frameworks: [real("ns/fw"), builtIn("eng")],
      }),
      waiting("cpus:1"),
      options,
    );
    expect([plan.offers, plan.bindings]).toEqual([[], []]);
  });

  it("counts with the allocator once it is made", async () => {
    const plan = await planOf(
      world({ agents: [agentState("n1", "cpus:4")], frameworks: [real("ns/fw"), builtIn("eng")] }),
      waiting("cpus:1"),
      options,
    );
    expect(plan.allocator.allocate(options).offers).toEqual([]);
    const { roles } = plan.allocator.shares();
    expect(roles.get("eng")?.dominantShare).toBe(1);
  });

  it("offers what the built-in framework has no use for to others, and not to it again", async () => {
    const state = agentState("n1", "cpus:4");
    const { allocator } = await planOf(
      world({ agents: [state], frameworks: [builtIn("eng")] }),
      waiting("cpus:5"),
      options,
    );
    expect(allocator.allocate(options).offers).toEqual([]);
    allocator.revive(builtInId("ns"), ["eng"]);
    expect(allocator.allocate(options).offers).toHaveLength(1);
  });
});

function limit(cpus: number) {
  return Limits.fromRecord({ cpus });
}
