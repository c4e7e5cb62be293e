import { afterAll, beforeAll, expect, test } from "vitest";
import { hasEnded } from "../../src/api/taskstate.ts";
import { createLogger } from "../../src/cluster/logger.ts";
import { Reflector } from "../../src/cluster/reflector.ts";
import { killAgent } from "./agents.ts";
import { until } from "./cluster.ts";
import { Ledger, unmade } from "./ledger.ts";
import { Load, STARTS, work } from "./load.ts";
import { killPod, leader, leadingPod } from "./operators.ts";
import { on, Scene } from "./scene.ts";

/** Tasks going at a time: two fifths each of two frameworks, the rest without one. */
const GOAL = Number(process.env.MESOS_E2E_TASKS ?? "200");
const OF_FRAMEWORK = Math.floor(GOAL * 0.4);
const ALONE = GOAL - 2 * OF_FRAMEWORK;
/** Longer than this no task is on its way from one state to the next. */
const STUCK = 60_000;
const PATIENCE = { timeout: 240_000, every: 1000 };

let scene: Scene;
let second: Scene;
let ledger: Ledger;
let loads: Load[];
let others = 0;
let probes = 0;
const began = Date.now();
const say = (text: string) => console.log(`[${((Date.now() - began) / 1000).toFixed(0)} s] ${text}`);

beforeAll(async () => {
  scene = await Scene.open("faults-a");
  second = await Scene.within(scene.cluster, "faults-b");
  await Promise.all(
    scene.cluster.nodes.map((node) => scene.cluster.onNode(node, `rm -rf ${STARTS}; mkdir -m 777 ${STARTS}`)),
  );
  ledger = new Ledger(scene.cluster, [scene.namespace, second.namespace]);
  loads = [new Load(scene, "one", OF_FRAMEWORK), new Load(second, "two", OF_FRAMEWORK)];
  await Promise.all(loads.map((load) => load.start()));
  await steady("at the start");
});
afterAll(async () => {
  await Promise.all((loads ?? []).map((load) => load.stop()));
  await scene.mesos("reactivate", scene.node2).catch(() => {});
  await second.remove();
  await scene.close();
});

/** Tasks without a framework that ended are made up for: nobody else does. */
async function topUp(): Promise<void> {
  const { items } = await scene.cluster.kinds.tasks.list({ namespace: scene.namespace });
  const going = items.filter(({ spec, status }) => spec.framework === undefined && !hasEnded(status)).length;
  const missing = Array.from({ length: ALONE - going }, () => others++);
  for (const index of missing) {
    const name = `alone-${index}`;
    await scene.create(name, { ...work(scene.namespace, name, index), role: "load-alone" });
  }
}

/** All that should go goes, none is stuck, and the books agree. Prints the counts. */
async function steady(what: string): Promise<void> {
  await topUp();
  let seen = "";
  await until(
    `${GOAL} tasks go and none is stuck`,
    async () => {
      const tasks = await ledger.tasks();
      const lost = loads.flatMap((load) => unmade(load, tasks));
      const live = tasks.filter(({ status }) => !hasEnded(status));
      const running = live.filter(({ status }) => status?.state === "TASK_RUNNING");
      const stuck = live.filter(({ metadata, status }) => {
        if (status?.state === "TASK_RUNNING") return false;
        const since = status?.updates?.at(-1)?.timestamp ?? metadata.creationTimestamp;
        return Date.parse(since) < Date.now() - STUCK;
      });
      const names = stuck
        .slice(0, 5)
        .map(({ metadata, status }) => `${metadata.name}: ${JSON.stringify(status)}`);
      seen = `${running.length} run, ${live.length - running.length} on their way, ${lost.length} accepted and not made, ${stuck.length} stuck: ${names.join("; ")}`;
      // Short ones end all the time.
      const enough = running.length >= GOAL * 0.9 && live.length >= GOAL * 0.95;
      return enough && stuck.length === 0 && lost.length === 0;
    },
    PATIENCE,
  ).catch((cause: unknown) => {
    throw new Error(`${what}: ${seen}`, { cause });
  });
  await newWork();
  const wrong = await ledger.wrong(loads);
  say(`${what}: ${await ledger.summary()}`);
  expect(wrong).toEqual([]);
}

/** Every agent starts what comes now. */
async function newWork(): Promise<void> {
  const names = scene.cluster.nodes.map((node) => [`probe-${probes++}`, node] as const);
  for (const [name, node] of names) {
    const { resources, volumes } = work(scene.namespace, name, 0);
    const command = { value: `echo started >> /starts/${scene.namespace}.${name}` };
    await scene.create(name, { resources, volumes, command, ...on(node), role: "load-alone" });
  }
  const ended = await Promise.all(names.map(([name]) => scene.ends(name, PATIENCE.timeout)));
  expect(ended.map(({ status }) => `${status?.state} ${status?.message}`)).toEqual(
    names.map(() => expect.stringContaining("TASK_FINISHED")),
  );
}

const endsOn = async (node: string) =>
  (await ledger.tasks()).filter(({ spec, status }) => spec.agent === node && hasEnded(status)).length;

test("kill -9 the leading operator: the standby offers again within 5 s of its Lease, 25 s of the kill", async () => {
  const pod = await leadingPod(scene.cluster);
  const before = await leader(scene.cluster);
  const stop = new AbortController();
  const offers = new Reflector(scene.cluster.kinds.offers, {
    logger: createLogger({ name: "e2e", level: "silent" }),
  });
  const added: number[] = [];
  void offers.run(stop.signal);
  await offers.synced;
  offers.onChange(({ type }) => type === "added" && added.push(Date.now()));
  const killed = await killPod(scene.cluster, pod);
  const { acquired } = await until("another one leads", async () => {
    const now = await leader(scene.cluster);
    return now.identity !== before.identity && now;
  });
  const offered = await until("something is offered", async () => added.find((at) => at >= acquired));
  stop.abort();
  say(`Lease acquired ${acquired - killed} ms after the kill, offers ${offered - acquired} ms after that`);
  expect(offered - acquired).toBeLessThan(5_000);
  expect(offered - killed).toBeLessThan(25_000);
  await steady("after the operator's end");
});

test("kill -9 each agent", async () => {
  const killed = await Promise.all(scene.cluster.nodes.map((node) => killAgent(scene.cluster, node)));
  await Promise.all(killed.map(({ ended }) => ended));
  await steady("after the agents' end");
});

test("kill -9 a containerd", async () => {
  const { machines } = scene.cluster;
  await machines.kill(scene.node1, "containerd");
  await machines.start(scene.node1, "containerd");
  await steady("after containerd's end");
});

test("restart the apiserver", async () => {
  const { machines } = scene.cluster;
  await machines.kill("apiserver");
  await machines.start("apiserver");
  await until(
    "it answers",
    async () => (await scene.cluster.kubectl("get", "--raw", "/readyz")) === "ok",
    PATIENCE,
  );
  await steady("after the apiserver's end");
});

test("stop a kubelet: the node is NotReady and offered to nobody, its tasks go on, then it is offered again", async () => {
  const { machines, kinds } = scene.cluster;
  const ready = async () => {
    const { status } = await kinds.nodes.get({ name: scene.node3 });
    return status?.conditions?.find(({ type }) => type === "Ready")?.status === "True";
  };
  const offers = async () => (await kinds.offers.list({ fieldSelector: `spec.agent=${scene.node3}` })).items;
  const outstanding = async () =>
    (await offers()).filter(({ status }) => (status?.state ?? "Outstanding") === "Outstanding");
  const before = await ledger.tasks();
  const long = before.filter(
    ({ spec, status }) =>
      spec.agent === scene.node3 && status?.state === "TASK_RUNNING" && spec.command?.value?.endsWith("3600"),
  );
  await machines.kill(scene.node3, "kubelet");
  await until("the node is NotReady", async () => !(await ready()), PATIENCE);
  await until("nothing of it is offered", async () => (await outstanding()).length === 0);
  const states = new Map((await ledger.tasks()).map(({ metadata, status }) => [metadata.uid, status?.state]));
  for (const { metadata } of long) expect(states.get(metadata.uid)).toBe("TASK_RUNNING");
  await machines.start(scene.node3, "kubelet");
  await until("the node is Ready", ready, PATIENCE);
  const back = Date.now();
  const isNew = ({ metadata }: { metadata: { creationTimestamp: string } }) =>
    Date.parse(metadata.creationTimestamp) >= back - 1000;
  await until("it is offered again", async () => (await offers()).some(isNew), PATIENCE);
  await steady("after the kubelet's absence");
});

test("delete a Framework: each of its tasks is killed and says so", async () => {
  const [gone] = loads.splice(1, 1);
  await second.kubectl("delete", "frameworks.mesos.dev", "two", "--timeout=180s");
  const left = (await ledger.tasks()).filter(({ spec }) => spec.framework === "two");
  expect(left.length).toBeGreaterThan(OF_FRAMEWORK - 1);
  for (const { metadata, status } of left)
    expect([metadata.name, hasEnded(status)]).toEqual([metadata.name, true]);
  const killed = left.filter(({ status }) => status?.state === "TASK_KILLED").length;
  say(`${killed} tasks of the Framework were killed`);
  expect(killed).toBeGreaterThan(OF_FRAMEWORK / 2);
  await gone?.stop();
  const next = new Load(second, "three", OF_FRAMEWORK);
  loads.push(next);
  await next.start();
  await steady("after the Framework's end");
});

test("drain a node: its tasks are killed and say so, others take their place elsewhere, then it comes back", async () => {
  const before = await endsOn(scene.node2);
  await scene.mesos("drain", scene.node2, "--grace", "2s", "--wait", "--timeout", "180");
  const tasks = (await ledger.tasks()).filter(({ spec }) => spec.agent === scene.node2);
  expect(tasks.filter(({ status }) => !hasEnded(status))).toEqual([]);
  const drained = tasks.filter(({ status }) => status?.reason === "REASON_AGENT_DRAINING");
  say(`${drained.length} tasks were drained`);
  expect(drained.length).toBeGreaterThan(0);
  expect(await endsOn(scene.node2)).toBeGreaterThanOrEqual(before + drained.length);
  await scene.mesos("reactivate", scene.node2);
  await steady("after the drain");
  for (const load of loads) if (load.errors.length > 0) say(`${load.name} met: ${load.errors.join("; ")}`);
});
