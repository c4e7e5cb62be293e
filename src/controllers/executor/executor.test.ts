import { describe, expect, it } from "vitest";
import type { ExecutorStatus } from "../../api/executor.ts";
import type { TaskState } from "../../api/taskstate.ts";
import { executor, task } from "../objects.fixture.ts";
import { absenceEnd, isDoneWith } from "./ending.ts";
import { executorStep } from "./step.ts";

const now = Date.parse("2026-01-01T00:00:30Z");
const runBy = { executor: { name: "x", executorId: "x" }, agent: "n1" };
const run = (state?: TaskState) => task("t", runBy, state && { state });
const inState = (state: ExecutorStatus["state"], more = {}) => executor("x", {}, { state, ...more });

describe("an executor that has not begun", () => {
  it("waits a while for its first task, and as long as it has one", () => {
    expect(executorStep(executor("x"), { tasks: [], now })).toEqual({ kind: "wait", after: 30_000 });
    expect(executorStep(executor("x"), { tasks: [run()], now: now + 1e6 })).toEqual({ kind: "keep" });
  });

  it("ends when no task comes, when its tasks have ended, and when it is told to", () => {
    expect(executorStep(executor("x"), { tasks: [], now: now + 30_000 })).toMatchObject({ kind: "end" });
    expect(executorStep(executor("x"), { tasks: [run("TASK_KILLED")], now })).toMatchObject({ kind: "end" });
    const told = executor("x", { shutdown: { message: "enough" } });
    expect(executorStep(told, { tasks: [run()], now })).toMatchObject({
      kind: "end",
      end: { message: "enough" },
    });
  });
});

describe("an executor that has begun", () => {
  it("is its agent's, with tasks or without", () => {
    for (const tasks of [[], [run("TASK_FINISHED")]]) {
      expect(executorStep(inState("Running"), { tasks, now: now + 1e9 })).toEqual({ kind: "keep" });
    }
  });

  it("goes some time after its end, and not before its tasks", () => {
    const ended = inState("Ended", { endedAt: "2026-01-01T00:00:00Z" });
    expect(executorStep(ended, { tasks: [run("TASK_RUNNING")], now: now + 1e9 })).toEqual({ kind: "keep" });
    expect(executorStep(ended, { tasks: [], now })).toEqual({ kind: "wait", after: 30_000 });
    expect(executorStep(ended, { tasks: [run("TASK_FAILED")], now: now + 30_000 })).toEqual({
      kind: "delete",
    });
    const deleted = executor("x", {}, ended.status, {
      deletionTimestamp: "2026-01-01T00:01:00Z",
      finalizers: ["mesos.dev/executor"],
    });
    expect(executorStep(deleted, { tasks: [], now })).toEqual({ kind: "release" });
  });
});

describe("an executor whose agent is away", () => {
  const end = (state: ExecutorStatus["state"], presence: "alive" | "lapsed" | "gone", slotEnded = false) =>
    absenceEnd(inState(state), { presence, slotEnded })?.reason;

  it("ends when it cannot run any more, or never did", () => {
    expect(end("Running", "alive")).toBeUndefined();
    expect(end("Running", "lapsed")).toBeUndefined();
    expect(end("Running", "lapsed", true)).toBe("REASON_AGENT_REMOVED");
    expect(end("Running", "gone")).toBe("REASON_AGENT_REMOVED");
    expect(end("Pending", "lapsed")).toBe("REASON_AGENT_DISCONNECTED");
    expect(end("Ended", "gone")).toBeUndefined();
  });
});

it("an executor is done with when its last task has ended", () => {
  expect(isDoneWith(inState("Running"), [run("TASK_RUNNING")])).toBe(false);
  expect(isDoneWith(inState("Running"), [run("TASK_FINISHED"), task("other")])).toBe(true);
  expect(isDoneWith(executor("x", { shutdown: {} }), [])).toBe(false);
});
