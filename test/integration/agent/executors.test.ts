import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Executor, ExecutorStatus } from "../../../src/api/executor.ts";
import type { Framework } from "../../../src/api/framework.ts";
import { API_VERSION } from "../../../src/api/group.ts";
import { executors, frameworks } from "../../../src/client/handles.ts";
import type { Live } from "../../../src/cluster/object.ts";
import { Call_Type, Event_Type } from "../../../src/wire/gen/mesos/v1/executor/executor_pb.ts";
import { TaskState } from "../../../src/wire/gen/mesos/v1/mesos_pb.ts";
import { ask } from "../gateway/client.ts";
import { AgentNode, history } from "./agentNode.ts";
import { ExecutorClient } from "./executorClient.ts";

let node: AgentNode;
let framework: Live<Framework>;
beforeAll(async () => {
  node = await AgentNode.start();
  framework = await frameworks(node.connection).create({
    apiVersion: API_VERSION,
    kind: "Framework",
    metadata: { name: "fw", namespace: node.namespace },
    spec: { roles: ["*"], connection: { type: "Manual" }, capabilities: ["PARTITION_AWARE"] },
  } as unknown as Framework);
}, 180_000);
afterAll(() => node?.stop());

/** A process that says who it is, and what it was told, and then waits: this test speaks in its name. */
const STAND_IN = "env > env; sleep 1000";

function make(name: string, line = STAND_IN): Promise<Live<Executor>> {
  return executors(node.connection).create({
    apiVersion: API_VERSION,
    kind: "Executor",
    metadata: { name, namespace: node.namespace },
    spec: {
      framework: "fw",
      agent: node.name,
      executorId: name,
      resources: [
        { name: "cpus", scalar: 0.1 },
        { name: "mem", quantity: "32Mi" },
      ],
      command: { value: line },
      shutdownGracePeriod: "2s",
    },
  } as unknown as Executor);
}

const task = (name: string, executor: string) =>
  node.task(name, { framework: "fw", taskId: name, executor: { name: executor, executorId: executor } });

const executor = (name: string) => executors(node.connection).get({ namespace: node.namespace, name });
const becomes = (name: string, state: ExecutorStatus["state"]) =>
  node.eventually(async () => {
    const found = await executor(name);
    if (found.status?.state !== state) throw new Error(`${name} is ${JSON.stringify(found.status)}`);
    return found;
  });

/** What the executor finds in its environment. */
async function environment(name: string): Promise<Record<string, string>> {
  const { status } = await becomes(name, "Starting");
  return node.eventually(() => {
    const lines = readFileSync(join(status?.container?.sandbox ?? "", "env"), "utf8")
      .trim()
      .split("\n");
    if (!lines.some((line) => line.startsWith("MESOS_EXECUTOR_AUTHENTICATION_TOKEN=")))
      throw new Error("not yet");
    return Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    );
  });
}

async function connect(name: string, encoding: "json" | "protobuf" = "json") {
  const env = await environment(name);
  const identity = {
    frameworkId: env.MESOS_FRAMEWORK_ID ?? "",
    executorId: env.MESOS_EXECUTOR_ID ?? "",
    token: env.MESOS_EXECUTOR_AUTHENTICATION_TOKEN ?? "",
  };
  return { env, identity, client: new ExecutorClient(await node.port(), identity, encoding) };
}

describe.each(["json", "protobuf"] as const)("an executor that speaks %s", (encoding) => {
  const [name, first, second] = [`x-${encoding}`, `a-${encoding}`, `b-${encoding}`];

  test("is told who it is, gets its task, and its updates become the task's", async () => {
    await make(name);
    await task(first, name);
    const { env, client } = await connect(name, encoding);
    expect(env).toMatchObject({
      MESOS_FRAMEWORK_ID: framework.metadata.uid,
      MESOS_EXECUTOR_ID: name,
      MESOS_SLAVE_ID: node.name,
      MESOS_SLAVE_PID: expect.stringMatching(/^slave\(1\)@127\.0\.0\.1:/),
      MESOS_CHECKPOINT: "1",
      MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD: "2secs",
      MESOS_RECOVERY_TIMEOUT: "15mins",
      MESOS_SANDBOX: "/mnt/mesos/sandbox",
      LIBPROCESS_PORT: "0",
    });
    expect(await client.subscribe()).toBe(200);
    const { subscribed } = await client.event(Event_Type.SUBSCRIBED);
    expect(subscribed?.executorInfo?.executorId?.value).toBe(name);
    expect(subscribed?.agentInfo?.id?.value).toBe(node.name);
    const { launch } = await client.launched(first);
    expect(launch?.task?.executor?.executorId?.value).toBe(name);
    await becomes(name, "Running");
    const uuid = await client.update(first, TaskState.TASK_RUNNING, {
      message: "runs",
      data: new Uint8Array(Buffer.from("data")),
    });
    await client.acknowledged(uuid);
    const running = await node.reaches(first, "TASK_RUNNING");
    expect(running.status?.updates?.at(-1)).toMatchObject({
      message: "runs",
      source: "SOURCE_EXECUTOR",
      data: Buffer.from("data").toString("base64"),
    });
    client.close();
  });

  test("subscribes again: what it has sent before is the same, what it was not sent comes", async () => {
    const { client } = await connectAgain(name, encoding);
    const again = client.status(first, TaskState.TASK_FINISHED);
    await task(second, name);
    expect(
      await client.subscribe({
        unacknowledgedTasks: [],
        unacknowledgedUpdates: [{ status: again }],
      }),
    ).toBe(200);
    await client.acknowledged(again.uuid);
    await client.launched(second);
    await client.call({ type: Call_Type.UPDATE, update: { status: again } });
    expect(history(await node.ends(first))).toEqual(["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"]);
    await client.update(second, TaskState.TASK_RUNNING);
    await node.reaches(second, "TASK_RUNNING");
    await node.kill(second);
    const { kill } = await client.event(Event_Type.KILL);
    expect(kill?.taskId?.value).toBe(second);
    await client.update(second, TaskState.TASK_KILLED);
    expect((await node.ends(second)).status?.state).toBe("TASK_KILLED");
    client.close();
  });
});

/** Of one that is Running already. */
async function connectAgain(name: string, encoding: "json" | "protobuf") {
  const { status } = await executor(name);
  const text = readFileSync(join(status?.container?.sandbox ?? "", "env"), "utf8");
  const value = (key: string) => new RegExp(`^${key}=(.*)$`, "m").exec(text)?.[1] ?? "";
  const identity = {
    frameworkId: value("MESOS_FRAMEWORK_ID"),
    executorId: value("MESOS_EXECUTOR_ID"),
    token: value("MESOS_EXECUTOR_AUTHENTICATION_TOKEN"),
  };
  return { identity, client: new ExecutorClient(await node.port(), identity, encoding) };
}

describe("calls that are refused", () => {
  test("are answered as Mesos's agent answers", async () => {
    const { identity } = await connectAgain("x-json", "json");
    const port = await node.port();
    const as = (more: object) => new ExecutorClient(port, { ...identity, ...more });
    const message = { type: Call_Type.MESSAGE, message: { data: new Uint8Array([1]) } };
    expect((await as({}).call(message)).body).toBe("Executor is not subscribed");
    expect((await as({ token: "no" }).call(message)).status).toBe(403);
    expect((await as({ token: undefined }).call(message)).status).toBe(401);
    expect((await as({ frameworkId: "no" }).call(message)).body).toBe("Framework cannot be found");
    expect((await as({ executorId: "no" }).call(message)).body).toBe("Executor cannot be found");
    expect((await as({}).call({})).body).toBe(
      "Failed to validate Executor::Call: Expecting 'type' to be present",
    );
    expect((await as({}).call(message, { "Content-Type": "text/plain" })).status).toBe(415);
    expect((await ask(port, { method: "GET", path: "/api/v1/executor" })).status).toBe(405);
    const staging = as({}).status("t", TaskState.TASK_STAGING);
    const { status, body } = await as({}).call({ type: Call_Type.UPDATE, update: { status: staging } });
    expect([status, body]).toEqual([400, expect.stringContaining("TASK_STAGING")]);
  });
});

describe("an agent that is killed and comes back", () => {
  test("finds the executor again, and drops what that does not know", async () => {
    await make("x-back");
    await task("known", "x-back");
    await task("lost", "x-back");
    const { identity, client } = await connect("x-back");
    await client.subscribe();
    await client.launched("known");
    await client.launched("lost");
    const uuid = await client.update("known", TaskState.TASK_RUNNING);
    await client.acknowledged(uuid);
    await node.stopAgent("SIGKILL");
    await node.startAgent();
    const next = new ExecutorClient(await node.port(), identity);
    expect(await next.subscribe()).toBe(200);
    expect((await node.ends("lost")).status).toMatchObject({
      state: "TASK_DROPPED",
      reason: "REASON_AGENT_RESTARTED",
    });
    await next.update("known", TaskState.TASK_FINISHED);
    expect(history(await node.ends("known"))).toEqual(["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"]);
    next.close();
  });
});

describe("the end of an executor", () => {
  test("is that of its tasks", async () => {
    await make("x-dies", "env > env; while ! test -f go; do sleep 0.1; done; exit 3");
    await task("orphan", "x-dies");
    const { client } = await connect("x-dies");
    await client.subscribe();
    await client.launched("orphan");
    await client.update("orphan", TaskState.TASK_RUNNING);
    const { status } = await becomes("x-dies", "Running");
    await node.sh("signal", "touch /other/go", {
      volumes: [{ containerPath: "/other", mode: "RW", hostPath: status?.container?.sandbox ?? "" }],
    });
    expect((await node.ends("orphan")).status).toMatchObject({
      state: "TASK_FAILED",
      reason: "REASON_EXECUTOR_TERMINATED",
    });
    expect((await becomes("x-dies", "Ended")).status?.exit).toEqual({ code: 3 });
  });

  test("that is asked for is told to it, and comes by force when its grace is over", async () => {
    await make("x-deaf");
    await task("with-it", "x-deaf");
    const { client } = await connect("x-deaf");
    await client.subscribe();
    await client.launched("with-it");
    const ref = { namespace: node.namespace, name: "x-deaf" };
    await executors(node.connection).mergePatch(ref, { spec: { shutdown: {} } });
    await client.event(Event_Type.SHUTDOWN);
    const ended = await becomes("x-deaf", "Ended");
    expect(ended.status?.exit).toEqual({ signal: 9 });
    expect((await node.ends("with-it")).status?.reason).toBe("REASON_EXECUTOR_TERMINATED");
  });

  test("comes when it subscribes and has never got a task", async () => {
    await make("x-idle");
    await task("early", "x-idle");
    const { client } = await connect("x-idle");
    await node.kill("early");
    expect((await node.ends("early")).status?.reason).toBe("REASON_TASK_KILLED_DURING_LAUNCH");
    await client.subscribe();
    await client.event(Event_Type.SHUTDOWN);
    expect((await becomes("x-idle", "Ended")).status?.message).toContain("never been sent a task");
  });

  test("that cannot start is told as what it is", async () => {
    await make("x-none", "exit 1");
    await task("never", "x-none");
    expect((await node.ends("never")).status).toMatchObject({
      state: "TASK_FAILED",
      reason: "REASON_EXECUTOR_TERMINATED",
    });
  });
});
