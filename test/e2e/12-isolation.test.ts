import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readCgroup } from "./cgroup.ts";
import { until } from "./cluster.ts";
import { resources, Scene, sh } from "./scene.ts";
import { history } from "./tasks.ts";

const disk = (mib: number) => ({ name: "disk", scalar: mib });
const MIB = 1 << 20;
const sleep = sh("sleep 600");
/** Takes so many MiB of memory and touches them. */
const eat = (mib: number) => sh(`dd if=/dev/zero of=/dev/null bs=${mib}M count=1 2>&1 && echo fits`);

let scene: Scene;
beforeAll(async () => {
  scene = await Scene.open("isolation");
  await scene.start({
    plain: { ...sleep, ...resources(0.05, 48) },
    limited: { ...sleep, ...resources(0.1, 32), limits: { cpus: "200m", mem: "64Mi", pids: 17 } },
    boundless: { ...sleep, ...resources(0.02, 32), limits: { cpus: "Infinity", mem: "Infinity" } },
    within: { ...eat(16), ...resources(0.05, 32) },
    above: { ...eat(64), ...resources(0.05, 32), limits: { mem: "128Mi" } },
    greedy: { ...eat(64), ...resources(0.05, 32) },
    child: { ...sh("dd if=/dev/zero of=/dev/null bs=64M count=1; sleep 60"), ...resources(0.05, 32) },
    forks: { ...sh("for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 3 & done; wait"), limits: { pids: 8 } },
    spender: {
      ...sh("dd if=/dev/zero of=big bs=1M count=30; sleep 120"),
      ...resources(0.05, 48, disk(8)),
    },
    saver: {
      ...sh("dd if=/dev/zero of=big bs=1M count=20; sleep 600"),
      ...resources(0.05, 48, disk(64)),
    },
  });
});
afterAll(() => scene?.close());

test("a task is a container of the agent's own namespace in containerd, where the kubelet does not look", async () => {
  const { metadata, spec } = await scene.running("plain");
  const list = (namespace: string) =>
    scene.cluster.onNode(spec.agent ?? "", `ctr -n ${namespace} containers ls -q`);
  const [own, kubelets] = await Promise.all([list("mesos"), list("k8s.io")]);
  expect(own.split("\n")).toContain(metadata.uid);
  expect(kubelets).not.toContain(metadata.uid);
});

describe("cpus", () => {
  test("become shares of the kernel's scheduler, with no quota", async () => {
    const cgroup = await readCgroup(scene.cluster, await scene.running("plain"));
    expect(cgroup.shares).toBe(51);
    expect(cgroup.quotaCpus).toBeUndefined();
  });

  test("at least as many as the kernel takes", async () => {
    const { shares } = await readCgroup(scene.cluster, await scene.running("boundless"));
    expect(shares).toBe(20);
  });

  test("have a CFS quota when limits.cpus says so, beside the shares of the request", async () => {
    const cgroup = await readCgroup(scene.cluster, await scene.running("limited"));
    expect(cgroup.shares).toBe(102);
    expect(cgroup.quotaCpus).toBeCloseTo(0.2);
    const boundless = await readCgroup(scene.cluster, await scene.running("boundless"));
    expect(boundless.quotaCpus).toBeUndefined();
  });

  test("are counted under the cgroup of the node's slot Pod", async () => {
    const { spec } = await scene.running("plain");
    const { path } = await readCgroup(scene.cluster, await scene.running("plain"));
    const slot = await scene.cluster.kinds.pods.get({
      name: `mesos-slot-${spec.agent}`,
      namespace: scene.cluster.test.operatorNamespace,
    });
    expect(path).toContain(`/pod${slot.metadata.uid}/`);
  });
});

describe("mem", () => {
  test("is a hard limit, the request where limits has none", async () => {
    const plain = await readCgroup(scene.cluster, await scene.running("plain"));
    expect(plain.memoryBytes).toBe(48 * MIB);
    const limited = await readCgroup(scene.cluster, await scene.running("limited"));
    expect(limited.memoryBytes).toBe(64 * MIB);
    const boundless = await readCgroup(scene.cluster, await scene.running("boundless"));
    expect(boundless.memoryBytes).toBeUndefined();
  });

  test("may be used up to the limit above the request", async () => {
    expect(await scene.finished("within")).toContain("fits");
    expect(await scene.finished("above")).toContain("fits");
  });

  test("exceeded ends the task with REASON_CONTAINER_LIMITATION_MEMORY", async () => {
    const task = await scene.ends("greedy");
    expect(task.status).toMatchObject({
      state: "TASK_FAILED",
      reason: "REASON_CONTAINER_LIMITATION_MEMORY",
      message: expect.stringContaining("32Mi"),
      exit: { oom: true },
    });
    expect(history(task)).toEqual(["TASK_STARTING", "TASK_RUNNING", "TASK_FAILED"]);
  });

  test("exceeded by a child whose parent goes on ends nothing", async () => {
    const { status } = await scene.running("child");
    expect(status?.state).toBe("TASK_RUNNING");
    await until("the child was killed", async () => (await scene.file("child", "stderr")).includes("Killed"));
    expect((await scene.get("child")).status?.state).toBe("TASK_RUNNING");
  });
});

describe("processes", () => {
  test("are limited by the chart's value or by limits.pids, and the init does not count", async () => {
    expect((await readCgroup(scene.cluster, await scene.running("plain"))).pids).toBe(4096 + 1);
    expect((await readCgroup(scene.cluster, await scene.running("limited"))).pids).toBe(17 + 1);
  });

  test("beyond the limit cannot be forked", async () => {
    await scene.ends("forks");
    expect(await scene.file("forks", "stderr")).toMatch(/can't fork/);
  });
});

describe("disk", () => {
  test("used beyond what the task holds ends it with REASON_CONTAINER_LIMITATION_DISK", async () => {
    const { status } = await scene.ends("spender", 90_000);
    expect(status).toMatchObject({ state: "TASK_FAILED", reason: "REASON_CONTAINER_LIMITATION_DISK" });
    // What was measured, and what it may use.
    expect(status?.message).toMatch(/30\.\d MiB.*8\.0 MiB/);
  });

  test("used within it does not", async () => {
    await scene.ends("spender", 90_000);
    expect((await scene.get("saver")).status?.state).toBe("TASK_RUNNING");
    expect((await scene.file("saver", "big")).length).toBe(20 * MIB);
  });
});
