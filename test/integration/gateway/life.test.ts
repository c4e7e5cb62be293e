import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uuidText } from "../../../src/convert/status.ts";
import {
  Offer_Operation_Type,
  TaskState,
  TaskStatus_Reason,
} from "../../../src/wire/gen/mesos/v1/mesos_pb.ts";
import { Call_Type, Event_Type } from "../../../src/wire/gen/mesos/v1/scheduler/scheduler_pb.ts";
import { cpusOf, type MesosClient } from "./client.ts";
import { info, type RunningGateway, Scene, taskInfo } from "./scene.ts";

describe.each(["json", "protobuf"] as const)("a scheduler that speaks %s", (encoding) => {
  let scene: Scene;
  let gateway: RunningGateway;
  let namespace: string;
  let client: MesosClient;

  beforeAll(async () => {
    scene = await Scene.start();
    namespace = await scene.cluster.namespace(`life-${encoding}`);
    gateway = await scene.gateway(namespace);
    await scene.cluster.join("n1");
    client = scene.client(gateway.port, { encoding });
  });
  afterAll(() => scene.stop());

  it("subscribes, and is a Framework", async () => {
    const subscribed = await scene.cluster.eventually(() =>
      client.subscribe({ frameworkInfo: info("Test Scheduler!") }),
    );
    expect(subscribed.type).toBe(Event_Type.SUBSCRIBED);
    expect(subscribed.subscribed?.heartbeatIntervalSeconds).toBe(15);
    const { items } = await scene.cluster.clients.frameworks.list({ namespace });
    expect(items).toHaveLength(1);
    expect(items[0]?.metadata.uid).toBe(client.id);
    expect(items[0]?.metadata.name).toMatch(/^test-scheduler-/);
    expect(items[0]?.spec).toMatchObject({
      roles: ["*"],
      connection: { type: "Gateway" },
      failoverTimeout: "3600s",
    });
    await scene.cluster.eventually(async () => {
      const { items } = await scene.cluster.clients.frameworks.list({ namespace });
      expect(items[0]?.status).toMatchObject({ connected: true, id: client.id });
    });
  });

  it("is offered what there is, and no Offer is written for it", async () => {
    const offer = await client.offer(1);
    expect(offer.agentId?.value).toBe("n1");
    expect(offer.frameworkId?.value).toBe(client.id);
    expect(offer.allocationInfo?.role).toBe("*");
    const names = offer.resources.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["cpus", "mem", "disk", "ports"]));
    expect(offer.resources.every(({ allocationInfo }) => allocationInfo?.role === "*")).toBe(true);
    expect((await scene.cluster.clients.offers.list({ namespace })).items).toEqual([]);
  });

  it("launches a task, hears of it and acknowledges", async () => {
    const offer = await client.offer(1);
    const launch = { taskInfos: [taskInfo("t/../1".replaceAll("/", "_"), "n1"), taskInfo("T_2", "n1")] };
    const answered = await client.call({
      type: Call_Type.ACCEPT,
      accept: {
        offerIds: [{ value: offer.id?.value ?? "" }],
        operations: [{ type: Offer_Operation_Type.LAUNCH, launch }],
        filters: { refuseSeconds: 0 },
      },
    });
    expect(answered).toMatchObject({ status: 202, body: "" });
    const task = await scene.task(namespace, "T_2");
    expect(task.spec).toMatchObject({
      taskId: "T_2",
      displayName: "T_2",
      role: "*",
      agent: "n1",
      command: { shell: true, value: "sleep 1" },
      resources: [
        { name: "cpus", scalar: 0.5 },
        { name: "mem", scalar: 64 },
      ],
    });
    const uuid = await scene.report(task, "TASK_RUNNING", { healthy: true });
    const update = await client.event(
      Event_Type.UPDATE,
      ({ update }) => update?.status?.taskId?.value === "T_2",
    );
    const status = update.update?.status;
    expect(status).toMatchObject({
      state: TaskState.TASK_RUNNING,
      agentId: { value: "n1" },
      healthy: true,
      containerStatus: { executorPid: 4242, networkInfos: [{ ipAddresses: [{ ipAddress: "10.1.2.3" }] }] },
    });
    expect(uuidText(status?.uuid ?? new Uint8Array())).toBe(uuid);
    // The next one waits for the acknowledgement of the first.
    await scene.report(task, "TASK_FINISHED");
    expect(client.updates("T_2")).toHaveLength(1);
    const acknowledge = {
      agentId: { value: "n1" },
      taskId: { value: "T_2" },
      uuid: status?.uuid ?? new Uint8Array(),
    };
    expect((await client.call({ type: Call_Type.ACKNOWLEDGE, acknowledge })).status).toBe(202);
    await client.event(Event_Type.UPDATE, ({ update }) => update?.status?.state === TaskState.TASK_FINISHED);
    await scene.cluster.eventually(async () => {
      expect((await scene.task(namespace, "T_2")).spec.acknowledged).toBe(uuid);
    });
    // The rest of the offer comes again: what was left was not refused.
    await client.offer(1);
  });

  it("is told of a task that cannot be launched", async () => {
    const offer = await client.offer(1);
    const bad = [
      taskInfo("no-agent", "n2"),
      taskInfo("T_2", "n1", { resources: [] }),
      taskInfo("too-much", "n1", {
        resources: [
          { name: "cpus", type: 0, scalar: { value: 400 } },
          { name: "mem", type: 0, scalar: { value: 1 } },
        ],
      }),
    ];
    const accept = {
      offerIds: [{ value: offer.id?.value ?? "" }],
      operations: [{ type: Offer_Operation_Type.LAUNCH, launch: { taskInfos: bad } }],
      filters: { refuseSeconds: 0 },
    };
    await client.call({ type: Call_Type.ACCEPT, accept });
    for (const [id, message] of [
      ["no-agent", /Task uses invalid agent n2 while agent n1 is expected/],
      ["T_2", /Task uses no resources/],
      ["too-much", /the task needs cpus:400/],
    ] as const) {
      const { update } = await client.event(
        Event_Type.UPDATE,
        (one) => one.update?.status?.taskId?.value === id && one.update.status.state === TaskState.TASK_ERROR,
      );
      const agentId = { value: id === "no-agent" ? "n2" : "n1" };
      expect(update?.status).toMatchObject({ reason: TaskStatus_Reason.TASK_INVALID, agentId });
      expect(update?.status?.message).toMatch(message);
      expect(update?.status?.uuid).toHaveLength(0);
    }
    // The same offer cannot be used twice.
    await client.call({
      type: Call_Type.ACCEPT,
      accept: {
        ...accept,
        operations: [{ type: Offer_Operation_Type.LAUNCH, launch: { taskInfos: [taskInfo("late", "n1")] } }],
      },
    });
    const { update } = await client.event(
      Event_Type.UPDATE,
      (one) => one.update?.status?.taskId?.value === "late",
    );
    expect(update?.status).toMatchObject({
      state: TaskState.TASK_DROPPED,
      reason: TaskStatus_Reason.INVALID_OFFERS,
      message: `Task launched with invalid offers: Offer ${offer.id?.value} is no longer valid`,
    });
  });

  it("reconciles, and kills", async () => {
    const first = "t_.._1";
    const task = await scene.task(namespace, first);
    await scene.report(task, "TASK_RUNNING");
    await client.event(Event_Type.UPDATE, ({ update }) => update?.status?.taskId?.value === first);
    const reconciled = (id: string) =>
      client.updates(id).filter(({ reason }) => reason === TaskStatus_Reason.RECONCILIATION);
    await client.call({ type: Call_Type.RECONCILE, reconcile: {} });
    await scene.cluster.eventually(() => expect(reconciled(first)).toHaveLength(1));
    expect(reconciled("T_2")).toHaveLength(0);
    const tasks = [
      { taskId: { value: first } },
      { taskId: { value: "gone" }, agentId: { value: "n1" } },
      { taskId: { value: "unknown" } },
      { taskId: { value: "nowhere" }, agentId: { value: "n9" } },
    ];
    await client.call({ type: Call_Type.RECONCILE, reconcile: { tasks } });
    await scene.cluster.eventually(() => {
      expect(reconciled(first)).toHaveLength(2);
      expect(reconciled("gone")[0]?.state).toBe(TaskState.TASK_GONE);
      expect(reconciled("unknown")[0]?.state).toBe(TaskState.TASK_UNKNOWN);
      expect(reconciled("nowhere")[0]?.state).toBe(TaskState.TASK_UNKNOWN);
    });
    const kill = { taskId: { value: first }, killPolicy: { gracePeriod: { nanoseconds: 7_000_000_000n } } };
    expect((await client.call({ type: Call_Type.KILL, kill })).status).toBe(202);
    await scene.cluster.eventually(async () => {
      expect((await scene.task(namespace, first)).spec.kill).toEqual({ gracePeriod: "7s" });
    });
    await client.call({
      type: Call_Type.KILL,
      kill: { taskId: { value: "never" }, agentId: { value: "n1" } },
    });
    await scene.cluster.eventually(() => expect(reconciled("never")[0]?.state).toBe(TaskState.TASK_GONE));
  });

  it("suppresses, declines and revives", async () => {
    const offer = await client.offer(1);
    await client.call({ type: Call_Type.SUPPRESS, suppress: {} });
    await client.call({
      type: Call_Type.DECLINE,
      decline: { offerIds: [{ value: offer.id?.value ?? "" }], filters: { refuseSeconds: 3600 } },
    });
    await scene.cluster.eventually(async () => {
      const { items } = await scene.cluster.clients.frameworks.list({ namespace });
      expect(items[0]?.spec.suppressedRoles).toEqual(["*"]);
    });
    expect(client.open().filter((one) => cpusOf(one) >= 1)).toEqual([]);
    await client.call({ type: Call_Type.REVIVE, revive: {} });
    await client.offer(1);
  });

  it("tears down", async () => {
    expect((await client.call({ type: Call_Type.TEARDOWN })).status).toBe(202);
    await client.ended;
    expect(await client.call({ type: Call_Type.REVIVE })).toMatchObject({
      status: 400,
      body: "Framework cannot be found",
    });
    const again = scene.client(gateway.port, { encoding });
    const refused = await again.attempt({ frameworkInfo: info("again", { id: { value: client.id } }) });
    expect(refused).toMatchObject({
      type: Event_Type.ERROR,
      error: { message: "Framework has been removed" },
    });
    await again.ended;
  });
});
