import { describe, expect, it } from "vitest";
import { typeMeta } from "../../api/kind.ts";
import { Task, type Task as TaskObject } from "../../api/task.ts";
import type { Live } from "../../cluster/object.ts";
import { dropState, transitionPatch, updateUuid } from "./ending.ts";

const task = (
  status?: TaskObject["status"],
  acknowledged?: string,
  resourceVersion = "7",
): Live<TaskObject> => ({
  ...typeMeta(Task),
  metadata: { name: "t", uid: "u", resourceVersion, creationTimestamp: "2026-01-01T00:00:00Z" },
  spec: {
    role: "*",
    resources: [{ name: "cpus", scalar: 1 }],
    ...(acknowledged !== undefined && { acknowledged }),
  },
  ...(status && { status }),
});
const now = "2026-01-02T00:00:00Z";
const lost = { state: "TASK_LOST", reason: "REASON_AGENT_REMOVED", message: "m" } as const;

describe("transitionPatch", () => {
  it("says in status and in one update the same", () => {
    const { updates, ...rest } = transitionPatch(task(), lost, now);
    expect(rest).toEqual({ ...lost, source: "SOURCE_MASTER", unreachableSince: null });
    expect(updates).toEqual([
      { ...lost, source: "SOURCE_MASTER", timestamp: now, uuid: updateUuid("u", "7", "TASK_LOST") },
    ]);
  });

  it("marks a task that may come back, and takes the mark away in the end", () => {
    expect(transitionPatch(task(), { ...lost, unreachableSince: now }, now).unreachableSince).toBe(now);
    expect(
      transitionPatch(task({ state: "TASK_LOST", unreachableSince: now }), lost, now).unreachableSince,
    ).toBeNull();
  });

  it("keeps updates that nobody has acknowledged", () => {
    const before = { uuid: "a", state: "TASK_RUNNING", source: "SOURCE_AGENT", timestamp: now } as const;
    const count = (acknowledged?: string) =>
      transitionPatch(task({ state: "TASK_RUNNING", updates: [before] }, acknowledged), lost, now).updates
        .length;
    expect(count()).toBe(2);
    expect(count("a")).toBe(1);
  });
});

describe("updateUuid", () => {
  it("is a UUID that the words alone decide", () => {
    expect(updateUuid("u", "7", "TASK_LOST")).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(updateUuid("u", "7")).toBe(updateUuid("u", "7"));
    expect(updateUuid("u", "7")).not.toBe(updateUuid("u", "8"));
  });
});

it("dropState: frameworks without PARTITION_AWARE know LOST only", () => {
  expect([dropState(true), dropState(false)]).toEqual(["TASK_DROPPED", "TASK_LOST"]);
});
