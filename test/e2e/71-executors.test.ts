import { randomBytes } from "node:crypto";
import type { AddressInfo, Server } from "node:net";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "vitest";
import { enumName } from "../../src/wire/enums.ts";
import {
  ContainerInfo_Type,
  type ExecutorInfo,
  ExecutorInfo_Type,
  ExecutorInfoSchema,
  FrameworkInfo_Capability_Type,
  Image_Type,
  type Offer,
  Offer_Operation_Type,
  type Offer_OperationSchema,
  Resource_ReservationInfo_Type,
  type TaskInfo,
  TaskInfoSchema,
  TaskState,
  TaskStateSchema,
  TaskStatus_Reason,
  Value_Type,
  Volume_Mode,
} from "../../src/wire/gen/mesos/v1/mesos_pb.ts";
import { Call_Type, Event_Type } from "../../src/wire/gen/mesos/v1/scheduler/scheduler_pb.ts";
import { cpusOf, MesosClient } from "../integration/gateway/client.ts";
import { killAgent } from "./agents.ts";
import { readCgroup } from "./cgroup.ts";
import { until } from "./cluster.ts";
import { executorArchive } from "./executor/archive.ts";
import { gatewayAddress, letIn, serveGateway, shutOut } from "./gateway.ts";
import { openTunnel } from "./library.ts";
import { Scene } from "./scene.ts";

const EXECUTOR = { value: "worker" };

let scene: Scene;
let tunnel: Server;
let client: MesosClient;
let uris: string;
/** Where the executor runs. */
let agent = "";
const acknowledging = new AbortController();

beforeAll(async () => {
  scene = await Scene.open("executors");
  const password = randomBytes(12).toString("hex");
  await Promise.all([serveGateway(scene, true), letIn(scene, password), publish()]);
  tunnel = await openTunnel(await gatewayAddress(scene));
  const basic = Buffer.from(`${scene.namespace}:${password}`).toString("base64");
  const { port } = tunnel.address() as AddressInfo;
  client = new MesosClient(port, { headers: { Authorization: `Basic ${basic}` } });
});
afterAll(async () => {
  acknowledging.abort();
  client?.close();
  tunnel?.close();
  await shutOut(scene);
  await serveGateway(scene, false);
  await scene.close();
});

/** A Pod that serves the executor's archive, as a framework has it somewhere. */
async function publish(): Promise<void> {
  const { namespace, cluster } = scene;
  const metadata = { name: "archive", namespace };
  const binaryData = { "executor.tar.gz": (await executorArchive()).toString("base64") };
  const httpd = ["/bin/busybox", "httpd", "-f", "-p", "8080", "-h", "/www"];
  const volumeMounts = [{ name: "www", mountPath: "/www" }];
  await cluster.apply(
    { apiVersion: "v1", kind: "ConfigMap", metadata, binaryData },
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata,
      spec: {
        containers: [{ name: "httpd", image: cluster.test.image, command: httpd, volumeMounts }],
        volumes: [{ name: "www", configMap: { name: "archive" } }],
      },
    },
  );
  await scene.kubectl("wait", "--for=condition=Ready", "pod/archive", "--timeout=60s");
  const pod = await cluster.kinds.pods.get(metadata);
  uris = `http://${pod.status?.podIP}:8080/executor.tar.gz`;
}

const scalars = (cpus: number, mem: number) => [
  { name: "cpus", type: Value_Type.SCALAR, scalar: { value: cpus } },
  { name: "mem", type: Value_Type.SCALAR, scalar: { value: mem } },
];

/** Runs until it is killed, or for so many milliseconds, or writes into its volume: see the program. */
const taskOf = (id: string, does: number | "journal" = 0, more: object = {}): TaskInfo =>
  create(TaskInfoSchema, {
    name: id,
    taskId: { value: id },
    agentId: { value: agent },
    resources: scalars(0.05, 32),
    data: new Uint8Array(Buffer.from(String(does))),
    executor: executorInfo(),
    ...more,
  });

const executorInfo = (): ExecutorInfo =>
  create(ExecutorInfoSchema, {
    type: ExecutorInfo_Type.CUSTOM,
    executorId: EXECUTOR,
    frameworkId: { value: client.id },
    name: "worker",
    resources: scalars(0.1, 128),
    command: {
      shell: false,
      value: "/usr/local/bin/node",
      arguments: ["node", "/mnt/mesos/sandbox/lib/executor.cjs"],
      uris: [{ value: uris }],
    },
    container: {
      type: ContainerInfo_Type.MESOS,
      mesos: { image: { type: Image_Type.DOCKER, docker: { name: scene.cluster.test.image }, cached: true } },
    },
  });

/** Disk that is reserved for the framework's role, and the volume on it. */
const disk = () => ({
  name: "disk",
  type: Value_Type.SCALAR,
  scalar: { value: 32 },
  reservations: [
    { type: Resource_ReservationInfo_Type.DYNAMIC, role: scene.namespace, principal: scene.namespace },
  ],
});
const volume = () => ({
  ...disk(),
  disk: {
    persistence: { id: "journal", principal: scene.namespace },
    volume: { containerPath: "journal", mode: Volume_Mode.RW },
  },
});

/** What is open of one agent with what is asked for, in one or more offers: what a task gave back may be in one of its own. */
function openOffers(hasVolume: boolean): Offer[] {
  const agents = Map.groupBy(client.open(), (one) => one.agentId?.value ?? "");
  const fits = (offers: Offer[]) =>
    offers.some((one) => cpusOf(one) >= 0.5) &&
    (!hasVolume || offers.some((one) => one.resources.some((each) => each.disk?.persistence !== undefined)));
  const [, found = []] =
    [...agents].find(([id, offers]) => (agent === "" || id === agent) && fits(offers)) ?? [];
  return found;
}

/** Accepts offers of the executor's agent; the first of all chooses it. */
async function accept(operations: () => MessageInitShape<typeof Offer_OperationSchema>[], hasVolume = false) {
  const offers = await until("there is an offer", async () => {
    const open = openOffers(hasVolume);
    return open.length > 0 ? open : undefined;
  });
  agent = offers[0]?.agentId?.value ?? "";
  const offerIds = offers.map((one) => ({ value: one.id?.value ?? "" }));
  const filters = { refuseSeconds: 0 };
  const call = { type: Call_Type.ACCEPT, accept: { offerIds, operations: operations(), filters } };
  expect((await client.call(call)).status).toBe(202);
}

const launch = (...tasks: [id: string, ms?: number][]): Promise<void> =>
  accept(() => [
    {
      type: Offer_Operation_Type.LAUNCH,
      launch: { taskInfos: tasks.map(([id, ms]) => taskOf(id, ms)) },
    },
  ]);

const states = (id: string) => client.updates(id).map(({ state }) => enumName(TaskStateSchema, state));
/** Without those that were told again. */
const history = (id: string) => [
  ...new Map(
    client
      .updates(id)
      .map(({ uuid, state }) => [Buffer.from(uuid).toString("hex"), enumName(TaskStateSchema, state)]),
  ).values(),
];
const reaches = (id: string, state: string, timeout = 30_000) =>
  until(`${id} is ${state}`, async () => states(id).includes(state), { timeout }).catch((cause) => {
    const told = client.updates(id).map(({ message }, i) => `${states(id)[i]} ${message}`);
    throw new Error(`${id} is not ${state}: ${told.join("; ")}`, { cause });
  });

/** Each update once it is there. */
async function acknowledge(): Promise<void> {
  for (let next = 0; !acknowledging.signal.aborted; ) {
    const event = client.events[next];
    if (event === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      continue;
    }
    next += 1;
    const { taskId, agentId, uuid } = event.update?.status ?? {};
    if (uuid === undefined || uuid.length === 0 || taskId === undefined || agentId === undefined) continue;
    await client
      .call({ type: Call_Type.ACKNOWLEDGE, acknowledge: { taskId, agentId, uuid } })
      .catch(() => {});
  }
}

const executorObject = async () =>
  (await scene.cluster.kinds.executors.list({ namespace: scene.namespace })).items[0];

test("an executor made with mesos-framework runs tasks, and tells of them", async () => {
  await client.subscribe({
    frameworkInfo: {
      user: "",
      name: "executors",
      roles: [scene.namespace],
      failoverTimeout: 600,
      capabilities: [
        { type: FrameworkInfo_Capability_Type.PARTITION_AWARE },
        { type: FrameworkInfo_Capability_Type.MULTI_ROLE },
        { type: FrameworkInfo_Capability_Type.RESERVATION_REFINEMENT },
      ],
    },
  });
  void acknowledge();
  await launch(["long"], ["short", 1_000]);
  await reaches("short", "TASK_FINISHED", 60_000);
  await reaches("long", "TASK_RUNNING");
  expect(history("short")).toEqual(["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"]);
  const running = client.updates("long").find(({ state }) => state === TaskState.TASK_RUNNING);
  expect(running).toMatchObject({ executorId: EXECUTOR, message: "worker runs it" });
  expect(Buffer.from(running?.data ?? []).toString()).toMatch(/^TASK_RUNNING [0-9]+$/);
  const executor = await executorObject();
  expect(executor?.status?.state).toBe("Running");
  // Its own, and those of the task that is left.
  await until("its container may use what it and its task hold", async () => {
    if (executor === undefined) return false;
    const { memoryBytes, shares } = await readCgroup(scene.cluster, executor);
    return memoryBytes === 160 << 20 && shares === 153;
  });
  await until("the agent holds the executor and the task", async () => {
    const { status } = await scene.cluster.kinds.agents.get({ name: agent });
    return status?.allocated?.find(({ name }) => name === "mem")?.scalar === 160;
  });
});

test("messages go both ways, and offers name the executor", async () => {
  await until(
    "the executor has answered",
    async () => {
      const message = {
        agentId: { value: agent },
        executorId: EXECUTOR,
        data: new Uint8Array(Buffer.from("hello")),
      };
      await client.call({ type: Call_Type.MESSAGE, message });
      return client.events.some(({ message }) => Buffer.from(message?.data ?? []).toString() === "HELLO");
    },
    { every: 500 },
  );
  const offer = await until("an offer of the agent", async () =>
    client.open().find((one) => one.agentId?.value === agent),
  );
  expect(offer.executorIds).toMatchObject([EXECUTOR]);
});

test("a restart of the agent loses nothing and doubles nothing", async () => {
  await launch(["across", 4_000]);
  await reaches("across", "TASK_RUNNING");
  const { ended } = await killAgent(scene.cluster, agent);
  await ended;
  await reaches("across", "TASK_FINISHED");
  expect(history("across")).toEqual(["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"]);
  expect(states("long").at(-1)).toBe("TASK_RUNNING");
  const { status } = (await executorObject()) ?? {};
  expect(status?.state).toBe("Running");
  const output = await scene.cluster.onNode(agent, `cat '${status?.container?.sandbox}/stdout'`);
  expect(output.match(/^launch across$/gm)).toHaveLength(1);
  expect(output.match(/^subscribed$/gm)?.length).toBeGreaterThanOrEqual(2);
});

test("a task's volume is in the executor's sandbox for as long as the task is, and is kept", async () => {
  const writes = (id: string) => {
    const resources = [...scalars(0.05, 32), volume()];
    return {
      type: Offer_Operation_Type.LAUNCH,
      launch: { taskInfos: [taskOf(id, "journal", { resources })] },
    };
  };
  await accept(() => [
    { type: Offer_Operation_Type.RESERVE, reserve: { resources: [disk()] } },
    { type: Offer_Operation_Type.CREATE, create: { volumes: [volume()] } },
    writes("first"),
  ]);
  await reaches("first", "TASK_FINISHED");
  await accept(() => [writes("second")], true);
  await reaches("second", "TASK_FINISHED");
  const [last] = client.updates("second").slice(-1);
  expect(last?.message).toBe("first second ");
  const without = taskOf("without", "journal");
  await accept(() => [{ type: Offer_Operation_Type.LAUNCH, launch: { taskInfos: [without] } }]);
  await reaches("without", "TASK_FINISHED");
  expect(client.updates("without").at(-1)?.message).toBe("no volume");
  await accept(
    () => [
      { type: Offer_Operation_Type.DESTROY, destroy: { volumes: [volume()] } },
      { type: Offer_Operation_Type.UNRESERVE, unreserve: { resources: [disk()] } },
    ],
    true,
  );
});

test("a group comes in one event; what becomes of its tasks is the executor's", async () => {
  const tasks = ["left", "right"].map((id) => taskOf(id, 0, { command: { value: "true" } }));
  await accept(() => [
    {
      type: Offer_Operation_Type.LAUNCH_GROUP,
      launchGroup: { executor: executorInfo(), taskGroup: { tasks } },
    },
  ]);
  await Promise.all([reaches("left", "TASK_RUNNING"), reaches("right", "TASK_RUNNING")]);
  await client.call({
    type: Call_Type.KILL,
    kill: { taskId: { value: "left" }, agentId: { value: agent } },
  });
  await reaches("left", "TASK_KILLED");
  const { status } = (await executorObject()) ?? {};
  const output = await scene.cluster.onNode(agent, `cat '${status?.container?.sandbox}/stdout'`);
  expect(output.match(/^group .*$/gm)).toEqual(["group left right"]);
  expect(states("right").at(-1)).toBe("TASK_RUNNING");
});

test("a kill goes to the executor, and SHUTDOWN ends it with its tasks", async () => {
  const kill = { taskId: { value: "long" }, agentId: { value: agent } };
  await client.call({ type: Call_Type.KILL, kill });
  await reaches("long", "TASK_KILLED");
  expect(history("long").at(-1)).toBe("TASK_KILLED");
  await launch(["last"]);
  await reaches("last", "TASK_RUNNING");
  await client.call({
    type: Call_Type.SHUTDOWN,
    shutdown: { executorId: EXECUTOR, agentId: { value: agent } },
  });
  await Promise.all([reaches("last", "TASK_KILLED"), reaches("right", "TASK_KILLED")]);
  const failure = await client.event(Event_Type.FAILURE);
  expect(failure.failure).toMatchObject({ agentId: { value: agent }, executorId: EXECUTOR, status: 0 });
  expect((await executorObject())?.status).toMatchObject({ state: "Ended", exit: { code: 0 } });
});

test("a drain kills its tasks through it, with their reason, and shuts it down", async () => {
  await launch(["drained"]);
  await reaches("drained", "TASK_RUNNING", 60_000);
  const { items } = await scene.cluster.kinds.executors.list({ namespace: scene.namespace });
  const name = items.find(({ status }) => status?.state === "Running")?.metadata.name ?? "";
  try {
    const drain = ["drain", agent, "--grace", "20s", "--wait", "--timeout", "60"];
    expect(await scene.mesos(...drain)).toBe(`agent ${agent} is drained\n`);
    await reaches("drained", "TASK_KILLED");
    expect(client.updates("drained").at(-1)?.reason).toBe(TaskStatus_Reason.AGENT_DRAINING);
    const ref = { namespace: scene.namespace, name };
    const { status } = await scene.cluster.kinds.executors.get(ref);
    expect(status).toMatchObject({ state: "Ended", exit: { code: 0 } });
    const output = await scene.cluster.onNode(agent, `cat '${status?.container?.sandbox}/stdout'`);
    expect(output.match(/^(kill drained|shutdown)$/gm)).toEqual(["kill drained", "shutdown"]);
  } finally {
    await scene.mesos("reactivate", agent);
  }
});

test("it tears down: nothing of it is left", async () => {
  await client.call({ type: Call_Type.TEARDOWN });
  await until("the Framework is gone", async () => {
    const { items } = await scene.cluster.kinds.frameworks.list({ namespace: scene.namespace });
    return items.length === 0;
  });
});
