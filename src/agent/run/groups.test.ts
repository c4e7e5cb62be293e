import { expect, test } from "vitest";
import type { Phase } from "../checkpoint/record.ts";
import { recordWith, specWith } from "../lifecycle/fixture.ts";
import { doomed, groupKey, groupsOf, isBroken, isReady, type Member } from "./groups.ts";

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
    byExecutor: false,
    members: [
      { uid: "x", phase: "ended", ended: true, state: "TASK_FINISHED" },
      { uid: "y", phase: "prepared", ended: false, state: "TASK_RUNNING" },
      { uid: "z", phase: undefined, ended: true, state: "TASK_FAILED" },
    ],
  });
});

test("one that ends takes the others along, but for those that an executor was given", () => {
  const members = [member("ended", "TASK_KILLED"), member("running"), member("launching"), member(undefined)];
  const phases = (byExecutor: boolean) => doomed({ members, size: 4, byExecutor }).map(({ phase }) => phase);
  expect(phases(false)).toEqual(["running", "launching", undefined]);
  expect(phases(true)).toEqual(["launching", undefined]);
  expect(doomed({ members: members.slice(1), size: 3, byExecutor: true })).toEqual([]);
});

test("the tasks of a group are its executor's if that is a program of the framework", () => {
  const group = { id: "g", size: 1 };
  const byExecutor = (type?: "CUSTOM" | "DEFAULT") => {
    const executor = { name: "x", executorId: "x", ...(type && { type }) };
    const metadata = { name: "t", namespace: "a", uid: "u", resourceVersion: "1", creationTimestamp: "" };
    const task = { apiVersion: "", kind: "Task", metadata, spec: specWith({ group, executor }) };
    return [...groupsOf([task], () => undefined).values()].map((one) => one.byExecutor);
  };
  expect([byExecutor("CUSTOM"), byExecutor("DEFAULT"), byExecutor()]).toEqual([[true], [false], [false]]);
});
