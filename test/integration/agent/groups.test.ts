import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Executor, ExecutorSpec } from "../../../src/api/executor.ts";
import { API_VERSION } from "../../../src/api/group.ts";
import type { Task, TaskSpec } from "../../../src/api/task.ts";
import { executors, frameworks } from "../../../src/client/handles.ts";
import type { Live } from "../../../src/cluster/object.ts";
import { AgentNode, history } from "./agentNode.ts";

let node: AgentNode;
beforeAll(async () => {
  node = await AgentNode.start();
  await frameworks(node.connection).create({
    apiVersion: API_VERSION,
    kind: "Framework",
    metadata: { name: "fw", namespace: node.namespace },
    spec: {
      roles: ["*"],
      connection: { type: "Manual", leaseDuration: "15s" },
      failoverTimeout: "10m",
      capabilities: ["PARTITION_AWARE", "TASK_KILLING_STATE"],
    },
  });
}, 180_000);
afterAll(() => node?.stop());

const resources: TaskSpec["resources"] = [
  { name: "cpus", scalar: 0.1 },
  { name: "mem", quantity: "32Mi" },
];

async function executor(name: string, spec: Partial<ExecutorSpec> = {}): Promise<Live<Executor>> {
  return executors(node.connection).create({
    apiVersion: API_VERSION,
    kind: "Executor",
    metadata: { name, namespace: node.namespace },
    spec: {
      framework: "fw",
      role: "*",
      agent: node.name,
      executorId: `id-${name}`,
      type: "DEFAULT",
      resources,
      shutdownGracePeriod: "5s",
      ...spec,
    },
  });
}

const executorNow = (name: string): Promise<Live<Executor>> =>
  executors(node.connection).get({ namespace: node.namespace, name });

const reaches = (name: string, state: string): Promise<Live<Executor>> =>
  node.eventually(async () => {
    const found = await executorNow(name);
    expect(found.status?.state).toBe(state);
    return found;
  });

/** The tasks of a group of `lines`, by name. */
function group(
  of: string,
  lines: Readonly<Record<string, string>>,
  spec: Partial<TaskSpec> = {},
): Promise<Live<Task>[]> {
  const names = Object.keys(lines);
  const shared = {
    framework: "fw",
    group: { id: names.join("-"), size: names.length },
    executor: { name: of, executorId: `id-${of}` },
    volumes: [{ containerPath: "/shared", mode: "RW" as const, executorPath: "data" }],
  };
  return Promise.all(names.map((name) => node.sh(name, lines[name] ?? "", { ...shared, ...spec })));
}

test("tasks of a group share a folder of their executor's sandbox, which ends with the last of them", async () => {
  await executor("share");
  await group("share", {
    "share-server": "echo $MESOS_EXECUTOR_ID > /shared/word; until [ -e /shared/done ]; do sleep 0.05; done",
    "share-client":
      "until cat /shared/word 2>/dev/null; do sleep 0.05; done; touch /shared/done; echo $MESOS_DIRECTORY",
  });
  const client = await node.ends("share-client");
  expect(client.status).toMatchObject({ state: "TASK_FINISHED" });
  expect((await node.ends("share-server")).status).toMatchObject({ state: "TASK_FINISHED" });
  const ended = await reaches("share", "Ended");
  expect(ended.status).toMatchObject({
    message: "Its last task has ended",
    container: { id: ended.metadata.uid },
  });
  expect(ended.status).not.toHaveProperty("reason");
  const sandbox = ended.status?.container?.sandbox ?? "";
  expect(client.status?.container?.sandbox).toMatch(new RegExp(`^${sandbox}/containers/`));
  const stdout = readFileSync(join(sandbox, "tasks/share-client/stdout"), "utf8");
  expect(stdout).toBe(`id-share\n${client.status?.container?.sandbox}\n`);
  expect(await node.containers()).toEqual([]);
});

test("when one of a group fails the others are killed, those of another group are not", async () => {
  await executor("fails");
  const [other] = await group("fails", { "fails-other": "exec sleep 1000" });
  await node.reaches("fails-other", "TASK_RUNNING");
  await group("fails", {
    "fails-one": "until [ -e /shared/ready ]; do sleep 0.05; done; exit 3",
    "fails-two": "touch /shared/ready; exec sleep 1000",
  });
  expect((await node.ends("fails-one")).status).toMatchObject({ state: "TASK_FAILED", exit: { code: 3 } });
  const killed = await node.ends("fails-two");
  expect(killed.status).toMatchObject({ state: "TASK_KILLED", source: "SOURCE_EXECUTOR" });
  expect(killed.status).not.toHaveProperty("reason");
  expect(history(killed)).toContain("TASK_KILLING");
  expect((await executorNow("fails")).status?.state).toBe("Running");
  expect((await node.get("fails-other")).status?.state).toBe("TASK_RUNNING");
  const left = [other?.metadata.uid, (await executorNow("fails")).metadata.uid].toSorted();
  await node.eventually(async () => expect((await node.containers()).toSorted()).toEqual(left));
  await node.kill("fails-other");
  await node.ends("fails-other");
  await reaches("fails", "Ended");
});

describe("an executor", () => {
  test("is found again by the next agent, and its tasks' end still ends it", async () => {
    await executor("again");
    await group("again", { "again-one": "exec sleep 1000", "again-two": "exec sleep 1000" });
    for (const name of ["again-one", "again-two"]) await node.reaches(name, "TASK_RUNNING");
    const before = await executorNow("again");
    await node.stopAgent("SIGKILL");
    await node.startAgent();
    // It takes tasks as before.
    await group("again", { "again-three": "test -d /shared" });
    expect((await node.ends("again-three")).status?.state).toBe("TASK_FINISHED");
    expect((await executorNow("again")).status).toEqual(before.status);
    await node.kill("again-one");
    expect((await node.ends("again-two")).status?.state).toBe("TASK_KILLED");
    await reaches("again", "Ended");
    expect(await node.containers()).toEqual([]);
  });

  test("takes its tasks along when its container is lost", async () => {
    await executor("lost");
    await group("lost", { "lost-one": "exec sleep 1000" });
    await node.reaches("lost-one", "TASK_RUNNING");
    const { metadata } = await executorNow("lost");
    await node.containerd.ctr("-n", "mesos", "tasks", "kill", "-s", "SIGKILL", metadata.uid);
    expect((await node.ends("lost-one")).status).toMatchObject({
      state: "TASK_FAILED",
      reason: "REASON_EXECUTOR_TERMINATED",
    });
    expect((await reaches("lost", "Ended")).status?.reason).toBe("REASON_EXECUTOR_TERMINATED");
  });

  test("that holds disk ends with its tasks when they share more than that", async () => {
    await executor("full", { resources: [...resources, { name: "disk", scalar: 4 }] });
    // What lies in a task's own sandbox does not count.
    await group("full", {
      "full-one": "dd if=/dev/zero of=own bs=1M count=8; touch /shared/go; exec sleep 1000",
      "full-two":
        "until [ -e /shared/go ]; do sleep 0.1; done; sleep 2; touch alive; dd if=/dev/zero of=/shared/x bs=1M count=8; exec sleep 1000",
    });
    const expected = { state: "TASK_FAILED", reason: "REASON_CONTAINER_LIMITATION_DISK" };
    expect((await node.ends("full-one")).status).toMatchObject(expected);
    const two = await node.ends("full-two");
    expect(two.status).toMatchObject(expected);
    expect(node.output(two, "alive")).toBe("");
    expect((await reaches("full", "Ended")).status?.reason).toBe("REASON_CONTAINER_LIMITATION_DISK");
  });

  test("that is shut down kills its tasks first; later ones are dropped", async () => {
    await executor("shut");
    await group("shut", { "shut-one": "exec sleep 1000" });
    await node.reaches("shut-one", "TASK_RUNNING");
    const ref = { namespace: node.namespace, name: "shut" };
    await executors(node.connection).mergePatch(ref, { spec: { shutdown: { message: "enough" } } });
    expect((await node.ends("shut-one")).status).toMatchObject({
      state: "TASK_KILLED",
      message: expect.stringContaining("enough"),
    });
    expect((await reaches("shut", "Ended")).status?.message).toBe("It was shut down");
    await group("shut", { "shut-late": "true" });
    expect((await node.ends("shut-late")).status).toMatchObject({
      state: "TASK_DROPPED",
      reason: "REASON_EXECUTOR_TERMINATED",
    });
  });

  test("has its part of what the slot was granted", async () => {
    // 10m and 16Mi are the slot's own.
    await node.grant({ cpu: "209m", memory: "1Gi" });
    await executor("tight");
    await group("tight", { "tight-one": "exec sleep 1000" });
    await group("tight", { "tight-bad": "true" }, { executor: { name: "none", executorId: "none" } });
    await node.grant({ cpu: "210m", memory: "1Gi" });
    await node.reaches("tight-one", "TASK_RUNNING");
    await node.kill("tight-one");
    await reaches("tight", "Ended");
    await node.grant({ cpu: "4", memory: "4Gi" });
    expect((await node.get("tight-bad")).status?.state).toBeUndefined();
    await node.kill("tight-bad");
    await node.ends("tight-bad");
  });

  test("that cannot be what it asks to be is refused with its tasks", async () => {
    const volume = {
      name: "disk",
      scalar: 8,
      reservations: [{ type: "DYNAMIC" as const, role: "eng" }],
      disk: { persistence: { id: "none" }, volume: { containerPath: "data", mode: "RW" as const } },
    };
    await executor("bad", { resources: [...resources, volume] });
    await group("bad", { "bad-one": "true" });
    expect((await node.ends("bad-one")).status).toMatchObject({
      state: "TASK_ERROR",
      reason: "REASON_TASK_INVALID",
    });
  });
});
