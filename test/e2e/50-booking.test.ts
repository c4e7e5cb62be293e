import { type AddressInfo, createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SLOT_BASE, slotPodName } from "../../src/api/group.ts";
import type { Offer } from "../../src/api/offer.ts";
import type { Task } from "../../src/api/task.ts";
import { hasEnded, isTerminal } from "../../src/api/taskstate.ts";
import type { Pod } from "../../src/cluster/core.ts";
import { createLogger } from "../../src/cluster/logger.ts";
import type { Live } from "../../src/cluster/object.ts";
import { Reflector } from "../../src/cluster/reflector.ts";
import { milliOf, type Sums, sumOf } from "./booking.ts";
import { ByHand, cpusOf, launch, offered, shell } from "./byhand.ts";
import { until } from "./cluster.ts";
import { on, resources, Scene, sh } from "./scene.ts";

/** The node on which it all happens, and how many millicores it has. */
let node: string;
let allocatable: number;
let scene: Scene;
const stop = new AbortController();
/** What Pods of the node requested in sum, at each change that was seen. */
const sums: Sums[] = [];

beforeAll(async () => {
  scene = await Scene.open("booking");
  node = scene.node3;
  const { status } = await scene.cluster.kinds.nodes.get({ name: node });
  allocatable = milliOf(status?.allocatable?.cpu);
  const logger = createLogger({ name: "e2e", level: "silent" });
  const pods = new Reflector(scene.cluster.kinds.pods, { fieldSelector: `spec.nodeName=${node}`, logger });
  pods.onChange(() => sums.push(sumOf([...pods.store.values()])));
  void pods.run(stop.signal);
  await pods.synced;
});
afterAll(async () => {
  stop.abort();
  await scene.cluster.kubectl("uncordon", node).catch(() => {});
  await scene.cluster.kubectl("delete", "priorityclass", "e2e-important", "--ignore-not-found");
  await scene.close();
});

const slot = () =>
  scene.cluster.kinds.pods.get({ name: slotPodName(node), namespace: scene.cluster.test.operatorNamespace });

const slotHas = (cpuMilli: number) =>
  until(`the slot Pod asks for ${cpuMilli}m`, async () => {
    const { spec } = await slot();
    return milliOf(spec?.containers[0]?.resources?.requests?.cpu) === cpuMilli;
  });

function pod(name: string, cpu: string, more: object = {}) {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: scene.namespace, labels: { app: "filler" } },
    spec: {
      nodeSelector: { "kubernetes.io/hostname": node },
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: "main",
          image: taskImage,
          command: ["sleep", "600"],
          resources: { requests: { cpu, memory: "16Mi" } },
        },
      ],
      ...more,
    },
  };
}
let taskImage: string;
beforeAll(async () => {
  const { repository, tag } = (await scene.cluster.chartValues()).taskImage;
  taskImage = `${repository}:${tag}`;
});

const fillerPods = async () => {
  const { items } = await scene.cluster.kinds.pods.list({
    namespace: scene.namespace,
    labelSelector: "app=filler",
  });
  return items;
};
const tasksBy = async (prefix: string) => {
  const { items } = await scene.cluster.kinds.tasks.list({ namespace: scene.namespace });
  return items.filter(({ metadata }) => metadata.name.startsWith(prefix));
};

const EACH = 12;
interface Filled {
  readonly pods: number;
  readonly tasks: number;
  readonly dropped: readonly Live<Task>[];
}

/** As many Pods as tasks, and more than fit; once what can run runs, and the rest is told to wait. */
async function fill(): Promise<Filled> {
  // Room that the slot has kept would give the tasks a start.
  await slotHas(SLOT_BASE.cpuMilli);
  const prefix = "task-";
  const tasks = Array.from({ length: EACH }, (_, i) => `${prefix}${i}`);
  const fillers = Array.from({ length: EACH }, (_, i) => pod(`filler-${i}`, "130m"));
  await Promise.all([
    ...fillers.map((one) => scene.cluster.kinds.pods.create(one)),
    ...tasks.map((name) => scene.create(name, { ...sh("sleep 600"), ...resources(0.13, 32), ...on(node) })),
  ]);
  const look = async () => {
    const [pods, ours] = await Promise.all([fillerPods(), tasksBy(prefix)]);
    const podsRun = pods.filter(({ status }) => status?.phase === "Running");
    const starting = pods.filter(({ spec, status }) => spec?.nodeName && status?.phase === "Pending");
    const running = ours.filter(({ status }) => status?.state === "TASK_RUNNING");
    const dropped = ours.filter(({ status }) => status?.state === "TASK_DROPPED");
    const waiting = ours.filter(({ spec, status }) => spec.agent === undefined && isToldToWait(status));
    const undecided = pods.filter(({ spec, status }) => !spec?.nodeName && !isUnschedulable(status));
    const settled =
      starting.length + undecided.length === 0 && running.length + dropped.length + waiting.length === EACH;
    const full = (sums.at(-1)?.requested ?? 0) > allocatable - 130 - 110;
    return settled && full && { pods: podsRun.length, tasks: running.length, dropped };
  };
  const filled = await until("the node is full", look, { timeout: 120_000 });
  const { pods, tasks: run, dropped } = filled;
  console.log(`of ${EACH} pods ${pods} run, of ${EACH} tasks ${run}; ${dropped.length} were dropped`);
  return filled;
}

/**
 * Has each resize of a Pod take five seconds at the API server: a webhook that nobody answers, and that may fail. Gives what ends it.
 */
async function slowResizes(): Promise<() => Promise<void>> {
  const deaf = createServer(() => {});
  await new Promise<void>((resolve) => deaf.listen(0, "127.0.0.1", resolve));
  const { port } = deaf.address() as AddressInfo;
  const name = "e2e-slow-resizes";
  await scene.cluster.apply({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name },
    webhooks: [
      {
        name: "slow-resizes.e2e.mesos.dev",
        clientConfig: { url: `https://127.0.0.1:${port}/` },
        rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["UPDATE"], resources: ["pods/resize"] }],
        admissionReviewVersions: ["v1"],
        sideEffects: "None",
        timeoutSeconds: 5,
        failurePolicy: "Ignore",
      },
    ],
  });
  // The API server takes it in with a little delay.
  await delay(2000);
  return async () => {
    await scene.cluster.kubectl("delete", "validatingwebhookconfiguration", name, "--ignore-not-found");
    deaf.close();
  };
}

const isUnschedulable = (status: Pod["status"]) =>
  status?.conditions?.some(({ type, status }) => type === "PodScheduled" && status === "False") ?? false;

const isToldToWait = (status: Task["status"]) =>
  status?.conditions?.some(({ type, status }) => type === "Placed" && status === "False") ?? false;

async function clear(): Promise<void> {
  await scene.kubectl("delete", "pods", "-l", "app=filler", "--force", "--grace-period=0");
  const live = (await tasksBy("task-")).filter(({ status }) => !hasEnded(status));
  await Promise.all(live.map(({ metadata }) => scene.kill(metadata.name, "0s")));
  await Promise.all(live.map(({ metadata }) => scene.ends(metadata.name)));
}

describe("a node that is filled from both sides at once", () => {
  test("never has more requested than it has: kube-scheduler and Mesos share it", async () => {
    const filled = await fill();
    expect(filled.pods).toBeGreaterThan(0);
    expect(filled.tasks).toBeGreaterThan(0);
    const most = Math.max(...sums.map(({ granted }) => granted));
    console.log(`${sums.length} looks: at most ${most}m of ${allocatable}m cpus granted`);
    expect(sums.length).toBeGreaterThan(10);
    expect(most).toBeLessThanOrEqual(allocatable);
  });

  test("has exactly what its tasks hold in the slot Pod's requests", async () => {
    const held = async () => {
      const { items } = await scene.cluster.kinds.tasks.list({ fieldSelector: `spec.agent=${node}` });
      return items
        .filter(({ status }) => !hasEnded(status))
        .flatMap(({ spec }) => spec.resources)
        .filter(({ name }) => name === "cpus")
        .reduce<number>((sum, { scalar = 0 }) => sum + Math.round(scalar * 1000), SLOT_BASE.cpuMilli);
    };
    await until("the slot Pod is of that size", async () => {
      const { spec } = await slot();
      return milliOf(spec?.containers[0]?.resources?.requests?.cpu) === (await held());
    });
  });

  test("gives what one side leaves to the other", async () => {
    const waiting = (await tasksBy("task-")).filter(({ spec }) => spec.agent === undefined);
    await scene.kubectl("delete", "pods", "-l", "app=filler", "--force", "--grace-period=0");
    await Promise.all(waiting.map(({ metadata }) => scene.running(metadata.name, 90_000)));
    await clear();
    await slotHas(SLOT_BASE.cpuMilli);
  });

  test("drops launches whose resize stays Deferred, with a reason, and others go on", async () => {
    const most = Math.floor(allocatable * 0.6);
    const hand = await ByHand.connect(scene, "late", ["booking"]);
    const fits = (offer: Live<Offer>) => offer.spec.agent === node && cpusOf(offered(offer)) * 1000 >= most;
    const offer = await hand.offer("most of the node", fits, 120_000);
    await slotHas(SLOT_BASE.cpuMilli);
    const end = await slowResizes();
    try {
      const launched = launch(shell("task-late", "sleep 600", resources(most / 1000, 32)));
      expect(await hand.accept(offer, [launched])).toMatchObject([{ status: "FINISHED" }]);
      // Straight to the kubelet, which has not been asked for the slot's room yet.
      await scene.cluster.kinds.pods.create(pod("straight", `${most}m`, { nodeName: node }));
      await scene.kubectl("wait", "pod/straight", "--for=condition=Ready", "--timeout=60s");
      const { status } = await scene.ends("task-late");
      expect(status).toMatchObject({
        state: "TASK_DROPPED",
        reason: "REASON_RESOURCES_UNKNOWN",
        message: expect.stringContaining("other Pods hold what the slot Pod asks for"),
      });
      expect(status?.container).toBeUndefined();
    } finally {
      await end();
      await hand.rest();
      await clear();
    }
    await slotHas(SLOT_BASE.cpuMilli);
    expect(Math.max(...sums.map(({ granted }) => granted))).toBeLessThanOrEqual(allocatable);
  });
});

describe("a Pod of higher priority that does not fit", () => {
  test("does not evict the slot Pod, and waits", async () => {
    await scene.cluster.apply({
      apiVersion: "scheduling.k8s.io/v1",
      kind: "PriorityClass",
      metadata: { name: "e2e-important" },
      value: 1_000_000_000,
    });
    const { uid } = (await slot()).metadata;
    await scene.create("holds", { ...sh("sleep 600"), ...resources(1.2, 32), ...on(node) });
    await scene.running("holds");
    await scene.cluster.apply(pod("important", "900m", { priorityClassName: "e2e-important" }));
    await until("kube-scheduler has given up on it", async () => {
      const { status } = await scene.cluster.kinds.pods.get({
        name: "important",
        namespace: scene.namespace,
      });
      return status?.conditions?.some(
        ({ type, reason }) => type === "PodScheduled" && reason === "Unschedulable",
      );
    });
    const { status } = await scene.cluster.kinds.pods.get({ name: "important", namespace: scene.namespace });
    expect(status?.nominatedNodeName).toBeUndefined();
    const now = await slot();
    expect(now.metadata).toMatchObject({ uid });
    expect(now.metadata.deletionTimestamp).toBeUndefined();
    expect((await scene.get("holds")).status?.state).toBe("TASK_RUNNING");
    await scene.kill("holds", "0s");
    await scene.kubectl("wait", "pod/important", "--for=condition=Ready", "--timeout=60s");
    await scene.kubectl("delete", "pod", "important", "--force", "--grace-period=0");
  });
});

const slotProcess = async () => {
  const { status } = await slot();
  return status?.containerStatuses?.[0]?.containerID?.replace("containerd://", "");
};
const killSlot = (id: string | undefined) =>
  scene.cluster.onNode(node, `ctr -n k8s.io tasks kill --signal SIGKILL ${id}`).catch(() => {});

/** Each of the tasks has ended in one of the states, and was told of once. */
async function endedOnce(names: readonly string[], states: readonly string[]): Promise<string[]> {
  const seen: string[] = [];
  for (const name of names) {
    const { status } = await scene.ends(name, 90_000);
    expect(states).toContain(status?.state);
    const ends = (status?.updates ?? []).filter(({ state }) => isTerminal(state));
    expect(ends).toHaveLength(1);
    seen.push(status?.state ?? "");
  }
  return seen;
}

/** There is another slot Pod, and it is good for new tasks. */
async function goesOn(old: Live<Pod>, name: string): Promise<void> {
  const look = async () => {
    const { metadata, status } = await slot();
    return metadata.uid !== old.metadata.uid && status?.containerStatuses?.[0]?.ready;
  };
  await until("there is another slot Pod", look, { timeout: 90_000 });
  await scene.create(name, { ...sh("echo on"), ...on(node) });
  expect(await scene.finished(name, 90_000)).toBe("on\n");
}

const both = (prefix: string) => [`${prefix}-1`, `${prefix}-2`];
async function startBoth(prefix: string): Promise<readonly string[]> {
  const names = both(prefix);
  await scene.start(Object.fromEntries(names.map((name) => [name, { ...sh("sleep 600"), ...on(node) }])));
  await Promise.all(names.map((name) => scene.running(name)));
  return names;
}

describe("a slot Pod that is deleted by force", () => {
  test("ends its tasks once each: killed, or gone with it; another is made, and work goes on", async () => {
    const names = await startBoth("forced");
    const [old, id] = await Promise.all([slot(), slotProcess()]);
    const { operatorNamespace } = scene.cluster.test;
    const args = ["--force", "--grace-period=0", "--wait=false"];
    await scene.cluster.kubectl("-n", operatorNamespace, "delete", "pod", old.metadata.name, ...args);
    await killSlot(id);
    const states = await endedOnce(names, ["TASK_GONE", "TASK_KILLED"]);
    console.log(`of a slot Pod that was deleted: ${states.join(", ")}`);
    await goesOn(old, "after-deletion");
  });
});

describe("kubectl drain", () => {
  test("ends the node's tasks with their own grace, in a reported state, and is done", async () => {
    await scene.start({
      polite: {
        ...sh("trap 'sleep 2; echo bye; exit 0' TERM; echo ready; sleep 600 & wait"),
        ...on(node),
        killPolicy: { gracePeriod: "20s" },
      },
      deaf: { ...sh("trap '' TERM; echo ready; sleep 600"), ...on(node), killPolicy: { gracePeriod: "3s" } },
    });
    for (const name of ["polite", "deaf"]) {
      await scene.running(name);
      await until(`${name} is ready`, async () => (await scene.output(name)).includes("ready"));
    }
    const old = await slot();
    const args = ["--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=90s"];
    await scene.cluster.kubectl("drain", node, ...args);
    const [polite, deaf] = await Promise.all(["polite", "deaf"].map((name) => scene.ends(name)));
    expect([polite?.status?.state, deaf?.status?.state]).toEqual(["TASK_KILLED", "TASK_KILLED"]);
    // The shim may still be writing what the task said last.
    await until("polite said bye", async () => (await scene.output("polite")) === "ready\nbye\n");
    expect(deaf?.status?.exit?.signal).toBe(9);
    await expect(slot()).rejects.toThrow(/not found/);
    await scene.cluster.kubectl("uncordon", node);
    await until("there is another slot Pod", async () => (await slot()).metadata.uid !== old.metadata.uid);
    await scene.create("after-drain", { ...sh("echo again"), ...on(node) });
    expect(await scene.finished("after-drain", 90_000)).toBe("again\n");
  });
});
