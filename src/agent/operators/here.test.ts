import { expect, test } from "vitest";
import type { Task } from "../../api/task.ts";
import type { Live } from "../../cluster/object.ts";
import type { TaskRecord } from "../checkpoint/record.ts";
import { executorsHere, frameworksHere, tasksHere } from "./here.ts";

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
  const here = () => tasksHere(records, (key) => objects.get(key));
  return { records, objects, here, executors: () => executorsHere(here(), records) };
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
  const { executors: all } = scene({ a: { framework: "fw" }, b: {}, c: { framework: "fw" } });
  expect(
    frameworksHere(all()).map(({ owner, name, roles, executors }) => [
      owner.id,
      name,
      roles,
      executors.map(({ id }) => id),
    ]),
  ).toEqual([
    ["fw", "fw", ["eng"], ["a", "c"]],
    ["built-in", "mesos", ["eng"], ["b"]],
  ]);
  const [first] = scene({ a: { value: "sleep 1000; echo done" } }).executors();
  expect(first).toMatchObject({
    id: "a",
    name: "Command Executor (Task: a) (Command: sh -c 'sleep 1000; ech...')",
    record: { uid: "a", sandbox: "/sandboxes/a" },
    isRunning: true,
  });
});

test("a program of a framework is one executor, whatever it runs", () => {
  const { records, objects } = scene({
    a: { framework: "fw", state: "TASK_RUNNING" },
    b: { framework: "fw", state: "TASK_FINISHED" },
  });
  const runBy = records.map((record) => ({
    ...record,
    spec: { ...record.spec, executor: { name: "x", executorId: "worker" } },
  }));
  const program = (name: string): TaskRecord =>
    ({
      uid: `uid-${name}`,
      namespace: "ns",
      name,
      phase: "running",
      spec: { taskId: "worker", role: "eng", framework: "fw", resources: [{ name: "cpus", scalar: 0.5 }] },
      framework: { id: "fw", partitionAware: true },
      executor: { spec: { executorId: "worker" } },
    }) as unknown as TaskRecord;
  const all = [...runBy, program("x"), program("idle")];
  const executors = executorsHere(
    tasksHere(all, (key) => objects.get(key)),
    all,
  );
  expect(
    executors.map(({ id, record, tasks, isRunning }) => [id, record.uid, tasks.length, isRunning]),
  ).toEqual([
    ["worker", "uid-x", 2, true],
    ["worker", "uid-idle", 0, true],
  ]);
  expect(executors.map(({ held }) => held.scalarQuantities().get("cpus"))).toEqual([1500, 500]);
});
