import { expect, test } from "vitest";
import type { TaskSpec } from "../../api/task.ts";
import { specWith } from "../lifecycle/fixture.ts";
import { type ExecutorFacts, executorObstacle } from "./obstacle.ts";

const CREATED = "2026-01-01T00:00:00Z";
const ref = { executor: { name: "e-1", executorId: "e" } };
const group = { group: { id: "g", size: 2 } };
const object = {
  apiVersion: "",
  kind: "Executor",
  metadata: { name: "e-1", uid: "u", resourceVersion: "1", creationTimestamp: CREATED },
  spec: {},
} as ExecutorFacts["object"];

const obstacle = (spec: Partial<TaskSpec>, facts: Partial<ExecutorFacts> = {}, seconds = 1) =>
  executorObstacle(
    {
      apiVersion: "",
      kind: "Task",
      metadata: { name: "t", uid: "t", resourceVersion: "1", creationTimestamp: CREATED },
      spec: specWith(spec),
    },
    { object: undefined, record: undefined, now: Date.parse(CREATED) + seconds * 1_000, ...facts },
  );

test("a task of its own has none", () => {
  expect(obstacle({})).toBeUndefined();
  expect(obstacle(group)).toBeUndefined();
});

test("a program of the framework must be on its way to the node; what a group runs below the agent itself starts", () => {
  expect(obstacle(ref, { object })).toBe("wait");
  expect(obstacle({ ...ref, ...group }, { object })).toBeUndefined();
});

test.each([ref, { ...ref, ...group }])(
  "an executor that nobody has seen is waited for, not for ever",
  (spec) => {
    expect(obstacle(spec)).toBe("wait");
    expect(obstacle(spec, {}, 61)).toMatchObject({
      state: "TASK_DROPPED",
      reason: "REASON_EXECUTOR_TERMINATED",
    });
  },
);
