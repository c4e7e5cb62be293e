import { expect, test } from "vitest";
import type { Task } from "../api/task.ts";
import { executor, list, task as live } from "../controllers/objects.fixture.ts";
import { describeExecutor, describeTask } from "./explain.ts";

const task: Task = {
  apiVersion: "mesos.dev/v1alpha1",
  kind: "Task",
  metadata: { name: "big", namespace: "default" },
  spec: { role: "eng/ads", resources: [{ name: "cpus", scalar: 64 }] },
};

test("an unplaced task says why, in the operator's words", () => {
  const lines = describeTask({
    ...task,
    status: {
      conditions: [
        {
          type: "Placed",
          status: "False",
          reason: "InsufficientResources",
          message: "short of cpus on 3 agents",
          lastTransitionTime: "2026-01-01T00:00:00Z",
        },
      ],
    },
  });
  expect(lines).toContain("Not placed: InsufficientResources: short of cpus on 3 agents");
  expect(lines).toContain("Resources:  cpus:64");
});

test("a task nobody has looked at yet says so", () => {
  expect(describeTask(task).at(-1)).toBe("Not placed: the operator has not looked at it yet");
});

test("a task names its executor, and what that holds as long as it has not ended", () => {
  const spec = { ...task.spec, executor: { name: "x", executorId: "worker" } };
  const line = (...args: Parameters<typeof describeTask>) =>
    describeTask(...args).find((one) => one.startsWith("Executor:"));
  const holds = { resources: list("cpus:0.5;mem:32") };
  expect(line({ ...task, spec }, executor("x", holds, { state: "Running" }))).toBe(
    "Executor:   x (worker), Running, which holds cpus:0.5;mem:32 beside its tasks",
  );
  expect(line({ ...task, spec }, executor("x", holds, { state: "Ended" }))).toBe(
    "Executor:   x (worker), Ended",
  );
  expect(line({ ...task, spec })).toBe("Executor:   x (worker), gone");
  expect(line(task)).toBeUndefined();
});

test("an executor tells what it holds and what it runs", () => {
  const runBy = { executor: { name: "x", executorId: "x" } };
  const tasks = [live("t", runBy), live("over", runBy, { state: "TASK_FINISHED" }), live("other")];
  const one = executor("x", { resources: list("cpus:0.5;mem:32") }, { state: "Running" });
  expect(describeExecutor(one, tasks)).toEqual(
    expect.arrayContaining(["Holds:      cpus:0.5;mem:32", "Tasks:      t"]),
  );
  expect(describeExecutor({ ...one, status: { state: "Ended" } }, [])).toEqual(
    expect.arrayContaining(["Holds:      nothing", "Tasks:      none"]),
  );
});
