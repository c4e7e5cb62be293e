import { describe, expect, it } from "vitest";
import { parseResources, type Resources } from "../resources/index.ts";
import { allocate } from "./allocate.ts";
import { sharesOf } from "./shares.ts";
import {
  agent,
  agents,
  framework,
  held,
  lines,
  options,
  seeded,
  withOffers,
  world,
} from "./world.fixture.ts";
import type { AgentState, AllocationWorld } from "./world.ts";

/**
 * The progressive filling of Ghodsi et al., "Dominant Resource Fairness" (NSDI 2011), section 4.1: whoever is offered the
 * rest of the agent takes one task of it and gives back what remains; who cannot use the rest wants no more.
 */
function fill(start: AllocationWorld, taskOf: Readonly<Record<string, string>>): Record<string, number> {
  const counts: Record<string, number> = {};
  let frameworks = start.frameworks;
  let [only] = start.agents;
  while (only !== undefined && frameworks.length > 0) {
    const [offer] = allocate({ ...start, frameworks, agents: [only] }, options()).offers;
    if (offer === undefined) break;
    const { framework: id, role, resources } = offer;
    const task = parseResources(taskOf[id] ?? "");
    if (resources.contains(task)) {
      counts[id] = (counts[id] ?? 0) + 1;
      only = withTask(only, id, role, task);
    } else {
      frameworks = frameworks.filter((f) => f.id !== id);
    }
  }
  return counts;
}

function withTask(state: AgentState, framework: string, role: string, resources: Resources): AgentState {
  return { ...state, allocations: [...state.allocations, { framework, role, resources }] };
}

describe("the worked examples of the DRF paper", () => {
  const taskOf = { A: "cpus:1;mem:4", B: "cpus:3;mem:1" };
  const cluster = [agent("all", "cpus:9;mem:18")];

  it.each([
    ["frameworks of one role", "r", "r"],
    ["frameworks of two roles", "a", "b"],
    ["frameworks deep in the tree", "x/a", "x/b"],
  ])("<1,4> and <3,1> on <9,18> make 3 and 2 tasks: %s", (_, a, b) => {
    const frameworks = [framework("A", a), framework("B", b)];
    expect(fill(world({ agents: cluster, frameworks }), taskOf)).toEqual({ A: 3, B: 2 });
  });

  it("a twice heavier role runs twice the dominant share", () => {
    const big = [agent("all", "cpus:90;mem:180")];
    const frameworks = [framework("A", "a"), framework("B", "b")];
    const roles = [{ path: "b", weight: 2 }];
    const counts = fill(world({ agents: big, frameworks, roles }), taskOf);
    const { A = 0, B = 0 } = counts;
    // Shares are 4/180 and 3/90 a task.
    expect((B * 3) / 90 / ((A * 4) / 180)).toBeCloseTo(2, 0);
  });

  it("a name left out of fairness does not count", () => {
    const start = world({
      agents: [
        agent("a1", "cpus:10;gpus:1", {
          allocations: [held("A", "a", "cpus:1;gpus:1"), held("B", "b", "cpus:2")],
        }),
      ],
      frameworks: [
        framework("A", "a", { capabilities: new Set(["GPU_RESOURCES"]) }),
        framework("B", "b", { capabilities: new Set(["GPU_RESOURCES"]) }),
      ],
    });
    expect(allocate(start, options()).offers[0]?.framework).toBe("B");
    expect(allocate(start, options({ excludeFromFairness: new Set(["gpus"]) })).offers[0]?.framework).toBe(
      "A",
    );
  });
});

describe("whoever has the smallest share is offered first", () => {
  it("roles before frameworks: a role's many frameworks share its part", () => {
    const start = world({
      agents: agents(8, "cpus:1"),
      frameworks: [framework("a1", "a"), framework("a2", "a"), framework("a3", "a"), framework("b1", "b")],
    });
    const counts = Map.groupBy(allocate(start, options()).offers, (o) => o.role);
    expect([counts.get("a")?.length, counts.get("b")?.length]).toEqual([4, 4]);
  });

  it("siblings against siblings: a branch does not gain by splitting", () => {
    const start = world({
      agents: agents(12, "cpus:1"),
      frameworks: [framework("1", "a/x"), framework("2", "a/y"), framework("3", "a/z"), framework("4", "b")],
    });
    const offers = allocate(start, options()).offers;
    const part = (role: string) => offers.filter((o) => o.role.startsWith(role)).length;
    expect([part("a/x"), part("a/y"), part("a/z"), part("b")]).toEqual([2, 2, 2, 6]);
  });

  it("a role with children competes with them as a leaf of its own, at weight 1", () => {
    const start = world({
      agents: agents(12, "cpus:1"),
      roles: [
        { path: "a", weight: 1 },
        { path: "a/x", weight: 2 },
      ],
      frameworks: [framework("own", "a"), framework("below", "a/x")],
    });
    const offers = allocate(start, options()).offers;
    expect(offers.filter((o) => o.role === "a")).toHaveLength(4);
    expect(offers.filter((o) => o.role === "a/x")).toHaveLength(8);
  });

  it.each([
    [1, 3, 3, 9],
    [1, 1, 6, 6],
    [0.5, 1, 4, 8],
  ])("weights %d and %d share 12 agents as %d and %d", (a, b, forA, forB) => {
    const start = world({
      agents: agents(12, "cpus:1;mem:10"),
      roles: [
        { path: "a", weight: a },
        { path: "b", weight: b },
      ],
      frameworks: [framework("A", "a"), framework("B", "b")],
    });
    const offers = allocate(start, options()).offers;
    expect(offers.filter((o) => o.role === "a")).toHaveLength(forA);
    expect(offers.filter((o) => o.role === "b")).toHaveLength(forB);
  });

  it("inactive frameworks get nothing, but what they hold counts for their role", () => {
    const start = world({
      agents: [agent("a1", "cpus:2", { allocations: [held("gone", "a", "cpus:1")] }), agent("a2", "cpus:1")],
      frameworks: [framework("gone", "a", { active: false }), framework("A", "a"), framework("B", "b")],
    });
    expect(lines(allocate(start, options()).offers)).toEqual(["B b a1 cpus:1", "A a a2 cpus:1"]);
  });

  it("reservations count whether in use or not, so that nobody gains by hoarding them (unlike Mesos, MESOS-8299)", () => {
    const reserved = "cpus(a):4;cpus:1";
    const frameworks = [framework("A", "a"), framework("B", "b")];
    const idle = world({ agents: [agent("a1", reserved), agent("a2", "cpus:1")], frameworks });
    expect(sharesOf(idle).roles.get("a")?.dominantShare).toBeCloseTo(4 / 6);
    expect(lines(allocate(idle, options()).offers)).toEqual([
      "B b a1 cpus:1",
      "A a a1 cpus:4",
      "B b a2 cpus:1",
    ]);
    const used = [
      agent("a1", reserved, { allocations: [held("A", "a", "cpus(a):4")] }),
      agent("a2", "cpus:1"),
    ];
    expect(sharesOf(world({ agents: used, frameworks })).roles.get("a")?.dominantShare).toBeCloseTo(4 / 6);
    expect(allocate(world({ agents: used, frameworks }), options()).offers[0]?.framework).toBe("B");
  });

  it("what is reserved counts once, when it is offered too", () => {
    const frameworks = [framework("X", "a/x")];
    const before = world({ agents: [agent("a1", "cpus(a):4;cpus(a/x):2;cpus:2")], frameworks });
    const after = withOffers(before, allocate(before, options()).offers);
    expect(sharesOf(before).roles.get("a")?.dominantShare).toBe(6 / 8);
    expect(sharesOf(after).roles.get("a")?.dominantShare).toBe(1);
    expect(sharesOf(after).roles.get("a/x")?.dominantShare).toBe(1);
  });
});

describe("ties", () => {
  const two = (a: Map<string, number>, b: Map<string, number>) =>
    world({
      agents: agents(1, "cpus:1"),
      frameworks: [framework("b", "r", { offersMade: b }), framework("a", "r", { offersMade: a })],
    });

  it("go to whom fewer offers were made", () => {
    const [offer] = allocate(two(new Map([["r", 3]]), new Map([["r", 2]])), options()).offers;
    expect(offer?.framework).toBe("b");
  });

  it("and then to the first by name", () => {
    expect(allocate(two(new Map(), new Map()), options()).offers[0]?.framework).toBe("a");
  });

  it("of roles go by the offers made in the whole branch, then by path", () => {
    const of = (made: number) =>
      world({
        agents: agents(1, "cpus:1"),
        frameworks: [framework("f", "a/x", { offersMade: new Map([["a/x", made]]) }), framework("g", "b")],
      });
    expect(allocate(of(1), options()).offers[0]?.role).toBe("b");
    expect(allocate(of(0), options()).offers[0]?.role).toBe("a/x");
  });
});

describe("the random sorter", () => {
  it("gives offers in proportion to weights, whatever is held", () => {
    const start = world({
      agents: agents(2000, "cpus:1"),
      roles: [
        { path: "b", weight: 3 },
        { path: "b/y", weight: 2 },
      ],
      frameworks: [framework("A", "a"), framework("own", "b"), framework("Y", "b/y")],
    });
    const { offers } = allocate(start, options({ sorter: "random", random: seeded(7) }));
    const part = (role: string) => offers.filter((o) => o.role === role).length / 2000;
    expect(part("a")).toBeCloseTo(1 / 4, 1);
    expect(part("b")).toBeCloseTo(1 / 4, 1);
    expect(part("b/y")).toBeCloseTo(1 / 2, 1);
  });

  it("shuffles agents by the random numbers that are passed in", () => {
    const start = world({ agents: agents(20, "cpus:1"), frameworks: [framework("A", "a")] });
    const order = (seed: number) =>
      allocate(start, options({ random: seeded(seed) })).offers.map((o) => o.agent);
    expect(order(1)).toEqual(order(1));
    expect(order(1)).not.toEqual(order(2));
  });
});
