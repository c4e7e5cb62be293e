import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "./cluster.ts";
import { gatewayAddress, letIn, serveGateway, shutOut } from "./gateway.ts";
import { LibraryFramework } from "./library.ts";
import { killPod, leader, leadingPod } from "./operators.ts";
import { Scene } from "./scene.ts";
import { history } from "./tasks.ts";

const TASKS = 100;
/** More than the nodes hold at a time: some are launched after the leader's end. */
const EACH = { cpus: 0.1, mem: 32 };

let scene: Scene;
let logs: string;
let framework: LibraryFramework | undefined;
const password = randomBytes(12).toString("hex");

beforeAll(async () => {
  scene = await Scene.open("library");
  logs = await mkdtemp(join(tmpdir(), "mesos-framework-"));
  await serveGateway(scene, true);
  await letIn(scene, password);
});
afterAll(async () => {
  framework?.stop();
  await shutOut(scene);
  await serveGateway(scene, false);
  await scene.close();
  await rm(logs, { recursive: true, force: true });
});

const tasksOf = async () =>
  (await scene.cluster.kinds.tasks.list({ namespace: scene.namespace })).items.filter(
    ({ spec }) => spec.framework !== undefined,
  );

test("a scheduler written for Mesos subscribes through the Service, and launches", async () => {
  const credentials = { username: scene.namespace, password };
  const options = { name: "library", instances: TASKS, command: "echo started; sleep 3", resources: EACH };
  framework = await LibraryFramework.subscribe(await gatewayAddress(scene), {
    ...options,
    credentials,
    logs,
  });
  const { subscriptions, finished, troubles } = framework;
  await until("it is subscribed", async () => subscriptions.length > 0);
  const { items } = await scene.cluster.kinds.frameworks.list({ namespace: scene.namespace });
  expect(items.map(({ spec }) => spec.principal)).toEqual([scene.namespace]);
  expect(items[0]?.spec.connection?.type).toBe("Gateway");
  await until("some tasks have finished", async () => finished.size >= 10, { timeout: 240_000 });
  // Until here nothing went wrong.
  expect(troubles).toEqual([]);
});

test("the leader is killed: it subscribes again as who it was, and every task runs once and to its end", async () => {
  if (framework === undefined) throw new Error("there is no framework");
  const { id, subscriptions, finished, troubles } = framework;
  const pod = await leadingPod(scene.cluster);
  const before = await leader(scene.cluster);
  const left = framework.open;
  const known = subscriptions.length;
  const killed = await killPod(scene.cluster, pod);
  expect(left).toBeGreaterThan(0);
  await until("another leads", async () => {
    const now = await leader(scene.cluster);
    return now.identity !== before.identity || now.acquired > before.acquired;
  });
  await until("it is subscribed again", async () => subscriptions.length > known, { timeout: 90_000 });
  console.log(`leader killed with ${left} tasks open; subscribed again after ${Date.now() - killed} ms`);
  expect(new Set(subscriptions)).toEqual(new Set([id]));

  const all = async () => finished.size >= TASKS && framework?.open === 0;
  await until(`${TASKS} tasks have finished`, all, { timeout: 270_000 }).catch((cause: unknown) => {
    const last = troubles.slice(-20).join("\n");
    throw new Error(`${finished.size} finished, ${framework?.open} open\n${last}`, { cause });
  });
  const tasks = await tasksOf();
  expect(tasks.map(({ spec }) => spec.taskId).sort()).toEqual([...finished].sort());
  // The package counts its instances: NAME.batch-INSTANCE.UUID.
  const instances = tasks.map(({ spec }) => /^library\.batch-(\d+)\./.exec(spec.taskId ?? "")?.[1]);
  expect(new Set(instances).size).toBe(TASKS);
  expect(tasks).toHaveLength(TASKS);
  for (const task of tasks) {
    // What it has acknowledged before is trimmed.
    expect(history(task).at(-1)).toBe("TASK_FINISHED");
  }
}, 600_000);

test("each process ran once", async () => {
  const tasks = await tasksOf();
  const nodes = Map.groupBy(tasks, ({ spec }) => spec.agent ?? "");
  for (const [node, here] of nodes) {
    const files = here.map(({ status }) => `'${status?.container?.sandbox}/stdout'`);
    const lines = (await scene.cluster.onNode(node, `cat ${files.join(" ")}`)).trim().split("\n");
    expect(lines).toEqual(here.map(() => "started"));
  }
});

test("it tears down: its Framework goes", async () => {
  framework?.stop();
  framework = undefined;
  await until("the Framework is gone", async () => {
    const { items } = await scene.cluster.kinds.frameworks.list({ namespace: scene.namespace });
    return items.length === 0;
  });
});
