import { describe, expect, it } from "vitest";
import { typeMeta } from "../../api/kind.ts";
import { Task, type Task as TaskObject } from "../../api/task.ts";
import type { TaskState } from "../../api/taskstate.ts";
import type { Live } from "../../cluster/object.ts";
import { executor } from "../objects.fixture.ts";
import { demandsOf, heldSize } from "./demand.ts";

interface Given {
  readonly name: string;
  readonly created?: string;
  readonly state?: TaskState;
  readonly group?: string;
  readonly index?: number;
  readonly resources?: TaskObject["spec"]["resources"];
}

function task({
  name,
  created = "2026-01-01T00:00:00Z",
  state,
  group,
  index,
  resources,
}: Given): Live<TaskObject> {
  const spec = {
    role: "*",
    framework: "f",
    agent: "n1",
    resources: resources ?? [
      { name: "cpus", scalar: 0.5 },
      { name: "mem", scalar: 64 },
    ],
    ...(group !== undefined && { group: { id: group, size: 2 } }),
    ...(index !== undefined && { offer: { name: "o", uid: "o", operation: 0, index } }),
  };
  return {
    ...typeMeta(Task),
    metadata: { name, namespace: "ns", uid: name, resourceVersion: "1", creationTimestamp: created },
    spec,
    ...(state && { status: { state } }),
  };
}

const names = (list: readonly Live<TaskObject>[]) =>
  demandsOf(list, []).map(({ tasks }) => tasks.map(({ metadata }) => metadata.name).join("+"));

describe("heldSize", () => {
  it.each<[string, TaskObject["spec"]["resources"], number, number]>([
    [
      "scalars",
      [
        { name: "cpus", scalar: 0.5 },
        { name: "mem", scalar: 64 },
      ],
      500,
      64 * 2 ** 20,
    ],
    [
      "quantities",
      [
        { name: "cpus", quantity: "1500m" },
        { name: "mem", quantity: "1Gi" },
      ],
      1500,
      2 ** 30,
    ],
    ["parts of a MiB are rounded up to bytes", [{ name: "mem", scalar: 0.001 }], 0, 1049],
    [
      "reserved and unreserved add up, others do not count",
      [
        { name: "cpus", scalar: 1 },
        { name: "cpus", scalar: 1, reservations: [{ type: "DYNAMIC", role: "ads" }] },
        { name: "disk", scalar: 512 },
        { name: "ports", ranges: [{ begin: 20000, end: 20001 }] },
      ],
      2000,
      0,
    ],
  ])("%s", (_name, resources, cpuMilli, memoryBytes) => {
    expect(heldSize(task({ name: "t", resources }))).toEqual({ cpuMilli, memoryBytes });
  });
});

describe("demandsOf", () => {
  it("has the oldest first; of one second, in the order of the offer, then of the names", () => {
    const list = [
      task({ name: "new", created: "2026-01-01T00:00:09Z" }),
      task({ name: "b" }),
      task({ name: "a" }),
      task({ name: "z", index: 10 }),
      task({ name: "y", index: 9 }),
    ];
    expect(names(list)).toEqual(["a", "b", "y", "z", "new"]);
  });

  it("takes the tasks of a group as one, until they begin", () => {
    const group = [task({ name: "a", group: "g" }), task({ name: "b", group: "g" })];
    const [demand, ...others] = demandsOf(group, []);
    expect(others).toEqual([]);
    expect(demand?.size).toEqual({ cpuMilli: 1000, memoryBytes: 128 * 2 ** 20 });
    expect(
      names([task({ name: "a", group: "g", state: "TASK_RUNNING" }), task({ name: "b", group: "g" })]),
    ).toEqual(["a", "b"]);
  });

  it("takes an executor and the tasks that wait for it as one, until it begins", () => {
    const [spec, created] = [{ executor: { name: "x", executorId: "x" } }, "2026-01-01T00:00:05Z"];
    const of = (name: string) => {
      const made = task({ name, created });
      return { ...made, spec: { ...made.spec, ...spec } };
    };
    const tasks = [of("a"), of("b"), task({ name: "other" })];
    const together = (state?: "Starting") => {
      const x = executor("x", {}, state && { state }, { creationTimestamp: created });
      return demandsOf(tasks, [x]).map((demand) => [
        [...demand.executors, ...demand.tasks].map(({ metadata }) => metadata.name).join("+"),
        demand.begun,
        demand.size.cpuMilli,
      ]);
    };
    expect(together()).toEqual([
      ["other", false, 500],
      ["x+a+b", false, 1500],
    ]);
    expect(together("Starting")).toEqual([
      ["other", false, 500],
      ["a", false, 500],
      ["b", false, 500],
      ["x", true, 500],
    ]);
  });

  it("tells what has begun", () => {
    const begun = (state?: TaskState) =>
      demandsOf([task({ name: "a", ...(state && { state }) })], [])[0]?.begun;
    expect([begun(), begun("TASK_STAGING"), begun("TASK_STARTING")]).toEqual([false, false, true]);
  });
});
