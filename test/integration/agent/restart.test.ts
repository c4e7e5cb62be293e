import { once } from "node:events";
import { readdirSync, readFileSync, truncateSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BUSYBOX_IMAGE } from "../containerd/privateContainerd.ts";
import { shellTask } from "../containerd/taskSpec.ts";
import { AgentNode, history } from "./agentNode.ts";

let node: AgentNode;
beforeAll(async () => {
  node = await AgentNode.start();
}, 180_000);
afterAll(() => node?.stop());

const recordOf = (uid: string) => join(node.work, "meta/tasks", `${uid}.task`);
/** A line that counts its starts in a file outside the sandbox, then does `rest`. */
const counted = (rest: string) => `echo start >> /marks/starts; ${rest}`;
const marks = () => ({
  volumes: [{ containerPath: "/marks", mode: "RW" as const, hostPath: node.work }],
});
const starts = () => readFileSync(join(node.work, "starts"), "utf8").split("\n").length - 1;

describe("kill -9 of the agent", () => {
  test("does not touch a task that runs, and its end is reported as ever", async () => {
    await node.sh("goes-on", "echo one; while ! test -f go; do sleep 0.1; done; exit 7");
    const before = await node.reaches("goes-on", "TASK_RUNNING");
    await node.stopAgent("SIGKILL");
    await node.startAgent();
    const { sandbox, pid } = before.status?.container ?? {};
    await node.sh("signal", "touch /other/go", {
      volumes: [{ containerPath: "/other", mode: "RW", hostPath: sandbox ?? "" }],
    });
    const task = await node.ends("goes-on");
    expect(task.status).toMatchObject({ state: "TASK_FAILED", exit: { code: 7 }, container: { pid } });
    expect(history(task)).toEqual(["TASK_STARTING", "TASK_RUNNING", "TASK_FAILED"]);
  });

  test("an end that came meanwhile is reported with its exit, once", async () => {
    await node.sh("ends-alone", "sleep 1; exit 9");
    const { status } = await node.reaches("ends-alone", "TASK_RUNNING");
    await node.stopAgent("SIGKILL");
    const pid = status?.container?.pid ?? 0;
    await node.eventually(() => expect(() => process.kill(pid, 0)).toThrow());
    await node.startAgent();
    const task = await node.ends("ends-alone");
    expect(task.status?.exit).toEqual({ code: 9 });
    expect(history(task)).toEqual(["TASK_STARTING", "TASK_RUNNING", "TASK_FAILED"]);
  });

  test("a kill that was asked for meanwhile is carried out", async () => {
    await node.sh("killed-later", "trap 'exit 0' TERM; while :; do sleep 0.1; done");
    await node.reaches("killed-later", "TASK_RUNNING");
    await node.stopAgent("SIGKILL");
    await node.kill("killed-later");
    await node.startAgent();
    expect(history(await node.ends("killed-later")).slice(2)).toEqual(["TASK_KILLING", "TASK_KILLED"]);
  });

  test("a grace period that had begun is not begun again", async () => {
    await node.sh("deaf", "trap '' TERM; while :; do sleep 0.1; done");
    await node.reaches("deaf", "TASK_RUNNING");
    await node.kill("deaf", "2s");
    await node.reaches("deaf", "TASK_KILLING");
    await node.stopAgent("SIGKILL");
    await node.startAgent();
    const task = await node.ends("deaf");
    const [killing, killed] = (task.status?.updates ?? []).slice(2);
    const took = Date.parse(killed?.timestamp ?? "") - Date.parse(killing?.timestamp ?? "");
    expect(task.status?.state).toBe("TASK_KILLED");
    expect(took).toBeGreaterThanOrEqual(2_000);
  });

  test("a task that was being prepared is dropped once, and never started", async () => {
    const held = createServer(() => {});
    await new Promise<void>((resolve) => held.listen(0, "127.0.0.1", resolve));
    const value = `http://127.0.0.1:${(held.address() as AddressInfo).port}/x`;
    const asked = once(held, "request");
    await node.sh("intent", "echo never", {
      uris: [{ value, extract: false, executable: false, cache: false }],
    });
    await asked;
    await node.reaches("intent", "TASK_STARTING");
    await node.stopAgent("SIGKILL");
    held.closeAllConnections();
    held.close();
    await node.startAgent();
    const task = await node.ends("intent");
    expect(history(task)).toEqual(["TASK_STARTING", "TASK_DROPPED"]);
    expect(task.status?.reason).toBe("REASON_AGENT_RESTARTED");
    expect(node.output(task)).toBe("");
    await node.stopAgent("SIGKILL");
    await node.startAgent();
    expect(history(await node.get("intent"))).toEqual(["TASK_STARTING", "TASK_DROPPED"]);
  });
});

test("SIGTERM lets a task that is being prepared start", async () => {
  const asked = Promise.withResolvers<ServerResponse>();
  const server = createServer((_request, response) => asked.resolve(response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const value = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`;
  await node.sh("late-start", "cat x", {
    uris: [{ value, extract: false, executable: false, cache: false }],
  });
  const response = await asked.promise;
  const stopped = node.stopAgent("SIGTERM");
  await node.eventually(() => expect(node.log()).toContain("stopping; the tasks go on"));
  response.end("fetched");
  await stopped;
  server.close();
  await node.startAgent();
  const task = await node.ends("late-start");
  expect(history(task)).toEqual(["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"]);
  expect(node.output(task)).toBe("fetched");
});

test("SIGTERM ends the agent and no task", async () => {
  await node.sh("stays", "while :; do sleep 0.1; done");
  const { status } = await node.reaches("stays", "TASK_RUNNING");
  await node.stopAgent("SIGTERM");
  process.kill(status?.container?.pid ?? 0, 0);
  await node.startAgent();
  await node.kill("stays", "0ms");
  await node.ends("stays");
});

test("a torn record is put aside, and its running task taken over by what the API says", async () => {
  await node.sh("torn", counted("while ! test -f go; do sleep 0.1; done; exit 4"), marks());
  const before = await node.reaches("torn", "TASK_RUNNING");
  await node.stopAgent("SIGKILL");
  truncateSync(recordOf(before.metadata.uid), 100);
  await node.startAgent();
  expect(readdirSync(join(node.work, "meta/tasks/corrupt"))).toContain(`${before.metadata.uid}.task`);
  await node.eventually(() => readFileSync(recordOf(before.metadata.uid)));
  await node.kill("torn", "0ms");
  expect((await node.ends("torn")).status?.state).toBe("TASK_KILLED");
  expect(starts()).toBe(1);
});

test("a begun task that nothing is left of is told to be gone, and a container of no task is removed", async () => {
  await node.stopAgent("SIGKILL");
  const orphan = await node.sh("orphan", "echo never");
  const status = { state: "TASK_RUNNING", updates: [] };
  await node.tasks.mergePatch(orphan.metadata, { status }, { subresource: "status" });
  const { containerizer, provisioner } = await node.containerd.client({
    stateDir: join(node.work, "runtime"),
  });
  const image = await provisioner.pull(BUSYBOX_IMAGE, { policy: "Never" });
  const { id } = await containerizer.launch(shellTask(node.containerd, "sleep 1000"), image);
  await node.startAgent();
  const task = await node.ends("orphan");
  expect(task.status).toMatchObject({ state: "TASK_GONE", reason: "REASON_AGENT_RESTARTED" });
  await node.eventually(async () => expect(await node.containers()).not.toContain(id));
});

describe("containerd", () => {
  test("killed: tasks go on, ends come through, launches wait", async () => {
    await node.sh("survives", "while ! test -f go; do sleep 0.1; done; exit 3");
    const running = await node.reaches("survives", "TASK_RUNNING");
    await node.containerd.kill("SIGKILL");
    await node.sh("waits", counted("echo there"), marks());
    await node.reaches("waits", "TASK_STARTING");
    await node.containerd.up();
    expect((await node.ends("waits")).status?.state).toBe("TASK_FINISHED");
    expect(starts()).toBe(2);
    await node.sh("signal2", "touch /other/go", {
      volumes: [{ containerPath: "/other", mode: "RW", hostPath: running.status?.container?.sandbox ?? "" }],
    });
    expect((await node.ends("survives")).status?.exit).toEqual({ code: 3 });
  });

  test("killed together with the agent: all the same", async () => {
    await node.sh("both", "sleep 2; exit 5");
    await node.reaches("both", "TASK_RUNNING");
    await node.containerd.kill("SIGKILL");
    await node.stopAgent("SIGKILL");
    await node.containerd.up();
    await node.startAgent();
    expect((await node.ends("both")).status?.exit).toEqual({ code: 5 });
  });
});

test("a second agent waits until the first is gone", async () => {
  await node.sh("shared", "while :; do sleep 0.1; done");
  await node.reaches("shared", "TASK_RUNNING");
  const stopFirst = await node.startSecondAgent();
  expect(node.log()).toContain("another agent works on");
  await stopFirst();
  await node.kill("shared", "0ms");
  expect(history(await node.ends("shared"))).toEqual([
    "TASK_STARTING",
    "TASK_RUNNING",
    "TASK_KILLING",
    "TASK_KILLED",
  ]);
});

test("memory that runs out on the node is taken from the task that exceeds its share most", async () => {
  await node.stopAgent("SIGTERM");
  await node.startAgent({ memoryPressure: { availableBelow: "1000Ti" } });
  // Not the last command: the shell would become it, and let go of its memory.
  const fill = (mib: number) => `x=$(dd if=/dev/zero bs=1M count=${mib} | tr '\\0' a); sleep 1000; true`;
  await node.sh("fair", "sleep 2");
  await node.sh("greedy", fill(60), { limits: { mem: "256Mi" } });
  const greedy = await node.ends("greedy");
  expect(greedy.status).toMatchObject({
    state: "TASK_FAILED",
    reason: "REASON_CONTAINER_LIMITATION_MEMORY",
    message: expect.stringContaining("The node ran short of memory"),
  });
  expect((await node.ends("fair")).status?.state).toBe("TASK_FINISHED");
  await node.stopAgent("SIGTERM");
  await node.startAgent();
});

test("called unreachable by the operator, a running task is told to run", async () => {
  await node.sh("partitioned", "while :; do sleep 0.1; done");
  await node.reaches("partitioned", "TASK_RUNNING");
  const unreachableSince = new Date().toISOString();
  const status = { state: "TASK_UNREACHABLE", reason: "REASON_AGENT_REMOVED", unreachableSince };
  const ref = { namespace: node.namespace, name: "partitioned" };
  await node.tasks.mergePatch(ref, { status }, { subresource: "status" });
  await node.eventually(async () => {
    const task = await node.get("partitioned");
    expect(task.status).toMatchObject({ state: "TASK_RUNNING", reason: "REASON_AGENT_REREGISTERED" });
    expect(task.status?.unreachableSince).toBeUndefined();
  });
  await node.kill("partitioned", "0ms");
  await node.ends("partitioned");
});

test("the end of the slot Pod is told as such, and the next slot takes tasks again", async () => {
  await node.sh("slotless", "while :; do sleep 0.1; done");
  const { status } = await node.reaches("slotless", "TASK_RUNNING");
  await node.endSlot([status?.container?.pid ?? 0]);
  const task = await node.ends("slotless");
  expect(task.status).toMatchObject({ state: "TASK_GONE", reason: "REASON_EXECUTOR_TERMINATED" });
  await node.sh("next", "echo there");
  await node.makeSlot();
  expect((await node.ends("next")).status?.state).toBe("TASK_FINISHED");
});
