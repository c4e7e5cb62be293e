import { describe, expect, it } from "vitest";
import { executor, task } from "../objects.fixture.ts";
import { Pursuits } from "./pursuits.ts";
import { markChanges, takeExecutorStep, takeStep } from "./step.ts";

const running = { state: "TASK_RUNNING" } as const;
const taken = (tasks: string[], at: number, demand = "d") => ({ tasks, role: "b", demand, agent: "n1", at });

describe("takeStep", () => {
  it("kills what runs, with a reason and for whom", () => {
    expect(takeStep(task("t", {}, running), "b", true)).toEqual({
      kind: "kill",
      kill: {
        reason: "REASON_CONTAINER_PREEMPTED",
        message: "taken back for the role b, which is below its fair share; eng is above its own",
      },
    });
  });

  it("drops what has not begun", () => {
    const state = (aware: boolean) => takeStep(task("t"), "b", aware);
    expect(state(true)).toMatchObject({ kind: "end", transition: { state: "TASK_DROPPED" } });
    expect(state(false)).toMatchObject({ kind: "end", transition: { state: "TASK_LOST" } });
  });

  it("leaves alone what ends anyway", () => {
    expect(takeStep(task("t", { kill: {} }, running), "b", true)).toBeUndefined();
    expect(takeStep(task("t", {}, { state: "TASK_FAILED" }), "b", true)).toBeUndefined();
    const deletionTimestamp = "2026-01-01T00:00:00Z";
    expect(takeStep(task("t", {}, running, { deletionTimestamp }), "b", true)).toBeUndefined();
  });
});

it("an executor goes once its tasks have, and stays if it was given another", () => {
  const runBy = { executor: { name: "x", executorId: "x" } };
  const x = executor("x", {}, { state: "Running" });
  const step = (one: typeof x, ...tasks: ReturnType<typeof task>[]) =>
    takeExecutorStep(one, tasks, ({ metadata }) => metadata.name === "ordered");
  expect(step(x)).toBe("shutDown");
  expect(step(x, task("t", { ...runBy, kill: {} }, { state: "TASK_KILLING" }))).toBe("wait");
  expect(step(x, task("t", { ...runBy, kill: {} }, { state: "TASK_KILLED" }))).toBe("shutDown");
  expect(step(x, task("t", runBy, running))).toBe("leave");
  expect(step(x, task("ordered", runBy, running))).toBe("wait");
  expect(step(x, task("ordered", runBy, running), task("t", runBy, running))).toBe("leave");
  expect(step(executor("x", { shutdown: {} }))).toBe("leave");
  expect(step(executor("x", { type: "DEFAULT" }))).toBe("leave");
});

describe("markChanges", () => {
  it("sets what is new or other than before, and clears what is no longer told", () => {
    const before = new Map([
      ["same", { role: "b", at: 1 }],
      ["later", { role: "b", at: 1 }],
      ["gone", { role: "b", at: 1 }],
    ]);
    const { set, clear } = markChanges(before, [taken(["same"], 1), taken(["later", "new"], 2)]);
    expect([...set.keys()]).toEqual(["later", "new"]);
    expect(clear).toEqual(["gone"]);
  });
});

describe("Pursuits", () => {
  it("says once where offers are in the way: all has ended and the demand still waits", () => {
    const pursuits = new Pursuits();
    pursuits.add([taken(["t", "u"], 0)]);
    const due = (waits: boolean, ...there: string[]) =>
      pursuits.due(
        () => waits,
        (id) => there.includes(id),
      );
    expect(due(true, "t", "u")).toEqual([]);
    expect(due(true, "u")).toEqual([]);
    expect(due(true)).toEqual([{ role: "b", agent: "n1" }]);
    expect(due(true)).toEqual([]);
    pursuits.add([taken(["t"], 0)]);
    expect(due(false, "t")).toEqual([]);
    expect(pursuits.size).toBe(0);
  });
});
