import { expect, test } from "vitest";
import type { Phase } from "../checkpoint/record.ts";
import { recordWith, specWith } from "../lifecycle/fixture.ts";
import { groupKey, groupsOf, isBroken, isReady, type Member } from "./groups.ts";

const member = (phase: Phase | undefined, state?: string): Member => ({
  uid: `${phase} ${state}`,
  phase,
  state,
  ended: state !== undefined,
});

test("a group is ready when all its tasks are prepared", () => {
  expect(isReady([member("prepared"), member("prepared")], 2)).toBe(true);
  expect(isReady([member("prepared"), member("preparing")], 2)).toBe(false);
  expect(isReady([member("prepared")], 2)).toBe(false);
});

test("a group breaks with the first task that does not finish", () => {
  expect(isBroken([member("running"), member("ended", "TASK_FINISHED")])).toBe(false);
  expect(isBroken([member("running"), member("ended", "TASK_FAILED")])).toBe(true);
  expect(isBroken([member("running"), member(undefined, "TASK_DROPPED")])).toBe(true);
  expect(isBroken([member("running"), member(undefined)])).toBe(false);
});

test("groups of different frameworks and namespaces are different groups", () => {
  const key = (namespace: string, framework: string | undefined, id: string) =>
    groupKey({
      metadata: { name: "t", namespace, uid: "u", resourceVersion: "1", creationTimestamp: "" },
      spec: specWith({ group: { id, size: 2 }, ...(framework === undefined ? {} : { framework }) }),
    });
  const keys = [key("a", "f", "g"), key("b", "f", "g"), key("a", "h", "g"), key("a", undefined, "g")];
  expect(new Set(keys).size).toBe(4);
  expect(key("a", "f", "g")).toBe(key("a", "f", "g"));
});

test("what the agent knows of a task goes before what the API says", () => {
  const task = (uid: string, state: "TASK_RUNNING" | "TASK_FAILED") => ({
    apiVersion: "mesos.dev/v1alpha1",
    kind: "Task",
    metadata: { name: uid, namespace: "a", uid, resourceVersion: "1", creationTimestamp: "" },
    spec: specWith({ framework: "f", group: { id: "g", size: 3 } }),
    status: { state },
  });
  const finished = { uuid: "u", state: "TASK_FINISHED", source: "SOURCE_AGENT", timestamp: "" } as const;
  const records = new Map([
    ["x", recordWith({ uid: "x", phase: "ended", latest: finished })],
    ["y", recordWith({ uid: "y", phase: "prepared" })],
  ]);
  const tasks = [task("x", "TASK_RUNNING"), task("y", "TASK_RUNNING"), task("z", "TASK_FAILED")];
  const [group] = [...groupsOf(tasks, (uid) => records.get(uid)).values()];
  expect(group).toEqual({
    size: 3,
    members: [
      { uid: "x", phase: "ended", ended: true, state: "TASK_FINISHED" },
      { uid: "y", phase: "prepared", ended: false, state: "TASK_RUNNING" },
      { uid: "z", phase: undefined, ended: true, state: "TASK_FAILED" },
    ],
  });
});
