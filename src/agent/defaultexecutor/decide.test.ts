import { describe, expect, test } from "vitest";
import { Executor as Kind } from "../../api/executor.ts";
import { type ExecutorTask, type ExecutorView, executorDecision } from "./decide.ts";

const executor = (state?: "Starting" | "Running" | "Ended", spec: object = {}): ExecutorView["executor"] => ({
  metadata: { name: "e1", uid: "u1", resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z" },
  spec: Kind.spec.parse({
    framework: "fw",
    agent: "n1",
    executorId: "e",
    type: "DEFAULT",
    ...spec,
  }) as ExecutorView["executor"]["spec"],
  ...(state && { status: { state } }),
});
const live: ExecutorTask = { uid: "t1", ended: false, over: false };
const releasing: ExecutorTask = { uid: "t2", ended: true, over: false };
const over: ExecutorTask = { uid: "t3", ended: true, over: true };
const decide = (view: Partial<ExecutorView> = {}) =>
  executorDecision({ executor: executor("Running"), holder: "running", tasks: [live, over], ...view });

describe("an executor that runs", () => {
  test("lives as long as one of its tasks does", () => {
    expect(decide()).toEqual({ kind: "keep" });
    expect(decide({ tasks: [releasing, over] })).toEqual({ kind: "keep" });
    expect(decide({ tasks: [over] })).toEqual({ kind: "end", message: "Its last task has ended" });
    expect(decide({ tasks: [] })).toMatchObject({ kind: "end" });
  });

  test("takes its tasks along when it is asked to go, then goes", () => {
    const asked = executor("Running", { shutdown: { message: "enough" } });
    expect(decide({ executor: asked })).toEqual({ kind: "kill", cause: "request", message: "enough" });
    expect(decide({ executor: asked, tasks: [over] })).toEqual({ kind: "end", message: "It was shut down" });
    const deleted = { ...executor("Running") };
    const metadata = { ...deleted.metadata, deletionTimestamp: "2026-01-01T00:01:00Z" };
    expect(decide({ executor: { ...deleted, metadata } })).toMatchObject({ kind: "kill", cause: "request" });
  });

  test.each(["lost", "absent"] as const)("whose container is %s ends, its tasks before it", (holder) => {
    expect(decide({ holder })).toMatchObject({ kind: "kill", cause: "executor" });
    expect(decide({ holder, tasks: [releasing] })).toEqual({ kind: "keep" });
    expect(decide({ holder, tasks: [over] })).toMatchObject({
      kind: "end",
      reason: "REASON_EXECUTOR_TERMINATED",
    });
  });

  test("that could not be started says why", () => {
    const loss = { reason: "REASON_CONTAINER_LAUNCH_FAILED", message: "no image" };
    const view = { executor: executor("Starting"), holder: "lost" as const, loss };
    expect(decide({ ...view, tasks: [over] })).toEqual({ kind: "end", ...loss });
  });
});

test("too much disk is told as such", () => {
  const loss = { reason: "REASON_CONTAINER_LIMITATION_DISK", message: "too much" };
  expect(decide({ holder: "lost", loss })).toEqual({ kind: "kill", cause: "disk", message: "too much" });
});

test("one that has not begun, or is about to, is left alone", () => {
  expect(decide({ executor: executor(), holder: "absent", tasks: [] })).toEqual({ kind: "keep" });
  expect(decide({ executor: executor("Starting"), holder: "starting", tasks: [over] })).toEqual({
    kind: "keep",
  });
});

test("of one that the API says has ended nothing is left, tasks first", () => {
  const ended = executor("Ended");
  expect(decide({ executor: ended })).toMatchObject({ kind: "kill", cause: "executor" });
  expect(decide({ executor: ended, tasks: [releasing] })).toEqual({ kind: "keep" });
  expect(decide({ executor: ended, tasks: [over] })).toEqual({ kind: "clear" });
  expect(decide({ executor: ended, tasks: [over], holder: "absent" })).toEqual({ kind: "keep" });
});
