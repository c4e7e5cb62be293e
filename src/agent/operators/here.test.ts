import { expect, test } from "vitest";
import type { Executor } from "../../api/executor.ts";
import type { Task } from "../../api/task.ts";
import type { Live } from "../../cluster/object.ts";
import type { TaskRecord } from "../checkpoint/record.ts";
import { containersOf, executorsHere, frameworksHere, tasksHere } from "./here.ts";

interface Given {
  readonly framework?: string;
  readonly state?: string;
  readonly acknowledged?: string;
  readonly value?: string;
  readonly executor?: string;
}

function scene(given: Readonly<Record<string, Given>>) {
  const objects = new Map<string, Live<Task>>();
  const records = Object.entries(given).map(
    ([name, { framework, state, acknowledged, value = "true", executor }]) => {
      const resources = [{ name: "cpus", scalar: 1 }];
      const spec = {
        role: "eng",
        resources,
        command: { shell: true, value },
        framework,
        acknowledged,
        ...(executor && { executor: { name: executor, executorId: `${executor}-id` } }),
      };
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
        phase: "running",
        framework: { id: framework ?? "built-in", partitionAware: true },
      } as unknown as TaskRecord;
    },
  );
  return { records, objects, here: () => tasksHere(records, (key) => objects.get(key)) };
}

const none = () => undefined;
const executor = (name: string, type: string, state: string) =>
  ({
    metadata: { name, namespace: "ns", uid: name },
    spec: {
      executorId: `${name}-id`,
      type,
      framework: "fw",
      role: "eng",
      resources: [{ name: "cpus", scalar: 0.5 }],
    },
    status: { state, container: { id: name, sandbox: `/sandboxes/${name}` } },
  }) as unknown as Live<Executor>;

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
    frameworksHere(executorsHere(here(), [], none)).map(({ owner, name, roles, executors }) => [
      owner.id,
      name,
      roles,
      executors.map(({ id }) => id),
    ]),
  ).toEqual([
    ["fw", "fw", ["eng"], ["a", "c"]],
    ["built-in", "mesos", ["eng"], ["b"]],
  ]);
  const [first] = executorsHere(scene({ a: { value: "sleep 1000; echo done" } }).here(), [], none);
  expect(first).toMatchObject({
    id: "a",
    name: "Command Executor (Task: a) (Command: sh -c 'sleep 1000; ech...')",
    container: "a",
    directory: "/sandboxes/a",
    isRunning: true,
  });
});

test("executors that a framework brought along have their tasks, and hold what those hold", () => {
  const { here } = scene({
    a: { framework: "fw", executor: "custom", state: "TASK_RUNNING" },
    b: { framework: "fw", executor: "custom", state: "TASK_FINISHED" },
    c: { framework: "fw", executor: "group", state: "TASK_RUNNING" },
    d: { framework: "fw" },
  });
  const objects = [
    executor("custom", "CUSTOM", "Running"),
    executor("group", "DEFAULT", "Ended"),
    executor("idle", "CUSTOM", "Pending"),
  ];
  const own = { uid: "custom", sandbox: "/sandboxes/own", phase: "running" } as TaskRecord;
  const executors = executorsHere(here(), objects, (uid) => (uid === "custom" ? own : undefined));
  expect(
    executors.map(({ id, container, directory, isRunning, tasks, held }) => [
      ...[id, container, directory, isRunning, held.quantities().get("cpus")],
      tasks.map(({ record }) => record.name),
    ]),
  ).toEqual([
    ["d", "d", "/sandboxes/d", true, 1000, ["d"]],
    ["custom-id", "custom", "/sandboxes/own", true, 1500, ["a", "b"]],
    ["group-id", "group", "/sandboxes/group", false, 1500, ["c"]],
  ]);
  const running = executors.map((one) => containersOf(one).map(({ record }) => record.uid));
  // One's tasks run in its container; the other's have each their own.
  expect(running).toEqual([["d"], ["custom"], ["c"]]);
});
