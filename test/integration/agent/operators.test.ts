import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Authority } from "../../../hack/devcluster/certificates.ts";
import type { Task } from "../../../src/api/task.ts";
import { agents } from "../../../src/client/handles.ts";
import type { Live } from "../../../src/cluster/object.ts";
import { MESOS_VERSION } from "../../../src/convert/master.ts";
import { WRITTEN_CALLS } from "../../../src/wire/agent.fixture.ts";
import { decode } from "../../../src/wire/codec.ts";
import {
  Call_Type,
  Response_Type,
  Response_TypeSchema,
  ResponseSchema,
} from "../../../src/wire/gen/mesos/v1/agent/agent_pb.ts";
import { encodeRecord } from "../../../src/wire/recordio.ts";
import { bytesOf, textOf } from "../../../src/wire/written.fixture.ts";
import { EVERYTHING, tokenOf } from "./account.ts";
import { AgentNode } from "./agentNode.ts";
import { OperatorClient } from "./operatorClient.ts";

const SERVERNAME = "agent.test";
const dir = mkdtempSync(join(tmpdir(), "agent-operators-"));

let node: AgentNode;
let ca: string;
let task: Live<Task>;
/** May do everything; may see tasks alone; may do nothing. */
let admin: OperatorClient;
let binary: OperatorClient;
let viewer: OperatorClient;
let stranger: OperatorClient;

beforeAll(async () => {
  const authority = await Authority.open(dir);
  ca = authority.certificate;
  const files = await authority.issueFile("agent", { commonName: "agent", names: [SERVERNAME] });
  node = await AgentNode.start({ http: { port: 0, tls: { cert: files.certificate, key: files.key } } });
  await node.sh("web", "echo started; echo trouble >&2; echo noted > note.txt; mkdir logs; exec sleep 1000", {
    taskId: "web.1",
    labels: { tier: "front" },
  });
  task = await node.reaches("web", "TASK_RUNNING");
  admin = await clientOf("admin", EVERYTHING);
  binary = await clientOf("binary", EVERYTHING, "protobuf");
  viewer = await clientOf("viewer", [
    { apiGroups: ["mesos.dev"], resources: ["tasks"], verbs: ["get", "list"] },
  ]);
  stranger = await clientOf("stranger", []);
}, 180_000);
afterAll(async () => {
  await node?.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function clientOf(name: string, rules: readonly object[], encoding: "json" | "protobuf" = "json") {
  return new OperatorClient(await target({ token: await tokenOf(node, name, rules) }), encoding);
}

const target = async (more: { readonly token?: string }) => ({
  host: "127.0.0.1",
  port: await node.port(),
  tls: { ca, servername: SERVERNAME },
  ...more,
});
const sandbox = () => task.status?.container?.sandbox ?? "";
const inTask = (value: string) => ({ value, parent: { value: task.metadata.uid } });
const shell = (value: string) => ({ shell: true, value });

describe("who asks", () => {
  test("must be somebody, and be allowed to", async () => {
    const nobody = new OperatorClient(await target({}));
    const impostor = new OperatorClient(await target({ token: "made.up.token" }));
    const answers = await Promise.all([
      nobody.get("/state"),
      impostor.get("/state"),
      stranger.get("/state"),
      viewer.get("/state"),
      viewer.get("/files/browse", { path: sandbox() }),
      admin.get("/state"),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 403, 403, 403, 200]);
    expect(answers[0]?.headers["www-authenticate"]).toContain("Bearer");
    expect(answers[4]?.body.toString()).toContain("get tasks.mesos.dev/log 'web'");
  });

  test("is told of the tasks alone that it may list", async () => {
    const told = async (client: OperatorClient) =>
      (await client.call({ type: Call_Type.GET_TASKS })).getTasks?.launchedTasks.map(({ name }) => name);
    expect(await told(viewer)).toEqual(["web.1"]);
    expect(await told(stranger)).toEqual([]);
  });

  test("is not served without TLS, but for what asks for no credentials", async () => {
    const plain = new OperatorClient({ host: "127.0.0.1", port: await node.port() });
    expect(await plain.get("/health")).toMatchObject({ status: 200 });
    expect(await plain.json("/slave(1)/version")).toMatchObject({ version: MESOS_VERSION });
    expect(await plain.get("/state")).toMatchObject({ status: 403 });
    expect(await plain.post({ type: Call_Type.GET_HEALTH })).toMatchObject({ status: 403 });
  });
});

describe("a session", () => {
  test.each(["json", "protobuf"] as const)("carries input, output and the exit code, in %s", async (form) => {
    const client = form === "json" ? admin : binary;
    const containerId = inTask(`session-${form}`);
    const output = await client.output({
      type: Call_Type.LAUNCH_NESTED_CONTAINER_SESSION,
      launchNestedContainerSession: {
        containerId,
        command: shell("echo $MESOS_TASK_ID; pwd; echo oops >&2; read a; echo got $a; cat; exit 4"),
      },
    });
    expect(output.headers).toMatchObject({
      "content-type": "application/recordio",
      "message-content-type": form === "json" ? "application/json" : "application/x-protobuf",
    });
    const input = client.input(containerId);
    input.write("line\n");
    await node.eventually(() => expect(output.stdout).toContain("got line"));
    input.write("rest");
    input.write("");
    await output.ended;
    expect(output.stdout).toBe("web.1\n/mnt/mesos/sandbox\ngot line\nrest");
    expect(output.stderr).toBe("oops\n");
    expect(await input.end()).toMatchObject({ status: 200 });
    const { waitNestedContainer } = await client.call({
      type: Call_Type.WAIT_NESTED_CONTAINER,
      waitNestedContainer: { containerId },
    });
    expect(waitNestedContainer?.exitStatus).toBe(4 << 8);
  });

  test("has a terminal where one is asked for", async () => {
    const containerId = inTask("terminal");
    const ttyInfo = { windowSize: { rows: 20, columns: 70 } };
    const output = await admin.output({
      type: Call_Type.LAUNCH_NESTED_CONTAINER_SESSION,
      launchNestedContainerSession: {
        containerId,
        command: shell("stty size; read line; stty size"),
        container: { type: 2, ttyInfo },
      },
    });
    await node.eventually(() => expect(output.stdout).toContain("20 70"));
    const input = admin.input(containerId);
    input.resize(25, 75);
    input.write("go\n");
    await output.ended;
    expect(output.stdout).toContain("25 75");
    await input.end();
  });

  test("ends when its client leaves; others may look on meanwhile", async () => {
    const containerId = inTask("left");
    const command = shell("i=0; while :; do echo tick $i; i=$((i+1)); sleep 0.1; done");
    const owner = await admin.output({
      type: Call_Type.LAUNCH_NESTED_CONTAINER_SESSION,
      launchNestedContainerSession: { containerId, command },
    });
    const attachContainerOutput = { containerId };
    const viewer = await admin.output({ type: Call_Type.ATTACH_CONTAINER_OUTPUT, attachContainerOutput });
    await node.eventually(() => expect(viewer.stdout).toContain("tick"));
    owner.leave();
    await viewer.ended;
    const { waitContainer } = await admin.call({
      type: Call_Type.WAIT_CONTAINER,
      waitContainer: { containerId },
    });
    expect(waitContainer?.exitStatus).toBe(9);
  });

  test("is refused to who may not, and below what is no task's", async () => {
    const launch = (client: OperatorClient, parent: string) =>
      client.output({
        type: Call_Type.LAUNCH_NESTED_CONTAINER_SESSION,
        launchNestedContainerSession: {
          containerId: { value: "x", parent: { value: parent } },
          command: shell("true"),
        },
      });
    await expect(launch(viewer, task.metadata.uid)).rejects.toThrow(/403 .*create tasks.mesos.dev\/exec/);
    await expect(launch(admin, "nobody")).rejects.toThrow("400 Parent container nobody does not exist");
  });
});

describe("a nested container", () => {
  test("is launched, listed, killed, waited for and removed", async () => {
    const containerId = inTask("job");
    const launch = { containerId, command: shell("echo working; exec sleep 1000") };
    const launched = { type: Call_Type.LAUNCH_CONTAINER, launchContainer: launch };
    expect(await admin.post(launched)).toMatchObject({ status: 200 });
    expect(await admin.post(launched)).toMatchObject({ status: 202 });
    const { getContainers } = await admin.call({
      type: Call_Type.GET_CONTAINERS,
      getContainers: { showNested: true },
    });
    expect(getContainers?.containers.map((one) => one.containerId?.value)).toEqual([
      task.metadata.uid,
      "job",
    ]);
    expect(getContainers?.containers[0]?.resourceStatistics?.memTotalBytes).toBeGreaterThan(0n);
    const stdout = `${sandbox()}/containers/job/stdout`;
    await node.eventually(async () => {
      expect((await admin.json("/files/read", { path: stdout, offset: "0" })).data).toBe("working\n");
    });
    const removal = { type: Call_Type.REMOVE_CONTAINER, removeContainer: { containerId } };
    expect(await admin.post(removal)).toMatchObject({ status: 400 });
    const kill = { type: Call_Type.KILL_CONTAINER, killContainer: { containerId, signal: 15 } };
    expect(await admin.post(kill)).toMatchObject({ status: 200 });
    const { waitContainer } = await admin.call({
      type: Call_Type.WAIT_CONTAINER,
      waitContainer: { containerId },
    });
    expect(waitContainer?.exitStatus).toBe(15);
    expect(await admin.post(kill)).toMatchObject({ status: 404 });
    expect(await admin.post(removal)).toMatchObject({ status: 200 });
    expect(await admin.get("/files/read", { path: stdout })).toMatchObject({ status: 404 });
  });
});

describe("the sandbox", () => {
  test("is browsed, read and downloaded by its path, and by Mesos's name for it", async () => {
    const [framework] = (await admin.json("/state")).frameworks;
    const [executor] = framework.executors;
    expect(executor).toMatchObject({ id: "web.1", container: task.metadata.uid, directory: sandbox() });
    const virtual = `/frameworks/${framework.id}/executors/web.1/runs/latest`;
    for (const path of [sandbox(), virtual]) {
      const listed = await admin.json("/files/browse", { path });
      expect(listed.map((file: { path: string }) => file.path)).toEqual(
        ["logs", "note.txt", "stderr", "stdout"].map((name) => `${path}/${name}`),
      );
      expect(listed[1]).toMatchObject({
        size: 6,
        nlink: 1,
        mode: expect.stringMatching(/^-rw/),
        uid: "root",
      });
      const note = `${path}/note.txt`;
      expect(await admin.json("/files/read", { path: note, offset: "2", length: "2" })).toEqual({
        offset: 2,
        data: "te",
      });
      expect(await admin.json("/files/read", { path: note })).toEqual({ offset: 6, data: "" });
      const { body, headers } = await admin.get("/files/download", { path: note });
      expect(body.toString()).toBe("noted\n");
      expect(headers["content-disposition"]).toBe("attachment; filename=note.txt");
      const readFile = { path: note, offset: 1n };
      const read = (await binary.call({ type: Call_Type.READ_FILE, readFile })).readFile;
      expect([read?.size, Buffer.from(read?.data ?? []).toString()]).toEqual([6n, "oted\n"]);
      const { listFiles } = await binary.call({ type: Call_Type.LIST_FILES, listFiles: { path } });
      expect(listFiles?.fileInfos.map((file) => file.path)).toContain(note);
    }
  });

  test.each([
    ["/etc/passwd", 404],
    ["absent", 404],
    ["../../../../../etc", 404],
    ["logs", 400],
  ])("leads to no %s", async (name, status) => {
    const path = name.startsWith("/") ? name : `${sandbox()}/${name}`;
    expect(await admin.get("/files/read", { path, offset: "0" })).toMatchObject({ status });
  });
});

describe("what it tells of itself", () => {
  test("/state, in Mesos's names and types", async () => {
    const state = await admin.json("/slave(1)/state.json");
    expect(state).toMatchObject({
      version: MESOS_VERSION,
      id: node.name,
      pid: expect.stringMatching(/^slave\(1\)@127\.0\.0\.1:\d+$/),
      start_time: expect.any(Number),
      resources: { cpus: expect.any(Number), mem: expect.any(Number), disk: expect.any(Number) },
      flags: { work_dir: node.work },
      completed_frameworks: [],
    });
    const [told] = state.frameworks[0].executors[0].tasks;
    expect(told).toMatchObject({
      id: "web.1",
      framework_id: state.frameworks[0].id,
      slave_id: node.name,
      state: "TASK_RUNNING",
      resources: { cpus: 0.1, mem: 32, gpus: 0, disk: 0 },
      labels: [{ key: "tier", value: "front" }],
    });
    expect(told.statuses.map((status: { state: string }) => status.state)).toEqual([
      "TASK_STARTING",
      "TASK_RUNNING",
    ]);
  });

  test("/monitor/statistics and /containers", async () => {
    const [found] = await admin.json("/monitor/statistics");
    expect(found).toMatchObject({
      executor_id: "web.1",
      source: "web.1",
      statistics: {
        cpus_limit: 0.1,
        timestamp: expect.any(Number),
        cpus_user_time_secs: expect.any(Number),
        mem_rss_bytes: expect.any(Number),
        processes: expect.any(Number),
      },
    });
    const query = { container_id: task.metadata.uid };
    expect(await admin.json("/containers", query)).toMatchObject([
      {
        container_id: task.metadata.uid,
        status: { network_infos: [{ ip_addresses: [{ ip_address: "127.0.0.1" }] }] },
      },
    ]);
    expect(await admin.json("/containers", { container_id: "another" })).toEqual([]);
  });

  test("/metrics/snapshot, /flags and the calls for them", async () => {
    const metrics = await admin.json("/metrics/snapshot");
    expect(metrics).toMatchObject({
      "slave/tasks_running": 1,
      "slave/cpus_used": 0.1,
      "slave/registered": 1,
    });
    const { getMetrics } = await binary.call({ type: Call_Type.GET_METRICS, getMetrics: {} });
    expect(getMetrics?.metrics.find(({ name }) => name === "slave/tasks_running")?.value).toBe(1);
    expect((await admin.json("/flags")).flags.work_dir).toBe(node.work);
    const { getFlags } = await admin.call({ type: Call_Type.GET_FLAGS });
    expect(getFlags?.flags).toContainEqual(expect.objectContaining({ name: "work_dir", value: node.work }));
  });

  test("GET_STATE, GET_AGENT and the like, in both encodings", async () => {
    await agents(node.connection).mergePatch({ name: node.name }, { spec: { draining: { markGone: true } } });
    for (const client of [admin, binary]) {
      const { type, getState } = await client.call({ type: Call_Type.GET_STATE });
      expect(type).toBe(Response_Type.GET_STATE);
      expect(getState?.getTasks?.launchedTasks[0]?.taskId?.value).toBe("web.1");
      expect(getState?.getExecutors?.executors[0]?.executorInfo?.executorId?.value).toBe("web.1");
      expect(getState?.getFrameworks?.frameworks[0]?.frameworkInfo?.name).toBe("mesos");
      expect((await client.call({ type: Call_Type.GET_HEALTH })).getHealth?.healthy).toBe(true);
      await node.eventually(async () => {
        const { getAgent } = await client.call({ type: Call_Type.GET_AGENT });
        expect(getAgent?.agentInfo?.id?.value).toBe(node.name);
        expect(getAgent?.drainConfig?.markGone).toBe(true);
      });
    }
  });

  test("its log's level, for a while", async () => {
    const level = async () =>
      (await admin.call({ type: Call_Type.GET_LOGGING_LEVEL })).getLoggingLevel?.level;
    expect(await level()).toBe(0);
    const set = (nanoseconds: bigint) => ({
      type: Call_Type.SET_LOGGING_LEVEL,
      setLoggingLevel: { level: 1, duration: { nanoseconds } },
    });
    expect(await viewer.post(set(1n))).toMatchObject({ status: 403 });
    expect(await admin.post(set(1_000_000_000n))).toMatchObject({ status: 200 });
    expect(await level()).toBe(1);
    await node.eventually(async () => expect(await level()).toBe(0));
  });
});

describe.each(["json", "protobuf"] as const)("each call by hand in %s", (encoding) => {
  const type = encoding === "json" ? "application/json" : "application/x-protobuf";
  /** Of a container that is not there, a file that is not, and of what no agent has here. Reads: 200. */
  const answers: Readonly<Record<string, number>> = {
    LIST_FILES: 404,
    READ_FILE: 404,
    LAUNCH_NESTED_CONTAINER: 400,
    WAIT_NESTED_CONTAINER: 404,
    KILL_NESTED_CONTAINER: 404,
    REMOVE_NESTED_CONTAINER: 404,
    LAUNCH_NESTED_CONTAINER_SESSION: 400,
    ATTACH_CONTAINER_INPUT: 415,
    ATTACH_CONTAINER_OUTPUT: 404,
    LAUNCH_CONTAINER: 400,
    WAIT_CONTAINER: 404,
    KILL_CONTAINER: 404,
    REMOVE_CONTAINER: 404,
    ADD_RESOURCE_PROVIDER_CONFIG: 501,
    UPDATE_RESOURCE_PROVIDER_CONFIG: 501,
    REMOVE_RESOURCE_PROVIDER_CONFIG: 501,
    MARK_RESOURCE_PROVIDER_GONE: 501,
    PRUNE_IMAGES: 501,
  };

  test.each(WRITTEN_CALLS)("$type", async (call) => {
    const body = encoding === "json" ? textOf(call) : bytesOf(call);
    const { status, body: told } = await admin.send(body, { "Content-Type": type, Accept: type });
    expect([status, status === 200 ? "" : told.toString()]).toEqual([
      answers[call.type] ?? 200,
      expect.any(String),
    ]);
    if (status !== 200 || told.length === 0) return;
    const { type: number } = decode(encoding, ResponseSchema, told, "Response");
    expect(Response_TypeSchema.value[number]?.name).toBe(call.type);
  });

  test("ATTACH_CONTAINER_INPUT as a stream of records", async () => {
    const [call] = WRITTEN_CALLS.filter((one) => one.type === "ATTACH_CONTAINER_INPUT");
    if (call === undefined) throw new Error("no such call");
    const record = encodeRecord(encoding === "json" ? Buffer.from(textOf(call)) : bytesOf(call));
    const headers = { "Content-Type": "application/recordio", "Message-Content-Type": type };
    expect(await admin.send(record, headers)).toMatchObject({ status: 404 });
  });
});

describe("what is no call", () => {
  test.each([
    ["no type", {}, {}, 400, "Failed to validate agent::Call: Expecting 'type' to be present"],
    ["no arguments", { type: Call_Type.LIST_FILES }, {}, 400, "Expecting 'list_files' to be present"],
    ["a type that is not served", { type: Call_Type.PRUNE_IMAGES }, {}, 501, ""],
    [
      "an encoding that nobody knows",
      { type: Call_Type.GET_HEALTH },
      { "Content-Type": "text/plain" },
      415,
      "Expecting 'Content-Type' of",
    ],
    [
      "an answer that nobody reads",
      { type: Call_Type.GET_HEALTH },
      { Accept: "text/html" },
      406,
      "Expecting 'Accept' to allow",
    ],
    [
      "a stream for an answer",
      { type: Call_Type.GET_HEALTH },
      { Accept: "application/recordio" },
      406,
      "Streaming response is not supported for GET_HEALTH call",
    ],
  ] as const)("%s", async (_what, call, headers, status, text) => {
    const answer = await admin.post(call, headers);
    expect([answer.status, answer.body.toString()]).toEqual([status, expect.stringContaining(text)]);
  });

  test("another method, another path", async () => {
    expect(await admin.get("/api/v1")).toMatchObject({ status: 405 });
    expect(await admin.get("/nothing")).toMatchObject({ status: 404 });
  });
});

// Last: it ends the agent.
test("sessions of an agent that was killed end with the next one; nested containers go on", async () => {
  const launchContainer = { containerId: inTask("stays"), command: shell("exec sleep 1000") };
  await admin.post({ type: Call_Type.LAUNCH_CONTAINER, launchContainer });
  const session = { containerId: inTask("goes"), command: shell("exec sleep 1001") };
  const lost = await admin.output({
    type: Call_Type.LAUNCH_NESTED_CONTAINER_SESSION,
    launchNestedContainerSession: session,
  });
  const runtime = await node.containerd.client();
  const running = async () => (await runtime.nested.list(task.metadata.uid)).map(({ id }) => id).sort();
  expect(await running()).toEqual(["goes", "stays"]);
  await node.stopAgent("SIGKILL");
  await lost.ended;
  await node.startAgent();
  await node.eventually(async () => expect(await running()).toEqual(["stays"]));
});
