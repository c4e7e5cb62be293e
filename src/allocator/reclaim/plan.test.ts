import { describe, expect, it } from "vitest";
import { planReclaim } from "./plan.ts";
import { amounts, cluster, task, wants } from "./snapshot.fixture.ts";
import type { Demand, HeldTask, ReclaimSnapshot } from "./snapshot.ts";

const taken = (snapshot: ReclaimSnapshot, options = {}) =>
  planReclaim(snapshot, options).steps.map(
    ({ demand, agent, gangs }) =>
      `${demand.id}@${agent}: ${gangs.flatMap(({ tasks }) => tasks.map(({ id }) => id)).join(" ")}`,
  );
const fourOf = (role: string, more: (i: number) => Partial<HeldTask> = () => ({})) =>
  [0, 1, 2, 3].map((i) => task(`t${i}`, role, "a1", "cpus:1", { startedAt: i, ...more(i) }));

describe("a role below its fair share", () => {
  it("takes the newest task of one above it, and only as much as it needs", () => {
    expect(taken(cluster(1, "cpus:4", fourOf("a"), [wants("d", "b", "cpus:1")]))).toEqual(["d@a1: t3"]);
  });

  it("takes what has the lowest priority first", () => {
    const tasks = fourOf("a", (i) => ({ priority: i === 1 ? 0 : 5 }));
    expect(
      taken(cluster(1, "cpus:4", tasks, [wants("d", "b", "cpus:1"), wants("e", "b", "cpus:1")])),
    ).toEqual(["d@a1: t1", "e@a1: t3"]);
  });

  it("takes nothing while there is room, or will be", () => {
    const three = fourOf("a").slice(1);
    expect(taken(cluster(1, "cpus:4", three, [wants("d", "b", "cpus:1")]))).toEqual(["d@a1: "]);
    const ending = fourOf("a", (i) => ({ ending: i === 0 }));
    expect(taken(cluster(1, "cpus:4", ending, [wants("d", "b", "cpus:1")]))).toEqual(["d@a1: "]);
    expect(
      taken(cluster(1, "cpus:4", fourOf("a"), [wants("d", "b", "cpus:1")]), {
        ending: (key: string) => key === "task t0",
      }),
    ).toEqual(["d@a1: "]);
  });

  it("gets no more than its fair share", () => {
    const demand = ["d", "e", "f"].map((id) => wants(id, "b", "cpus:1"));
    expect(taken(cluster(1, "cpus:4", fourOf("a"), demand))).toEqual(["d@a1: t3", "e@a1: t2"]);
    expect(
      taken(cluster(1, "cpus:4", fourOf("a"), demand, { roles: [{ path: "b", weight: 3 }] })),
    ).toHaveLength(3);
  });

  it("takes nothing that is not revocable, and nothing beneath what is guaranteed", () => {
    expect(
      taken(
        cluster(
          1,
          "cpus:4",
          fourOf("a", () => ({ revocable: false })),
          [wants("d", "b", "cpus:1")],
        ),
      ),
    ).toEqual([]);
    const guarantees = [{ role: "a", guarantees: amounts("cpus:4") }];
    expect(taken(cluster(1, "cpus:4", fourOf("a"), [wants("d", "b", "cpus:1")], { guarantees }))).toEqual([]);
  });

  it("may have what is guaranteed to it, though that is more than its part by weight", () => {
    const demand = ["d", "e", "f"].map((id) => wants(id, "b", "cpus:1"));
    const guarantees = [{ role: "b", guarantees: amounts("cpus:3") }];
    expect(taken(cluster(1, "cpus:4", fourOf("a"), demand, { guarantees }))).toHaveLength(3);
  });

  it("takes all on one agent, where least is lost", () => {
    const tasks = [
      task("t0", "a", "a1", "cpus:1", { priority: 1 }),
      task("t1", "a", "a1", "cpus:3"),
      task("t2", "a", "a2", "cpus:2"),
      task("t3", "a", "a2", "cpus:2"),
    ];
    expect(taken(cluster(2, "cpus:4", tasks, [wants("d", "b", "cpus:3")]))).toEqual(["d@a1: t1"]);
    const admits = (agent: string) => agent === "a2";
    expect(taken(cluster(2, "cpus:4", tasks, [wants("d", "b", "cpus:3", { admits })]))).toEqual([
      "d@a2: t2 t3",
    ]);
  });

  it("lets go what a later task made needless", () => {
    const tasks = [
      task("small", "a", "a1", "cpus:1", { startedAt: 9 }),
      task("large", "a", "a1", "cpus:7"),
      task("other", "a", "a2", "cpus:8", { priority: 9 }),
    ];
    const start = cluster(2, "cpus:8", tasks, [wants("d", "b", "cpus:4")], {
      roles: [{ path: "b", weight: 100 }],
    });
    expect(taken(start)).toEqual(["d@a1: large"]);
  });

  it("is served after one that has less of its fair share", () => {
    const tasks = [...fourOf("a"), ...["u0", "u1"].map((id) => task(id, "b", "a2", "cpus:1"))];
    const demand = [wants("d", "b", "cpus:1"), wants("e", "c", "cpus:1")];
    const start = cluster(
      2,
      "cpus:4",
      [...tasks, ...["v0", "v1"].map((id) => task(id, "a", "a2", "cpus:1"))],
      demand,
    );
    expect(planReclaim(start).steps.map((step) => step.demand.id)).toEqual(["e", "d"]);
  });
});

describe("gangs", () => {
  const gang = (id: string, agent: string, text: string, startedAt = 0) =>
    task(id, "a", agent, text, { gang: "g", startedAt });

  it("are taken whole, wherever they run", () => {
    const tasks = [
      gang("g0", "a1", "cpus:1"),
      gang("g1", "a2", "cpus:1"),
      task("t", "a", "a1", "cpus:3", { priority: 1 }),
      task("u", "a", "a2", "cpus:3", { priority: 1 }),
    ];
    expect(
      taken(cluster(2, "cpus:4", tasks, [wants("d", "b", "cpus:1"), wants("e", "b", "cpus:1")])),
    ).toEqual(["d@a1: g0 g1", "e@a2: "]);
  });

  it("are not taken if that would leave the role less than its part by weight, or one of them is not revocable", () => {
    const large = [0, 1, 2, 3].map((i) => gang(`g${i}`, "a1", "cpus:1"));
    expect(taken(cluster(1, "cpus:4", large, [wants("d", "b", "cpus:1")]))).toEqual([]);
    const firm = [
      gang("g0", "a1", "cpus:1"),
      { ...gang("g1", "a1", "cpus:1"), revocable: false },
      task("t", "a", "a1", "cpus:2"),
    ];
    expect(taken(cluster(1, "cpus:4", firm, [wants("d", "b", "cpus:1")]))).toEqual(["d@a1: t"]);
  });

  it("that wait are served whole or not at all", () => {
    const pair = (text: string) => ["d", "e"].map((id) => wants(id, "b", text, { gang: "w" }));
    expect(taken(cluster(1, "cpus:4", fourOf("a"), pair("cpus:1")))).toEqual(["d@a1: t3", "e@a1: t2"]);
    expect(taken(cluster(1, "cpus:4", fourOf("a"), pair("cpus:2")))).toEqual([]);
  });
});

describe("in the role tree", () => {
  it("branches have their parts by weight, then roles in them", () => {
    const tasks = [
      ...[0, 1, 2].map((i) => task(`x${i}`, "a/x", "a1", "cpus:1", { startedAt: i })),
      task("y", "a/y", "a1", "cpus:1", { startedAt: 9 }),
    ];
    // a has all, so b may have half; x has more of a's half than y.
    expect(taken(cluster(1, "cpus:4", tasks, [wants("d", "b", "cpus:1")]))).toEqual(["d@a1: x2"]);
    // In a branch, without anything for it from outside.
    const inside = [...tasks.slice(0, 3), task("z", "b", "a1", "cpus:1")];
    expect(taken(cluster(1, "cpus:4", inside, [wants("d", "a/y", "cpus:1")]))).toEqual(["d@a1: x2"]);
  });

  it("a role's own tasks are a leaf beside its children", () => {
    const tasks = fourOf("a");
    expect(taken(cluster(1, "cpus:4", tasks, [wants("d", "a/x", "cpus:1")]))).toEqual(["d@a1: t3"]);
  });
});

describe("fair shares", () => {
  it("are parts by weight as far as they are wanted; the rest is the others'", () => {
    const shares = (demand: Demand[], tasks: HeldTask[] = []) =>
      Object.fromEntries(
        Array.from(
          planReclaim(cluster(1, "cpus:10", tasks, demand, { roles: [{ path: "c", weight: 2 }] })).shares,
          ([role, { fair }]) => [role, Number(fair.toFixed(6))],
        ),
      );
    expect(shares([wants("d", "a", "cpus:9"), wants("e", "b", "cpus:9")])).toEqual({ a: 0.5, b: 0.5 });
    expect(shares([wants("d", "a", "cpus:9"), wants("e", "b", "cpus:2")])).toEqual({ a: 0.8, b: 0.2 });
    expect(shares([wants("d", "a", "cpus:9"), wants("e", "c", "cpus:9")])).toEqual({
      a: 0.333333,
      c: 0.666667,
    });
    expect(shares([wants("d", "a", "cpus:3"), wants("e", "b", "cpus:2")])).toEqual({ a: 0.3, b: 0.2 });
    expect(
      shares([wants("d", "a/x", "cpus:9"), wants("e", "a/y", "cpus:1"), wants("f", "b", "cpus:9")]),
    ).toEqual({
      a: 0.5,
      "a/x": 0.4,
      "a/y": 0.1,
      b: 0.5,
    });
  });
});

describe("executors", () => {
  const runs = (id: string, more: Partial<HeldTask> = {}) =>
    task(id, "a", "a1", "cpus:1", { executor: "x", ...more });
  const x = (more: Partial<HeldTask> = {}) => task("x", "a", "a1", "cpus:1", { priority: -1, ...more });
  /** Four cpus: of the executor, of two tasks of its, and of another. */
  const full = (demand: Demand[], executor = x(), more: Partial<HeldTask> = {}) => {
    const tasks = [runs("t0", more), runs("t1", { startedAt: 1, ...more }), task("t2", "a", "a1", "cpus:1")];
    return { ...cluster(1, "cpus:4", [...tasks, executor], demand), tasks, executors: [executor] };
  };
  const along = (snapshot: ReclaimSnapshot, options = {}) =>
    planReclaim(snapshot, options).steps.flatMap(({ gangs }) =>
      gangs.map(({ key, along: gone = [] }) => [key, ...gone.map(({ id }) => id)].join(" with ")),
    );

  it("are held by their role", () => {
    const weights = { roles: [{ path: "b", weight: 3 }] };
    const { shares } = planReclaim(full([wants("d", "b", "cpus:1")]));
    expect(shares.get("a")?.share).toBe(1);
    // What the executor holds makes the role's fourth cpu one too many.
    const only = [x(), task("t", "a", "a1", "cpus:1"), task("o", "b", "a1", "cpus:2")];
    const snapshot = {
      ...cluster(1, "cpus:4", only, [wants("d", "b", "cpus:1")], weights),
      tasks: only.slice(1),
    };
    expect(taken({ ...snapshot, executors: [x({ revocable: false })] })).toEqual(["d@a1: t"]);
    expect(taken(snapshot)).toEqual([]);
  });

  it("give back what they hold with the last of their tasks", () => {
    expect(along(full([wants("d", "b", "cpus:1")]))).toEqual(["task t1"]);
    const three = { roles: [{ path: "b", weight: 9 }] };
    expect(along({ ...full([wants("d", "b", "cpus:3")]), ...three })).toEqual(["task t1", "task t0 with x"]);
    // Not to be had without it: what may not go stays held.
    const kept = full([wants("d", "b", "cpus:4")], x({ revocable: false }));
    expect(along({ ...kept, ...three })).toEqual([]);
  });

  it("that are counted on go with all of their tasks, also those that would not be needed", () => {
    const tasks = [
      runs("t0", { startedAt: 2 }),
      runs("t1", { startedAt: 1 }),
      task("t2", "a", "a1", "cpus:2", { revocable: false }),
    ];
    const big = x({ resources: amounts("cpus:2") });
    const roles = [{ path: "b", weight: 9 }];
    const all = cluster(1, "cpus:6", [...tasks, big], [wants("d", "b", "cpus:3")], { roles });
    expect(along({ ...all, tasks, executors: [big] })).toEqual(["task t0", "task t1 with x"]);
  });

  it("that run nothing are taken before any task, if they may be", () => {
    const idle = full([wants("d", "b", "cpus:1")], x(), { executor: "y" });
    expect(along(idle)).toEqual(["task x"]);
    expect(along({ ...idle, executors: [x({ revocable: false })] })).toEqual(["task t1"]);
  });

  it("whose end is under way, or that of all their tasks, will leave room", () => {
    const demand = [wants("d", "b", "cpus:1")];
    expect(taken(full(demand, x({ ending: true })))).toEqual(["d@a1: "]);
    const two = [wants("d", "b", "cpus:3")];
    const ending = (key: string) => key === "task t0" || key === "task t1";
    const weights = { roles: [{ path: "b", weight: 9 }] };
    expect(taken({ ...full(two), ...weights }, { ending })).toEqual(["d@a1: "]);
  });
});
