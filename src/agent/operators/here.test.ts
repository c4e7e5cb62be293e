import { expect, test } from "vitest";
import type { Task } from "../../api/task.ts";
import type { Live } from "../../cluster/object.ts";
import type { TaskRecord } from "../checkpoint/record.ts";
import { executorOf, frameworksHere, tasksHere } from "./here.ts";

interface Given {
  readonly framework?: string;
  readonly state?: string;
  readonly acknowledged?: string;
  readonly value?: string;
}

function scene(given: Readonly<Record<string, Given>>) {
  const objects = new Map<string, Live<Task>>();
  const records = Object.entries(given).map(([name, { framework, state, acknowledged, value = "true" }]) => {
    const resources = [{ name: "cpus", scalar: 1 }];
    const spec = { role: "eng", resources, command: { shell: true, value }, framework, acknowledged };
    const updates = [{ uuid: "last", state }];
    objects.set(`ns/${name}`, {
      metadata: { name, namespace: "ns", uid: name },
      spec,
      status: { state, updates },
    } as unknown as Live<Task>);
    return {
      uid: name,
      namespace: "ns",
      name,
      spec,
      sandbox: `/sandboxes/${name}`,
      framework: { id: framework ?? "built-in", partitionAware: true },
    } as unknown as TaskRecord;
  });
  return { records, objects, here: () => tasksHere(records, (key) => objects.get(key)) };
}

test("a task is launched until it has ended, and completed once that is acknowledged", () => {
  const { here } = scene({
    fresh: {},
    running: { framework: "fw", state: "TASK_RUNNING" },
    told: { framework: "fw", state: "TASK_FINISHED" },
    known: { framework: "fw", state: "TASK_FAILED", acknowledged: "last" },
    own: { state: "TASK_FINISHED" },
  });
  expect(here().map(({ record, stage }) => [record.name, stage])).toEqual([
    ["fresh", "launched"],
    ["running", "launched"],
    ["told", "terminated"],
    ["known", "completed"],
    ["own", "completed"],
  ]);
});

test("a record whose object is gone, or another of its name, is not told", () => {
  const { objects, here } = scene({ a: {}, b: {} });
  objects.delete("ns/a");
  const other = objects.get("ns/b");
  if (other) objects.set("ns/b", { ...other, metadata: { ...other.metadata, uid: "another" } });
  expect(here()).toEqual([]);
});

test("tasks are told by framework, each with an executor of its own id", () => {
  const { here } = scene({ a: { framework: "fw" }, b: {}, c: { framework: "fw" } });
  expect(
    frameworksHere(here().map(executorOf)).map(({ owner, name, roles, executors }) => [
      owner.id,
      name,
      roles,
      executors.map(({ id }) => id),
    ]),
  ).toEqual([
    ["fw", "fw", ["eng"], ["a", "c"]],
    ["built-in", "mesos", ["eng"], ["b"]],
  ]);
  const [first] = scene({ a: { value: "sleep 1000; echo done" } }).here();
  expect(first && executorOf(first)).toMatchObject({
    id: "a",
    name: "Command Executor (Task: a) (Command: sh -c 'sleep 1000; ech...')",
    record: { uid: "a", sandbox: "/sandboxes/a" },
    isRunning: true,
  });
});
