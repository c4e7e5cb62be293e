import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import type { Task } from "../../src/api/task.ts";
import { agentPod, killAgent, processStart } from "./agents.ts";
import { readCgroup } from "./cgroup.ts";
import { until } from "./cluster.ts";
import { on, Scene, sh } from "./scene.ts";
import { history } from "./tasks.ts";

/** Writes a line a second: what is missing was not running. */
const ticking = sh("i=0; while :; do echo $i; i=$((i+1)); sleep 1; done");
/** Ends when the test says so, also while nobody looks. */
const waiting = (code: number, last = "true") =>
  sh(`until [ -e go ]; do sleep 0.2; done; ${last} || exit $?; exit ${code}`);

let scene: Scene;
beforeAll(async () => {
  scene = await Scene.open("restart");
  const node = on(scene.node1);
  const survivors = ["crash", "deletion", "upgrade"].map((name) => [
    `ticks-${name}`,
    { ...ticking, ...node },
  ]);
  const endings = ["crash", "deletion"].flatMap((name) => [
    [`finishes-${name}`, { ...waiting(0), ...node }],
    [`fails-${name}`, { ...waiting(7), ...node }],
  ]);
  await scene.start({
    ...Object.fromEntries([...survivors, ...endings]),
    starves: { ...waiting(0, "dd if=/dev/zero of=/dev/null bs=64M count=1"), ...node },
    killed: { ...sh("trap '' TERM; sleep 3600"), ...node, killPolicy: { gracePeriod: "2s" } },
    sickens: {
      ...sh("touch well; until [ -e go ]; do sleep 0.2; done; rm well; sleep 3600"),
      ...node,
      healthCheck: {
        type: "COMMAND",
        command: { value: "test -e well" },
        delay: "0s",
        interval: "500ms",
        gracePeriod: "0s",
        consecutiveFailures: 2,
      },
    },
    networked: { ...sh("httpd -f -p 8080"), ...node, container: { network: { mode: "CNI" } } },
  });
  const others = ["starves", "killed", "sickens", "networked"];
  const names = [...survivors, ...endings].map(([name]) => String(name));
  await Promise.all([...names, ...others].map((name) => scene.running(name)));
});
afterAll(() => scene?.close());

/** Tells a waiting task to end, without the agent's help. */
async function release(name: string): Promise<void> {
  const { spec, status } = await scene.get(name);
  await scene.cluster.onNode(spec.agent ?? "", `touch '${status?.container?.sandbox}/go'`);
}

/** The process of a task, told from another that got the same pid. */
const processOf = async ({ spec, status }: Task) =>
  `${status?.container?.pid} ${await processStart(scene.cluster, spec.agent ?? "", status?.container?.pid ?? 0)}`;

/** It is the same process, it wrote all the time, and its agent knows it: it answers a kill. */
async function wentOn(name: string, before: string): Promise<void> {
  const task = await scene.get(name);
  expect(task.status?.state).toBe("TASK_RUNNING");
  expect(await processOf(task)).toBe(before);
  expect(history(task)).toEqual(["TASK_STARTING", "TASK_RUNNING"]);
  const lines = (await scene.output(name)).trim().split("\n").map(Number);
  expect(lines).toEqual(lines.map((_, index) => index));
  const age = (Date.now() - Date.parse(task.status?.container?.startedAt ?? "")) / 1000;
  expect(lines.length).toBeGreaterThan(age * 0.8 - 3);
  await scene.kill(name, "1s");
  expect((await scene.ends(name)).status?.state).toBe("TASK_KILLED");
}

async function endedMeanwhile(name: string, expected: object): Promise<void> {
  const task = await scene.ends(name);
  expect(task.status).toMatchObject(expected);
  expect(history(task)).toEqual(["TASK_STARTING", "TASK_RUNNING", task.status?.state]);
}

describe("an agent that was killed", () => {
  let before: string;
  beforeAll(async () => {
    before = await processOf(await scene.get("ticks-crash"));
    const { ended } = await killAgent(scene.cluster, scene.node1);
    await release("finishes-crash");
    await release("fails-crash");
    await release("starves");
    await scene.kill("killed");
    await ended;
    await release("sickens");
  });

  test("finds its tasks again, which went on", () => wentOn("ticks-crash", before));

  test("reports the ends that came meanwhile, with exit codes", async () => {
    await endedMeanwhile("finishes-crash", { state: "TASK_FINISHED", exit: { code: 0 } });
    await endedMeanwhile("fails-crash", { state: "TASK_FAILED", exit: { code: 7 } });
  });

  test("reports a memory limit that was hit meanwhile as such", async () => {
    await endedMeanwhile("starves", {
      state: "TASK_FAILED",
      reason: "REASON_CONTAINER_LIMITATION_MEMORY",
      exit: { oom: true },
    });
  });

  test("carries out a kill that was asked meanwhile", async () => {
    const { status } = await scene.ends("killed");
    expect(status).toMatchObject({ state: "TASK_KILLED", exit: { signal: 9 } });
  });

  test("goes on with health checks", async () => {
    const { status } = await scene.ends("sickens");
    expect(status).toMatchObject({
      state: "TASK_KILLED",
      reason: "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED",
      healthy: false,
    });
  });

  test("still knows a task's network, and gives it back with the task's end", async () => {
    const { status } = await scene.get("networked");
    const [address] = status?.addresses ?? [];
    await scene.cluster.onNode(
      scene.node1,
      `timeout 3 busybox wget -S -qO- http://${address}:8080/ 2>&1 | grep HTTP`,
    );
    await scene.kill("networked", "0s");
    await scene.ends("networked");
    const leases = () => scene.cluster.onNode(scene.node1, "ls /var/lib/cni/networks/mesos");
    await until("its address is free", async () => !(await leases()).split("\n").includes(address ?? ""));
  });

  test("starts new tasks", async () => {
    await scene.create("after-crash", { ...sh("echo new"), ...on(scene.node1) });
    expect(await scene.finished("after-crash")).toBe("new\n");
  });
});

describe("an agent whose Pod was deleted", () => {
  let before: string;
  beforeAll(async () => {
    const { cluster, node1 } = scene;
    before = await processOf(await scene.get("ticks-deletion"));
    const old = await agentPod(cluster, node1);
    await cluster.kinds.pods.delete(old.metadata, { gracePeriodSeconds: 0 });
    await Promise.all([release("finishes-deletion"), release("fails-deletion")]);
    await until("another agent is ready", async () => {
      const pod = await agentPod(cluster, node1);
      return pod.metadata.uid !== old.metadata.uid;
    });
  });

  test("has a successor that finds its tasks", () => wentOn("ticks-deletion", before));

  test("has a successor that reports the ends that came meanwhile", async () => {
    await endedMeanwhile("finishes-deletion", { state: "TASK_FINISHED", exit: { code: 0 } });
    await endedMeanwhile("fails-deletion", { state: "TASK_FAILED", exit: { code: 7 } });
  });
});

describe("helm upgrade", () => {
  const { release, operatorNamespace } = inject("cluster");
  const flags = ["--namespace", operatorNamespace, "--wait", "--timeout", "3m"];
  let before: string;
  beforeAll(async () => {
    const { cluster, node1 } = scene;
    before = await processOf(await scene.get("ticks-upgrade"));
    const old = await agentPod(cluster, node1);
    const values = ["--set", "agent.config.cfsQuota=true", "--set", "agent.config.sandboxTtl=2s"];
    await cluster.helm("upgrade", release, "charts/mesos-operator", "--reuse-values", ...flags, ...values);
    await until("the agent was rolled", async () => {
      const pod = await agentPod(cluster, node1);
      return pod.metadata.uid !== old.metadata.uid;
    });
  });

  // The tests that come later expect the chart's own values.
  afterAll(() => scene.cluster.helm("rollback", release, ...flags));

  test("rolls the agents, and tasks go on", () => wentOn("ticks-upgrade", before));

  test("gives the agents their new configuration: a CFS quota for every task", async () => {
    await scene.create("capped", { ...sh("sleep 600"), ...on(scene.node1) });
    const { quotaCpus } = await readCgroup(scene.cluster, await scene.running("capped"));
    expect(quotaCpus).toBeCloseTo(0.02);
  });

  test("gives them a shorter life of sandboxes: the old ones are collected, those in use are not", async () => {
    const task = await scene.ends("finishes-crash");
    const sandbox = task.status?.container?.sandbox;
    await scene.cluster.kinds.tasks.delete(task.metadata);
    const gone = () => scene.cluster.onNode(scene.node1, `test ! -e '${sandbox}' && echo gone`);
    await until("the sandbox is collected", gone, { timeout: 120_000, every: 1000 });
    await scene.file("capped", "stdout");
  });
});
