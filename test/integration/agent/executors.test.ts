import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { executors } from "../../../src/client/handles.ts";
import { callText, writtenCalls } from "../../../src/wire/executor.fixture.ts";
import { Call_Type, Event_Type } from "../../../src/wire/gen/mesos/v1/executor/executor_pb.ts";
import { TaskState } from "../../../src/wire/gen/mesos/v1/mesos_pb.ts";
import { bytesOf } from "../../../src/wire/written.fixture.ts";
import { ask } from "../gateway/client.ts";
import { AgentNode, history } from "./agentNode.ts";
import { ExecutorClient } from "./executorClient.ts";
import { ExecutorScene } from "./executorScene.ts";

let node: AgentNode;
let scene: ExecutorScene;
beforeAll(async () => {
  node = await AgentNode.start();
  scene = await ExecutorScene.on(node);
}, 180_000);
afterAll(() => node?.stop());

describe.each(["json", "protobuf"] as const)("an executor that speaks %s", (encoding) => {
  const [name, first, second] = [`x-${encoding}`, `a-${encoding}`, `b-${encoding}`];

  test("is told who it is, gets its task, and its updates become the task's", async () => {
    await scene.make(name);
    await scene.task(first, name);
    const { env, client } = await scene.connect(name, encoding);
    expect(env).toMatchObject({
      MESOS_FRAMEWORK_ID: scene.framework.metadata.uid,
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
    await scene.becomes(name, "Running");
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
    const { client } = await scene.connectAgain(name, encoding);
    const again = client.status(first, TaskState.TASK_FINISHED);
    await scene.task(second, name);
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

describe.each(["json", "protobuf"] as const)("calls by hand in %s", (encoding) => {
  const name = `x-hand-${encoding}`;

  test("are taken, and answered on the stream", async () => {
    await scene.make(name);
    await scene.task(`hand-${encoding}`, name);
    const { identity, client } = await scene.connect(name, encoding);
    const caller = { framework: identity.frameworkId, executor: name };
    const [subscribe, ...rest] = writtenCalls(caller).map((call) =>
      encoding === "json" ? Buffer.from(callText(caller, call)) : bytesOf(call),
    );
    expect(await client.subscribeWith(subscribe ?? Buffer.alloc(0))).toBe(200);
    await client.launched(`hand-${encoding}`);
    const { acknowledged } = await client.event(Event_Type.ACKNOWLEDGED);
    expect(acknowledged?.taskId?.value).toBe("t");
    for (const body of rest) expect(await client.send(body)).toMatchObject({ status: 202, body: "" });
    await node.eventually(() =>
      expect(client.events.filter(({ type }) => type === Event_Type.ACKNOWLEDGED)).toHaveLength(2),
    );
    expect((await client.call({ type: Call_Type.UNKNOWN })).status).toBe(501);
    client.close();
  });
});

describe("calls that are refused", () => {
  test("are answered as Mesos's agent answers", async () => {
    const { identity } = await scene.connectAgain("x-json", "json");
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
    const subscribe = { type: Call_Type.SUBSCRIBE, subscribe: {} };
    expect((await as({}).call(subscribe, { Accept: "text/html" })).status).toBe(406);
    const staging = as({}).status("t", TaskState.TASK_STAGING);
    const { status, body } = await as({}).call({ type: Call_Type.UPDATE, update: { status: staging } });
    expect([status, body]).toEqual([400, expect.stringContaining("TASK_STAGING")]);
  });
});

describe("an agent that is killed and comes back", () => {
  test("finds the executor again, and drops what that does not know", async () => {
    await scene.make("x-back");
    await scene.task("known", "x-back");
    await scene.task("lost", "x-back");
    const { identity, client } = await scene.connect("x-back");
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
    await scene.make("x-dies", "env > env; while ! test -f go; do sleep 0.1; done; exit 3");
    await scene.task("orphan", "x-dies");
    const { client } = await scene.connect("x-dies");
    await client.subscribe();
    await client.launched("orphan");
    await client.update("orphan", TaskState.TASK_RUNNING);
    const { status } = await scene.becomes("x-dies", "Running");
    await node.sh("signal", "touch /other/go", {
      volumes: [{ containerPath: "/other", mode: "RW", hostPath: status?.container?.sandbox ?? "" }],
    });
    expect((await node.ends("orphan")).status).toMatchObject({
      state: "TASK_FAILED",
      reason: "REASON_EXECUTOR_TERMINATED",
    });
    expect((await scene.becomes("x-dies", "Ended")).status?.exit).toEqual({ code: 3 });
  });

  test("that is asked for is told to it, and comes by force when its grace is over", async () => {
    await scene.make("x-deaf");
    await scene.task("with-it", "x-deaf");
    const { client } = await scene.connect("x-deaf");
    await client.subscribe();
    await client.launched("with-it");
    const ref = { namespace: node.namespace, name: "x-deaf" };
    await executors(node.connection).mergePatch(ref, { spec: { shutdown: {} } });
    await client.event(Event_Type.SHUTDOWN);
    const ended = await scene.becomes("x-deaf", "Ended");
    expect(ended.status?.exit).toEqual({ signal: 9 });
    expect((await node.ends("with-it")).status?.reason).toBe("REASON_EXECUTOR_TERMINATED");
  });

  test("comes when it subscribes and has never got a task", async () => {
    await scene.make("x-idle");
    await scene.task("early", "x-idle");
    const { client } = await scene.connect("x-idle");
    await node.kill("early");
    expect((await node.ends("early")).status?.reason).toBe("REASON_TASK_KILLED_DURING_LAUNCH");
    await client.subscribe();
    await client.event(Event_Type.SHUTDOWN);
    expect((await scene.becomes("x-idle", "Ended")).status?.message).toContain("never been sent a task");
  });

  test("that cannot start is told as what it is", async () => {
    await scene.make("x-none", "exit 1");
    await scene.task("never", "x-none");
    expect((await node.ends("never")).status).toMatchObject({
      state: "TASK_FAILED",
      reason: "REASON_EXECUTOR_TERMINATED",
    });
  });
});
