import { describe, expect, it } from "vitest";
import { fromSpec, parseResources, type Resources } from "../../resources/index.ts";
import { sharesOf } from "../shares.ts";
import { agent, framework, held, seeded, world } from "../world.fixture.ts";
import type { AllocationWorld, FrameworkState } from "../world.ts";
import { order } from "./order.fixture.ts";

type Amounts = Record<string, string | Resources>;
interface More {
  readonly total?: string;
  readonly weights?: Record<string, number>;
  readonly inactive?: readonly string[];
  readonly made?: Record<string, number>;
}

/** One agent, and in each role one framework of the role's name that holds so much. */
function clients(
  holds: Amounts,
  { total = "cpus:100;mem:100", weights = {}, inactive = [], made = {} }: More = {},
) {
  const used = Object.entries(holds).map(([role, amounts]) => held(role, role, amounts));
  const frameworks = Object.keys(holds).map(
    (role): FrameworkState =>
      framework(role, role, {
        active: !inactive.includes(role),
        offersMade: new Map([[role, made[role] ?? 0]]),
      }),
  );
  return world({
    agents: [agent("a1", total, { allocations: used })],
    frameworks,
    roles: Object.entries(weights).map(([path, weight]) => ({ path, weight })),
  });
}

/** As of clients of one role: frameworks against each other. */
function inOneRole(start: AllocationWorld): AllocationWorld {
  return {
    ...start,
    agents: start.agents.map((a) => ({
      ...a,
      allocations: a.allocations.map((one) => ({ ...one, role: "r" })),
    })),
    frameworks: start.frameworks.map((f) => ({
      ...f,
      roles: ["r"],
      offersMade: new Map([["r", f.offersMade?.get(f.id) ?? 0]]),
    })),
  };
}

describe("the DRF sorter", () => {
  const b = "cpus:2;mem:2";
  const [c, d, e] = ["cpus:1;mem:1", "cpus:3;mem:1", "cpus:1;mem:5"];
  // Held, what there is in all, and the order: as clients come, go, give back, and the total changes.
  const steps: [string, Amounts, More, string[]][] = [
    ["two", { a: "cpus:5;mem:5", b: "cpus:6;mem:6" }, {}, ["a", "b"]],
    ["two more", { a: "cpus:5;mem:5", b: "cpus:6;mem:6", c, d }, {}, ["c", "d", "a", "b"]],
    ["one gone, one with less", { b, c, d }, {}, ["c", "b", "d"]],
    ["half the cpus", { b, c, d, e }, { total: "cpus:50;mem:100" }, ["c", "b", "e", "d"]],
    [
      "twice the mem",
      { b, c: "cpus:1;mem:16", d, e, f: "cpus:5;mem:1" },
      { total: "cpus:50;mem:200" },
      ["e", "b", "d", "c", "f"],
    ],
    [
      "one inactive",
      { b, c: "cpus:1;mem:16", d, e, f: "cpus:5;mem:1" },
      { total: "cpus:50;mem:200", inactive: ["d"] },
      ["e", "b", "c", "f"],
    ],
  ];
  const deep: Record<string, string> = {
    a: "a/a/a/a/a",
    b: "b/b/b/b",
    c: "c/c/c",
    d: "d/d",
    e: "e/e/e/e",
    f: "f/f",
  };
  const shapes: [string, (role: string) => string][] = [
    ["flat", (role) => role],
    ["each in a branch of its own", (role) => `${role}/${role}`],
    ["at depths of their own", (role) => deep[role] ?? role],
  ];

  describe.each(shapes)("orders by the dominant share, roles %s", (_, path) => {
    it.each(steps)("%s", (_name, holds, more, expected) => {
      const moved = Object.fromEntries(Object.entries(holds).map(([role, amounts]) => [path(role), amounts]));
      const start = clients(moved, { ...more, inactive: (more.inactive ?? []).map(path) });
      expect(order(start)).toEqual(expected.map(path));
    });
  });

  it.each(steps)("orders frameworks of one role alike: %s", (_, holds, more, expected) => {
    expect(order(inOneRole(clients(holds, more)), "framework")).toEqual(expected);
  });

  it("divides shares by weights", () => {
    const holds: Amounts = { a: "cpus:5;mem:5", b: "cpus:6;mem:6", c: "cpus:4;mem:4", d: "cpus:10;mem:20" };
    expect(order(clients({ a: holds.a ?? "", b: holds.b ?? "" }))).toEqual(["a", "b"]);
    const weights = { b: 2, d: 10, e: 0.1 };
    expect(order(clients(holds, { weights }))).toEqual(["d", "b", "c", "a"]);
    const later = { a: "cpus:5;mem:5", c: "cpus:4;mem:4", d: "cpus:20;mem:45", e: "cpus:1;mem:1" };
    expect(order(clients(later, { weights }))).toEqual(["c", "d", "a", "e"]);
  });

  it("orders equal shares by the offers made, then by name", () => {
    const same = "cpus:3;mem:3";
    const holds = { a: same, b: same, c: same, d: same, e: same };
    const made = { a: 1, b: 1, c: 3, d: 2, e: 1 };
    expect(order(clients(holds, { made }))).toEqual(["a", "b", "e", "d", "c"]);
    expect(order(inOneRole(clients(holds, { made })), "framework")).toEqual(["a", "b", "e", "d", "c"]);
    // With less it comes first, whatever it was offered; the count stays.
    expect(order(clients({ ...holds, c: "cpus:1;mem:1" }, { made }))[0]).toBe("c");
    // A count made while it was inactive counts too.
    expect(order(clients(holds, { made: { ...made, a: 2 }, inactive: ["a"] }))).toEqual(["b", "e", "d", "c"]);
    expect(order(clients(holds, { made: { ...made, a: 2 } }))).toEqual(["b", "e", "a", "d", "c"]);
  });

  it("follows the totals of all agents", () => {
    const of = (first: string, second: string) =>
      world({
        agents: [
          agent("a1", first, { allocations: [held("a", "a", "cpus:2;mem:1")] }),
          agent("a2", second, { allocations: [held("b", "b", "cpus:1;mem:3")] }),
        ],
        frameworks: [framework("a", "a"), framework("b", "b")],
      });
    expect(order(of("cpus:5;mem:50", "cpus:5;mem:50"))).toEqual(["b", "a"]);
    expect(order(of("cpus:95;mem:50", "cpus:5;mem:50"))).toEqual(["a", "b"]);
    expect(order(clients({ a: "cpus:2;mem:1", b: "cpus:1;mem:2" }, { total: "cpus:10;mem:100" }))).toEqual([
      "b",
      "a",
    ]);
    expect(order(clients({ a: "cpus:2;mem:1", b: "cpus:1;mem:2" }, { total: "cpus:100;mem:10" }))).toEqual([
      "a",
      "b",
    ]);
  });

  it("follows resources that go from the total and from who held them", () => {
    expect(order(clients({ a: "cpus:6", b: "cpus:4" }, { total: "cpus:11" }))).toEqual(["b", "a"]);
    expect(order(clients({ a: "cpus:1", b: "cpus:4" }, { total: "cpus:6" }))).toEqual(["a", "b"]);
  });

  it("counts disk in volumes as disk, and revocable as what it is of", () => {
    const volumes = fromSpec(
      ["1", "2"].map((id) => ({
        name: "disk",
        scalar: 5,
        disk: { persistence: { id }, volume: { containerPath: "d", mode: "RW" as const } },
      })),
    );
    const disks = { a: "cpus:9;mem:9;disk:9", b: parseResources("cpus:9;mem:9").add(volumes) };
    expect(order(clients(disks, { total: "cpus:100;mem:100;disk:100" }))).toEqual(["a", "b"]);
    const spare = fromSpec([{ name: "cpus", scalar: 9, revocable: true }]);
    const holds = { a: "cpus:2;mem:1", b: parseResources("cpus:1;mem:1").add(spare) };
    const start = clients(holds, { total: "cpus:20;mem:100" });
    expect(order(start)).toEqual(["a", "b"]);
    expect(sharesOf(start).roles.get("b")?.dominantShare).toBe(0.5);
  });
});

describe("the role tree", () => {
  it("compares siblings, and branches by all that is in them", () => {
    expect(order(clients({ a: "", "b/c": "", "b/d": "" }))).toEqual(["a", "b/c", "b/d"]);
    const of = (a: number, c: number, d: number, f?: number) =>
      order(
        clients({
          a: `cpus:${a};mem:${a}`,
          "b/c": `cpus:${c};mem:${c}`,
          "b/d": `cpus:${d};mem:${d}`,
          ...(f !== undefined && { "b/e/f": `cpus:${f};mem:${f}` }),
        }),
      );
    expect(of(6, 0, 0)).toEqual(["b/c", "b/d", "a"]);
    expect(of(6, 4, 3)).toEqual(["a", "b/d", "b/c"]);
    expect(of(8, 4, 3)).toEqual(["b/d", "b/c", "a"]);
    expect(of(8, 4, 3, 0)).toEqual(["b/e/f", "b/d", "b/c", "a"]);
    expect(of(8, 4, 3, 3.5)).toEqual(["a", "b/d", "b/e/f", "b/c"]);
    expect(of(8, 1, 3)).toEqual(["b/c", "b/d", "a"]);
    expect(of(8, 1, 3, 3.5)).toEqual(["b/c", "b/d", "b/e/f", "a"]);
  });

  it("goes through a branch before the next one", () => {
    const of = (more: Amounts) => order(clients({ "a/b": "", c: "", d: "", "d/e": "", ...more }));
    expect(of({})).toEqual(["a/b", "c", "d", "d/e"]);
    expect(of({ c: "cpus:8" })).toEqual(["a/b", "d", "d/e", "c"]);
    expect(of({ c: "cpus:8", d: "cpus:3", "d/e": "cpus:2" })).toEqual(["a/b", "d/e", "d", "c"]);
    expect(of({ c: "cpus:8", d: "cpus:3", "d/e": "cpus:2", "a/b": "cpus:6" })).toEqual([
      "d/e",
      "d",
      "a/b",
      "c",
    ]);
  });

  it("puts a role with children beside them, at weight 1, and its own weight beside its siblings", () => {
    const leaf = { a: "cpus:10", b: "cpus:6" };
    const both = { ...leaf, "a/c": "cpus:5" };
    expect(order(clients(leaf))).toEqual(["b", "a"]);
    expect(order(clients(both))).toEqual(["b", "a/c", "a"]);
    expect(order(clients({ b: "cpus:6", "a/c": "cpus:5" }))).toEqual(["a/c", "b"]);
    expect(order(clients(both, { weights: { "a/c": 0.2 } }))).toEqual(["b", "a", "a/c"]);
    expect(order(clients(both, { weights: { "a/c": 0.2, a: 3 } }))).toEqual(["a", "a/c", "b"]);
    expect(order(clients(both, { weights: { a: 3 } }))).toEqual(["a/c", "a", "b"]);
  });

  it("takes in a role that was a branch only", () => {
    const inner = { "x/a": "cpus:10", "x/b": "cpus:6" };
    expect(order(clients(inner))).toEqual(["x/b", "x/a"]);
    expect(order(clients({ ...inner, x: "cpus:7" }))).toEqual(["x/b", "x", "x/a"]);
    expect(order(clients({ ...inner, x: "cpus:7", z: "cpus:20" }))).toEqual(["z", "x/b", "x", "x/a"]);
    expect(order(clients({ ...inner, z: "cpus:20" }))).toEqual(["x/b", "x/a", "z"]);
  });

  it("keeps a role that is inactive in its branch's share, and out of the order", () => {
    const both = { a: "cpus:10", b: "cpus:6", "a/c": "cpus:5" };
    expect(order(clients(both, { inactive: ["a"] }))).toEqual(["b", "a/c"]);
    expect(order(clients({ a: "cpus:10", b: "cpus:6" }, { inactive: ["a"] }))).toEqual(["b"]);
    expect(sharesOf(clients(both, { inactive: ["a"] })).roles.get("a")?.dominantShare).toBe(0.15);
  });

  it("weighs a branch against its siblings", () => {
    const weights = { a: 2, b: 3 };
    const of = (holds: Amounts) => order(clients(holds, { weights }));
    expect(of({ "a/x": "", "b/y": "" })).toEqual(["a/x", "b/y"]);
    const some = { "a/x": "cpus:10", "b/y": "cpus:10" };
    expect(of(some)).toEqual(["b/y", "a/x"]);
    expect(of({ ...some, "b/z": "cpus:5" })).toEqual(["b/z", "b/y", "a/x"]);
    expect(of({ ...some, "b/z": "cpus:5", b: "cpus:4" })).toEqual(["a/x", "b", "b/z", "b/y"]);
    expect(of({ ...some, "b/z": "cpus:5", b: "cpus:4", "a/zz": "cpus:2" })).toEqual([
      "a/zz",
      "a/x",
      "b",
      "b/z",
      "b/y",
    ]);
  });

  it("has no roles but those that are listed, hold something, have a quota or a framework", () => {
    const start = clients({ "a/b/c": "cpus:1" });
    expect([...sharesOf(start).roles.keys()].sort()).toEqual(["a", "a/b", "a/b/c"]);
    expect([...sharesOf({ ...start, agents: [], frameworks: [] }).roles.keys()]).toEqual([]);
    const reserved = { ...start, agents: [agent("a1", "cpus(d/e):1")], frameworks: [] };
    expect(sharesOf(reserved).roles.get("d")?.consumed.toString()).toBe("cpus:1");
  });
});

describe("the random sorter", () => {
  /** How often each role came at each place, 0 to 1. */
  function places(start: AllocationWorld, rounds = 400): Record<string, number[]> {
    const random = seeded(11);
    const counts: Record<string, number[]> = {};
    for (let round = 0; round < rounds; round++) {
      for (const [place, role] of order(start, "role", { sorter: "random", random }).entries()) {
        counts[role] ??= [];
        counts[role][place] = (counts[role][place] ?? 0) + 1 / rounds;
      }
    }
    return counts;
  }

  /** Of clients of such weights, how often each comes at each place: one after the other is drawn by weight from those left. */
  function drawn(weights: readonly number[]): number[][] {
    const table = weights.map(() => weights.map(() => 0));
    const draw = (left: readonly number[], place: number, chance: number): void => {
      const sum = left.reduce((total, i) => total + (weights[i] ?? 0), 0);
      for (const i of left) {
        const part = (chance * (weights[i] ?? 0)) / sum;
        const row = table[i] ?? [];
        row[place] = (row[place] ?? 0) + part;
        draw(
          left.filter((other) => other !== i),
          place + 1,
          part,
        );
      }
    };
    draw([...weights.keys()], 0, 1);
    return table;
  }

  function expectPlaces(
    found: Record<string, number[]>,
    roles: readonly string[],
    weights: readonly number[],
  ) {
    for (const [i, chances] of drawn(weights).entries()) {
      for (const [place, chance] of chances.entries()) {
        const seen = found[roles[i] ?? ""]?.[place] ?? 0;
        expect(Math.abs(seen - chance), `${roles[i]} at ${place}: ${seen}, ${chance} expected`).toBeLessThan(
          0.07,
        );
      }
    }
  }

  it("draws one after the other, in proportion to the weights", () => {
    const weights = { "0": 1, "1": 2, "2": 3, "3": 4, "4": 5 };
    const holds = { "0": "", "1": "", "2": "", "3": "", "4": "" };
    expectPlaces(places(clients(holds, { weights })), Object.keys(weights), Object.values(weights));
  });

  it("divides a branch's weight among what is in it", () => {
    const weights = { a: 1, "a/b": 2, c: 2, "c/d": 1, "c/e": 2 };
    const holds = { a: "", "a/b": "", "c/d": "", "c/e": "" };
    expectPlaces(places(clients(holds, { weights })), Object.keys(holds), [1, 2, 2, 4]);
  });

  it("takes everyone in, and whoever is inactive out", () => {
    const both = { a: "cpus:10", b: "cpus:6", "a/c": "cpus:5" };
    const random = { sorter: "random" as const, random: seeded(3) };
    expect(order(clients(both), "role", random).sort()).toEqual(["a", "a/c", "b"]);
    expect(order(clients(both, { inactive: ["a"] }), "role", random).sort()).toEqual(["a/c", "b"]);
    expect(order(clients({ a: "cpus:10", b: "cpus:6" }), "role", random).sort()).toEqual(["a", "b"]);
  });
});

describe("what is held", () => {
  it("is told by role and framework over several agents, ports apart, active or not", () => {
    const start = world({
      agents: ["a1", "a2"].map((name) =>
        agent(name, "cpus:4;mem:1024;ports:[31000-32000]", {
          allocations: [held("f", "x/y", "cpus:2;mem:512;ports:[31000-32000]"), held("g", "z", "cpus:1")],
        }),
      ),
      frameworks: [framework("f", "x/y", { active: false }), framework("g", "z")],
    });
    const { roles, frameworks, total } = sharesOf(start);
    expect(roles.get("x")?.held.toString()).toBe("cpus:4;mem:1024");
    expect(roles.get("x/y")?.consumed.toString()).toBe("cpus:4;mem:1024;ports:2002");
    expect(Object.fromEntries(frameworks)).toEqual({ f: 0.5, g: 0.25 });
    expect(total.toString()).toBe("cpus:8;mem:2048");
  });

  it("stays the same amount when it becomes a volume, and nothing when it is given back", () => {
    const [volume] = fromSpec([
      {
        name: "disk",
        scalar: 5,
        disk: { persistence: { id: "v" }, volume: { containerPath: "d", mode: "RW" as const } },
      },
    ]);
    const plain = parseResources("cpus:10;mem:10;disk:10");
    const made = parseResources("cpus:10;mem:10;disk:5").add(
      fromSpec([{ name: "disk", scalar: 5, disk: volume?.disk }]),
    );
    for (const role of ["a", "a/x"]) {
      const of = (what: Resources | string) =>
        sharesOf(clients({ [role]: what }, { total: "cpus:10;mem:10;disk:10" }))
          .roles.get(role)
          ?.held.toString();
      expect(of(made)).toBe(of(plain));
      expect(of("")).toBe("");
    }
  });
});
