import { afterAll, beforeAll, expect, test } from "vitest";
import type { Task } from "../../src/api/task.ts";
import { hasEnded } from "../../src/api/taskstate.ts";
import type { Live } from "../../src/cluster/object.ts";
import { until } from "./cluster.ts";
import { leadingPod } from "./operators.ts";
import { resources, Scene, sh } from "./scene.ts";

const EACH = 0.25;
const ON = { enabled: true, patience: "3s", grace: "5s", settle: "5s" };
const OFF = { enabled: false, patience: "30s", grace: "30s", settle: "30s" };

let scene: Scene;
/** Of this run: roles belong to the whole cluster. */
let rich: string;
let poor: string;
beforeAll(async () => {
  scene = await Scene.open("reclaim");
  [rich, poor] = [`${scene.namespace}/rich`, `${scene.namespace}/poor`];
  // More than is asked for in the end: the upgrade moves the operators, which may come to need some of what it leaves.
  await scene.start({ "rich-first": asks(rich, 2 * EACH, -1) });
  await scene.running("rich-first");
  // Shares are of the whole cluster, so all of it is filled to the last bit, with small ones in the end.
  for (const each of [EACH, 0.05, 0.01]) await fill(each);
});
afterAll(async () => {
  await upgrade(OFF);
  await scene.close();
});

const asks = (role: string, cpus: number, priority = 0) => ({
  ...sh("sleep 1500"),
  ...resources(cpus, 32),
  role,
  priority,
});

/** Starts tasks of the size until some of them have to wait; those end. */
async function fill(each: number): Promise<void> {
  const prefix = `rich-${each * 100}`;
  let count = 0;
  await until(
    `the cluster has no room for ${each} cpus`,
    async () => {
      const tasks = await of(prefix);
      const waiting = tasks.filter(({ spec }) => spec.agent === undefined);
      if (tasks.some((task) => task.spec.agent !== undefined && !isRunning(task))) return false;
      if (waiting.some(isUnplaced)) {
        await Promise.all(waiting.map(({ metadata }) => scene.cluster.kinds.tasks.delete(metadata)));
        return true;
      }
      if (waiting.length > 0) return false;
      const more = Array.from({ length: 4 }, () => [`${prefix}-${count++}`, asks(rich, each)] as const);
      await scene.start(Object.fromEntries(more));
      return false;
    },
    { timeout: 180_000, every: 500 },
  );
}

const isUnplaced = ({ status }: Task) =>
  (status?.conditions ?? []).some(
    ({ type, reason }) => type === "Placed" && reason === "InsufficientResources",
  );
const of = async (prefix: string): Promise<Live<Task>[]> => {
  const { items } = await scene.cluster.kinds.tasks.list({ namespace: scene.namespace });
  return items.filter(({ metadata }) => metadata.name.startsWith(`${prefix}-`));
};
const isRunning = ({ status }: Task) => status?.state === "TASK_RUNNING";
const isTaken = ({ spec }: Task) => spec.kill?.reason === "REASON_CONTAINER_PREEMPTED";
const taken = async () => (await of("rich")).filter(isTaken).map(({ metadata }) => metadata.name);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Changed values, and the operators that have read them. */
async function upgrade(values: typeof ON): Promise<void> {
  const { release, operatorNamespace } = scene.cluster.test;
  const flags = ["--namespace", operatorNamespace, "--reuse-values", "--wait", "--timeout", "3m"];
  const set = Object.entries(values).flatMap(([name, value]) => [
    "--set",
    `operator.config.allocation.reclaim.${name}=${value}`,
  ]);
  await scene.cluster.helm("upgrade", release, "charts/mesos-operator", ...flags, ...set);
  await leadingPod(scene.cluster);
}

test("nobody is killed for a role that waits, by default", async () => {
  await scene.create("poor-0", asks(poor, EACH));
  await scene.becomes("poor-0", "is told why it waits", ({ status }) =>
    (status?.conditions ?? []).some(({ type, status: holds }) => type === "Placed" && holds === "False"),
  );
  await pause(5_000);
  expect(await taken()).toEqual([]);
});

test("once it is turned on, the task of the lowest priority is told, then killed, and the role that waited runs", async () => {
  await upgrade(ON);
  const told = await scene.becomes("rich-first", "is told", ({ status }) =>
    (status?.conditions ?? []).some(({ type, status: holds }) => type === "Reclaiming" && holds === "True"),
  );
  const condition = told.status?.conditions?.find(({ type }) => type === "Reclaiming");
  expect(condition).toMatchObject({ reason: "BelowFairShare", message: expect.stringContaining(poor) });
  const { status } = await scene.ends("rich-first");
  expect(status).toMatchObject({ state: "TASK_KILLED", reason: "REASON_CONTAINER_PREEMPTED" });
  expect(status?.message).toContain(poor);
  await scene.running("poor-0");
  await until("there is an Event of the task", async () => {
    const selector = "involvedObject.kind=Task,involvedObject.name=rich-first,reason=Reclaimed";
    return (await scene.kubectl("get", "events", "--field-selector", selector)).includes("Reclaimed");
  });
});

test("no more is taken than was needed, and nothing is taken to and fro", async () => {
  await pause(20_000);
  expect(await taken()).toEqual(["rich-first"]);
  const [one] = await of("poor");
  expect(one && isRunning(one) && !hasEnded(one.status)).toBe(true);
});
