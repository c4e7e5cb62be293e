import { describe, expect, it } from "vitest";
import { Framework, type Framework as FrameworkObject } from "../../api/framework.ts";
import { typeMeta } from "../../api/kind.ts";
import { type StatusUpdate, Task, type Task as TaskObject } from "../../api/task.ts";
import type { TaskState } from "../../api/taskstate.ts";
import type { Live, Metadata } from "../../cluster/object.ts";
import { taskStep } from "./step.ts";

const created = "2026-01-01T00:00:00Z";
const ended = "2026-01-01T01:00:00Z";
const now = Date.parse(ended) + 10_000;
const deleted: Metadata = { deletionTimestamp: created };

interface Given {
  readonly spec?: Partial<TaskObject["spec"]>;
  readonly state?: TaskState;
  readonly updates?: StatusUpdate[];
  readonly unreachableSince?: string;
  readonly metadata?: Metadata;
}

const task = ({ spec, state, updates, unreachableSince, metadata }: Given): Live<TaskObject> => ({
  ...typeMeta(Task),
  metadata: {
    name: "t",
    namespace: "ns",
    uid: "t",
    resourceVersion: "1",
    creationTimestamp: created,
    finalizers: ["mesos.dev/task"],
    ...metadata,
  },
  spec: {
    role: "*",
    resources: [
      { name: "cpus", scalar: 1 },
      { name: "mem", scalar: 1 },
    ],
    ...spec,
  },
  ...(state && {
    status: { state, ...(updates && { updates }), ...(unreachableSince && { unreachableSince }) },
  }),
});
const update = (uuid: string): StatusUpdate => ({
  uuid,
  state: "TASK_FINISHED",
  source: "SOURCE_AGENT",
  timestamp: ended,
});
const framework = (
  connected: boolean,
  type: "Lease" | "Manual" = "Lease",
  metadata: Metadata = {},
): Live<FrameworkObject> => ({
  ...typeMeta(Framework),
  metadata: { name: "f", uid: "f", resourceVersion: "1", creationTimestamp: created, ...metadata },
  spec: { roles: ["*"], connection: { type, leaseDuration: "15s" }, failoverTimeout: "10m" },
  status: { connected },
});
const step = (given: Given, by?: Live<FrameworkObject>, at = now) =>
  taskStep(task(given), { framework: by, ttl: "1h", now: at });

describe("taskStep: before the end", () => {
  it.each<[string, Given, string]>([
    ["takes hold of a new one", { metadata: { finalizers: [] } }, "hold"],
    ["leaves one that waits", {}, "keep"],
    ["leaves one that runs", { state: "TASK_RUNNING" }, "keep"],
    ["leaves to the agent a kill of one that runs", { state: "TASK_RUNNING", spec: { kill: {} } }, "keep"],
    ["has the agent kill one that is deleted", { state: "TASK_RUNNING", metadata: deleted }, "kill"],
    ["asks once", { state: "TASK_RUNNING", metadata: deleted, spec: { kill: {} } }, "keep"],
    [
      "does not let one go whose agent is away",
      { state: "TASK_LOST", unreachableSince: ended, metadata: deleted, spec: { kill: {} } },
      "keep",
    ],
    [
      "does not ask for what is going already",
      { metadata: { ...deleted, finalizers: ["other"] }, state: "TASK_FINISHED" },
      "keep",
    ],
  ])("%s", (_name, given, kind) => {
    expect(step(given).kind).toBe(kind);
  });

  it.each<[string, Given]>([
    ["killed while it waits for an agent", { spec: { kill: {} } }],
    ["killed while it waits for its slot", { state: "TASK_STAGING", spec: { kill: {}, agent: "n1" } }],
    ["deleted while it waits", { metadata: deleted }],
  ])("ends one that was %s", (_name, given) => {
    expect(step(given)).toMatchObject({
      kind: "end",
      transition: { state: "TASK_KILLED", reason: "REASON_TASK_KILLED_DURING_LAUNCH" },
    });
  });

  it("ends one whose resources make no sense", () => {
    const resources = [{ name: "x", set: ["a", "a"] }];
    expect(step({ spec: { resources } })).toMatchObject({
      kind: "end",
      transition: { state: "TASK_ERROR", reason: "REASON_TASK_INVALID" },
    });
  });
});

describe("taskStep: after the end", () => {
  const finished: Given = { state: "TASK_FINISHED", updates: [update("a")] };

  it("keeps it for its time, then deletes it", () => {
    expect(step(finished)).toEqual({ kind: "wait", after: 3_590_000 });
    expect(step({ ...finished, spec: { ttlAfterFinished: "5s" } }).kind).toBe("delete");
  });

  it.each<[string, Live<FrameworkObject> | undefined, string]>([
    ["one that a framework has yet to hear of", framework(true), "keep"],
    ["one of a framework that is away and may come back", framework(false), "keep"],
    ["not one of a framework that is gone", undefined, "delete"],
    ["not one of a framework that goes", framework(true, "Lease", deleted), "delete"],
    ["not one of a person", framework(true, "Manual"), "delete"],
  ])("keeps beyond its time %s", (_name, by, kind) => {
    expect(step({ ...finished, spec: { ttlAfterFinished: "5s", framework: "f" } }, by).kind).toBe(kind);
  });

  it("deletes one that was acknowledged", () => {
    const spec = { ttlAfterFinished: "5s", framework: "f", acknowledged: "a" };
    expect(step({ ...finished, spec }, framework(true)).kind).toBe("delete");
  });

  it("lets a deleted one go, after its framework had half a minute to hear of the end", () => {
    const gone = { ...finished, metadata: deleted };
    expect(step(gone).kind).toBe("release");
    expect(step(gone, framework(false)).kind).toBe("release");
    expect(step(gone, framework(true))).toEqual({ kind: "wait", after: 20_000 });
    expect(step(gone, framework(true), now + 20_000).kind).toBe("release");
  });
});
