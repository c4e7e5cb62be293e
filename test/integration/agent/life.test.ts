import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { agentLeaseName } from "../../../src/api/group.ts";
import { agents, frameworks } from "../../../src/client/handles.ts";
import { leases, namespaces, secrets } from "../../../src/cluster/core.ts";
import { AgentNode, history } from "./agentNode.ts";

let node: AgentNode;
beforeAll(async () => {
  node = await AgentNode.start();
}, 180_000);
afterAll(() => node?.stop());

test("the agent registers itself, owned by its node, and renews its Lease", async () => {
  const agent = await node.eventually(async () => {
    const found = await agents(node.connection).get({ name: node.name });
    expect(found.status?.bootId).toBeDefined();
    return found;
  });
  expect(agent.metadata.ownerReferences).toMatchObject([{ kind: "Node", name: node.name }]);
  expect(agent.status).toMatchObject({ addresses: ["127.0.0.1"], containerd: expect.any(String) });
  const lease = await leases(node.connection).get({
    namespace: node.system,
    name: agentLeaseName(node.name),
  });
  expect(lease.spec?.leaseDurationSeconds).toBe(75);
});

describe("a task", () => {
  test("is started, runs in its sandbox, and finishes", async () => {
    await node.sh("hello", "echo hello; pwd; echo $MESOS_TASK_ID $MESOS_SANDBOX $HOST");
    const task = await node.ends("hello");
    expect(history(task)).toEqual(["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"]);
    expect(task.status).toMatchObject({
      state: "TASK_FINISHED",
      exit: { code: 0 },
      addresses: ["127.0.0.1"],
      container: { id: task.metadata.uid, image: expect.stringContaining("busybox") },
    });
    expect(node.output(task)).toBe("hello\n/mnt/mesos/sandbox\nhello /mnt/mesos/sandbox 127.0.0.1\n");
  });

  test.each([
    [
      "exit-3",
      "exit 3",
      { state: "TASK_FAILED", reason: "REASON_COMMAND_EXECUTOR_FAILED", exit: { code: 3 } },
    ],
    [
      "segfault",
      "sh -c 'kill -SEGV $$'; exit $?",
      { state: "TASK_FAILED", message: "Command terminated with signal Segmentation fault" },
    ],
    [
      "oom",
      "x=a; while :; do x=$x$x; done",
      { state: "TASK_FAILED", reason: "REASON_CONTAINER_LIMITATION_MEMORY", exit: { oom: true } },
    ],
  ])("%s tells how it ended", async (name, line, status) => {
    await node.sh(name, line);
    expect((await node.ends(name)).status).toMatchObject(status);
  });

  test("leaves nothing on the node but its sandbox", async () => {
    await node.sh("tidy", "sleep 1000 & echo done");
    const { metadata } = await node.ends("tidy");
    await node.eventually(async () => expect(await node.containers()).not.toContain(metadata.uid));
    const record = join(node.work, "meta/tasks", `${metadata.uid}.task`);
    expect(existsSync(record)).toBe(true);
    await node.tasks.delete({ namespace: node.namespace, name: "tidy" });
    await node.eventually(() => expect(existsSync(record)).toBe(false));
  });

  test("that takes too long, or too much disk, is failed for that", async () => {
    await node.sh("late", "sleep 1000", { maxCompletionTime: "1s" });
    await node.sh("greedy", "dd if=/dev/zero of=big bs=1M count=30; sleep 1000", {
      resources: [
        { name: "cpus", scalar: 0.1 },
        { name: "mem", quantity: "64Mi" },
        { name: "disk", quantity: "20Mi" },
      ],
    });
    expect((await node.ends("late")).status?.reason).toBe("REASON_MAX_COMPLETION_TIME_REACHED");
    expect((await node.ends("greedy")).status?.reason).toBe("REASON_CONTAINER_LIMITATION_DISK");
  });

  test.each([
    [
      "no-image",
      { container: { imagePullPolicy: "Never" as const, image: "localhost/none" } },
      "TASK_FAILED",
    ],
    ["no-user", { container: { imagePullPolicy: "Never" as const, user: "nobodyknows" } }, "TASK_ERROR"],
    [
      "no-uri",
      { uris: [{ value: "http://127.0.0.1:9/x", extract: true, executable: false, cache: false }] },
      "TASK_FAILED",
    ],
    ["no-secret", { env: [{ name: "X", secret: { name: "none", key: "k" } }] }, "TASK_FAILED"],
  ])(
    "%s: it ends without having run",
    async (name, spec, state) => {
      await node.sh(name, "echo never", spec);
      const task = await node.ends(name);
      expect(history(task)).toEqual(["TASK_STARTING", state]);
      expect(task.status?.message).not.toBe("");
    },
    60_000,
  );

  test("waits for the kubelet's grant, the oldest first", async () => {
    await node.grant({ cpu: "110m", memory: "4Gi" });
    await node.sh("first", "sleep 1000");
    await node.reaches("first", "TASK_RUNNING");
    await node.sh("second", "sleep 1000");
    await node.grant({ cpu: "4", memory: "4Gi" }, true);
    await node.kill("first", "0ms");
    await node.ends("first");
    expect((await node.get("second")).status?.state).toBeUndefined();
    await node.grant({ cpu: "4", memory: "4Gi" });
    await node.reaches("second", "TASK_RUNNING");
    await node.kill("second", "0ms");
    await node.ends("second");
  });
});

describe("a kill", () => {
  test("by the operator, of a task that has to leave, says why in the task's end", async () => {
    await node.sh("leaves", "trap 'exit 0' TERM; echo ready; while :; do sleep 0.1; done");
    const running = await node.reaches("leaves", "TASK_RUNNING");
    await node.eventually(() => expect(node.output(running)).toContain("ready"));
    const kill = {
      reason: "REASON_AGENT_DRAINING",
      message: "the taint maintenance:NoExecute is not tolerated",
    };
    await node.tasks.mergePatch({ namespace: node.namespace, name: "leaves" }, { spec: { kill } });
    const { status } = await node.ends("leaves");
    expect(status).toMatchObject({ state: "TASK_KILLED", reason: "REASON_AGENT_DRAINING" });
    expect(status?.message).toBe(`${kill.message}: Command exited with status 0`);
  });

  test("ends the whole tree: SIGTERM, the grace period, SIGKILL", async () => {
    const line =
      "trap 'echo asked' TERM; (trap '' TERM; echo deaf; while :; do sleep 0.1; done) & while :; do sleep 0.1; done";
    await node.sh("tree", line);
    const running = await node.reaches("tree", "TASK_RUNNING");
    await node.eventually(() => expect(node.output(running)).toContain("deaf"));
    await node.kill("tree", "1s");
    const task = await node.ends("tree");
    expect(history(task).slice(2)).toEqual(["TASK_KILLING", "TASK_KILLED"]);
    expect(task.status?.exit).toEqual({ signal: 9 });
    expect(node.output(task)).toContain("asked");
    await node.eventually(async () => expect(await node.containers()).not.toContain(task.metadata.uid));
  });

  test("before the start keeps it from starting", async () => {
    await node.grant({ cpu: "10m", memory: "4Gi" });
    await node.sh("unborn", "echo never");
    await node.kill("unborn");
    const task = await node.ends("unborn");
    expect(history(task)).toEqual(["TASK_KILLED"]);
    expect(task.status?.reason).toBe("REASON_TASK_KILLED_DURING_LAUNCH");
    await node.grant({ cpu: "4", memory: "4Gi" });
  });

  test("by the API: what has ended there, or is gone, is ended here", async () => {
    const line = "trap 'exit 0' TERM; while :; do sleep 0.1; done";
    const overruled = await node.sh("overruled", line);
    const deleted = await node.sh("deleted", line);
    await node.reaches("overruled", "TASK_RUNNING");
    await node.reaches("deleted", "TASK_RUNNING");
    const status = { state: "TASK_GONE_BY_OPERATOR", reason: "REASON_AGENT_REMOVED_BY_OPERATOR" };
    const ref = { namespace: node.namespace, name: "overruled" };
    await node.tasks.mergePatch(ref, { status }, { subresource: "status" });
    await node.tasks.delete({ namespace: node.namespace, name: "deleted" });
    await node.eventually(async () => {
      const left = await node.containers();
      expect(left).not.toContain(overruled.metadata.uid);
      expect(left).not.toContain(deleted.metadata.uid);
    });
    expect((await node.get("overruled")).status?.state).toBe("TASK_GONE_BY_OPERATOR");
  });
});

describe("checks", () => {
  const soon = { delay: "200ms", interval: "200ms", timeout: "5s" };

  test("a health check that fails three times in a row kills", async () => {
    await node.sh("sick", "trap 'exit 0' TERM; while :; do sleep 0.1; done", {
      healthCheck: {
        type: "COMMAND",
        command: { shell: true, value: "exit 5" },
        gracePeriod: "100ms",
        consecutiveFailures: 3,
        ...soon,
      },
    });
    const task = await node.ends("sick");
    expect(history(task).slice(1)).toEqual([...Array(4).fill("TASK_RUNNING"), "TASK_KILLING", "TASK_KILLED"]);
    expect(task.status?.healthy).toBe(false);
  });

  test("a check reports what it sees, when that changes", async () => {
    await node.sh("seen", "sleep 3; touch flag; sleep 1000", {
      check: { type: "COMMAND", command: { shell: true, value: "test -f /mnt/mesos/sandbox/flag" }, ...soon },
    });
    await node.eventually(async () =>
      expect((await node.get("seen")).status?.checkStatus).toEqual({ exitCode: 1 }),
    );
    await node.eventually(async () =>
      expect((await node.get("seen")).status?.checkStatus).toEqual({ exitCode: 0 }),
    );
    await node.kill("seen", "0ms");
    const reports = (await node.ends("seen")).status?.updates?.filter(
      ({ reason }) => reason === "REASON_TASK_CHECK_STATUS_UPDATED",
    );
    expect(reports).toHaveLength(2);
  });
});

test("secrets come as variables and as files in memory, and go with the task", async () => {
  const metadata = { name: "creds", namespace: node.namespace };
  await secrets(node.connection).create({
    metadata,
    data: { token: Buffer.from("hunter2").toString("base64") },
  });
  await node.sh(
    "secretive",
    'test "$TOKEN" = hunter2 && id -u && cat /creds/token && ls -ln /creds && df /creds',
    {
      env: [{ name: "TOKEN", secret: { name: "creds", key: "token" } }],
      volumes: [{ containerPath: "/creds", mode: "RO", secret: "creds" }],
      container: { imagePullPolicy: "IfNotPresent", user: "worker" },
    },
  );
  const task = await node.ends("secretive");
  const said = node.output(task);
  expect(said).toMatch(/^1000\nhunter2/);
  expect(said).toMatch(/-r--------\s+1 1000\s+1001\s+7 .* token/);
  expect(said).toContain("mesos-secrets");
  await node.eventually(() => expect(readdirSync(join(node.work, "secrets"))).toEqual([]));
});

test("a namespace's pod-security level is kept although the API let the task in", async () => {
  const name = `${node.namespace}-tight`;
  const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
  await namespaces(node.connection).create({ metadata: { name, labels } });
  const container = {
    imagePullPolicy: "IfNotPresent" as const,
    user: "root",
    network: { mode: "Host" as const },
  };
  await node.task("forbidden", { command: { shell: true, value: "id" }, container }, name);
  const task = await node.ends("forbidden", name);
  expect(task.status).toMatchObject({ state: "TASK_ERROR", reason: "REASON_TASK_UNAUTHORIZED" });
  expect(task.status?.message).toMatch(/restricted: .*network.*; the user must not be root/);
  expect(history(task)).toEqual(["TASK_ERROR"]);
});

describe("a group", () => {
  beforeAll(async () => {
    await frameworks(node.connection).create({
      apiVersion: "mesos.dev/v1alpha1",
      kind: "Framework",
      metadata: { name: "fw", namespace: node.namespace },
      spec: {
        roles: ["*"],
        capabilities: ["PARTITION_AWARE"],
        connection: { type: "Manual", leaseDuration: "15s" },
        failoverTimeout: "10m",
      },
    });
  });
  const member = (name: string, id: string, line: string, spec: object = {}) =>
    node.sh(name, line, { framework: "fw", group: { id, size: 2 }, ...spec });

  test("starts when it is whole, and a member that fails ends the others", async () => {
    await member("g1", "one", "sleep 1; exit 1");
    await member("g2", "one", "trap 'exit 0' TERM; while :; do sleep 0.1; done");
    expect((await node.ends("g1")).status?.state).toBe("TASK_FAILED");
    const other = await node.ends("g2");
    // This framework has no TASK_KILLING_STATE.
    expect(history(other)).toEqual(["TASK_STARTING", "TASK_RUNNING", "TASK_KILLED"]);
  });

  test("none runs when one cannot be launched", async () => {
    await member("h1", "two", "echo never", {
      container: { imagePullPolicy: "Never", image: "localhost/none" },
    });
    await member("h2", "two", "echo never");
    await node.ends("h1");
    expect(history(await node.ends("h2"))).toEqual(["TASK_STARTING", "TASK_KILLED"]);
  });
});
