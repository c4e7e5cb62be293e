import { describe, expect, it } from "vitest";
import { atOnce } from "../../allocator/index.ts";
import type { Executor } from "../../api/executor.ts";
import type { Task } from "../../api/task.ts";
import type { Live } from "../../cluster/object.ts";
import { Resources } from "../../resources/index.ts";
import { agentState, executor, list, offer, task, view } from "../objects.fixture.ts";
import { holdings } from "../world/holdings.ts";
import { type ReclaimFacts, reclaimSnapshot } from "./snapshot.ts";

const started = "2026-01-01T00:00:00Z";
const withTasks = (...tasks: Live<Task>[]) =>
  view("cpus:8;mem:1024", "", [], { tasks, held: Resources.sum(tasks.map(holdings)) });
const snapshot = (views: ReclaimFacts["views"], more: Partial<ReclaimFacts> = {}) =>
  atOnce(reclaimSnapshot({ views, roles: [], quotas: [], reclaimable: () => false, demand: [], ...more }));
const one = (made: Live<Task>, reclaimable = false) =>
  snapshot([withTasks(made)], { reclaimable: () => reclaimable }).tasks[0];

describe("reclaimSnapshot", () => {
  it("has what is neither held nor reserved of agents that may be offered; offers count as free", () => {
    const offered = { offer: offer("o"), resources: Resources.empty };
    const state = agentState("n1", "cpus:8;cpus(eng):2;mem:1024");
    const open = { ...withTasks(task("t")), state, offers: [offered] };
    const { agents, total } = snapshot([
      open,
      { ...withTasks(task("u")), name: "n2", state: agentState("n2", "cpus:1", { withheld: "Cordoned" }) },
    ]);
    expect(agents.map(({ name, free }) => `${name} ${free}`)).toEqual(["n1 cpus:7;mem:960"]);
    expect(total.toString()).toBe("cpus:11;mem:1024");
  });

  it("takes tasks without a framework, and those of frameworks that say so", () => {
    expect(one(task("t"))).toMatchObject({
      id: "uid-t",
      role: "eng",
      agent: "n1",
      revocable: true,
      priority: 0,
    });
    expect(one(task("t", { framework: "fw" }))?.revocable).toBe(false);
    expect(one(task("t", { framework: "fw", priority: 7 }), true)).toMatchObject({
      revocable: true,
      priority: 7,
    });
  });

  it("has executors as held by their role, and says whose tasks they run", () => {
    const x = executor("x", { framework: "fw" }, { state: "Running" });
    const t = task("t", { framework: "fw", executor: { name: "x", executorId: "x" } });
    const both = snapshot([{ ...withTasks(t), executors: [x] }], { reclaimable: () => true });
    expect(both.tasks[0]?.executor).toBe("uid-x");
    expect(both.executors).toMatchObject([{ id: "uid-x", role: x.spec.role, agent: "n1", revocable: true }]);
    expect(both.executors?.[0]?.ending).toBeUndefined();
    const alone = (one: Live<Executor>, reclaimable = true) =>
      snapshot([{ ...withTasks(), executors: [one] }], { reclaimable: () => reclaimable }).executors?.[0];
    expect(alone(x, false)?.revocable).toBe(false);
    expect(alone(executor("x"))?.revocable).toBe(false);
    expect(alone(executor("x", { shutdown: {} }, { state: "Running" }))?.ending).toBe(true);
    expect(alone(x)?.ending).toBeUndefined();
    const played = executor("x", { type: "DEFAULT", command: undefined }, { state: "Running" });
    expect(alone(played)?.ending).toBe(true);
  });

  it("never takes a task that holds something reserved", () => {
    const reservations = [{ type: "DYNAMIC" as const, role: "eng" }];
    const resources = list("cpus:1;mem:64").map((each) => ({ ...each, reservations }));
    expect(one(task("t", { resources }))?.revocable).toBe(false);
  });

  it("knows gangs, what ends already, and how long a task has had its agent", () => {
    const group = { id: "g", size: 2 };
    expect(one(task("t", { framework: "fw", group }))?.gang).toContain("g");
    expect(one(task("t"))?.ending).toBeUndefined();
    expect(one(task("t", { kill: {} }))?.ending).toBe(true);
    expect(one(task("t", {}, undefined, { deletionTimestamp: started }))?.ending).toBe(true);
    const since = (made: Live<Task>) => ((one(made)?.startedAt ?? 0) - Date.parse(started)) / 1000;
    expect(since(task("t"))).toBe(0);
    const placed = {
      type: "Placed",
      status: "True" as const,
      reason: "Placed",
      message: "",
      lastTransitionTime: "2026-01-01T00:00:05Z",
    };
    expect(since(task("t", {}, { conditions: [placed] }))).toBe(5);
    const container = { id: "c", startedAt: "2026-01-01T00:00:09Z" };
    expect(since(task("t", {}, { conditions: [placed], container }))).toBe(9);
  });
});
