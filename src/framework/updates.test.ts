import { describe, expect, test } from "vitest";
import type { StatusUpdate, Task } from "../api/task.ts";
import { reconciliation, toTaskUpdate, unacknowledged } from "./updates.ts";

const update = (uuid: string, state: StatusUpdate["state"]): StatusUpdate => ({
  uuid,
  state,
  source: "SOURCE_AGENT",
  timestamp: "2026-01-01T00:00:00Z",
});

const task = (updates: StatusUpdate[], acknowledged?: string): Task => ({
  apiVersion: "mesos.dev/v1alpha1",
  kind: "Task",
  metadata: { name: "t1", namespace: "default" },
  spec: {
    role: "dev",
    agent: "node-1",
    resources: [{ name: "cpus", scalar: 1 }],
    ...(acknowledged === undefined ? {} : { acknowledged }),
  },
  status: { state: "TASK_RUNNING", updates },
});

describe("unacknowledged updates", () => {
  const all = [update("a", "TASK_STARTING"), update("b", "TASK_RUNNING"), update("c", "TASK_FINISHED")];

  test("are all of them before the first acknowledgement", () => {
    expect(unacknowledged(task(all)).map((u) => u.uuid)).toEqual(["a", "b", "c"]);
  });

  test("are those after the acknowledged one", () => {
    expect(unacknowledged(task(all, "b")).map((u) => u.uuid)).toEqual(["c"]);
  });

  test("are the rest when the acknowledged one was trimmed", () => {
    expect(unacknowledged(task(all.slice(1), "a")).map((u) => u.uuid)).toEqual(["b", "c"]);
  });

  test("are none once the last is acknowledged", () => {
    expect(unacknowledged(task(all, "c"))).toEqual([]);
  });
});

test("an update names its task by the Mesos id and by the object", () => {
  const named = task([update("a", "TASK_RUNNING")]);
  named.spec.taskId = "web.1";
  expect(toTaskUpdate(named, update("a", "TASK_RUNNING"))).toMatchObject({
    taskId: "web.1",
    name: "t1",
    agent: "node-1",
    uuid: "a",
    state: "TASK_RUNNING",
  });
});

test("a reconciliation carries the latest state and nothing to acknowledge", () => {
  const answer = reconciliation(task([]), new Date(0));
  expect(answer).toMatchObject({
    state: "TASK_RUNNING",
    reason: "REASON_RECONCILIATION",
    source: "SOURCE_MASTER",
  });
  expect(answer.uuid).toBeUndefined();
});
