import { expect, test } from "vitest";
import type { Task } from "../api/task.ts";
import { describeTask } from "./explain.ts";

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
