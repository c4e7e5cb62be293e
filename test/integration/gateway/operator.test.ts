import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  Call_Type,
  type Event,
  Event_Type,
  Response_Type,
} from "../../../src/wire/gen/mesos/v1/master/master_pb.ts";
import { Offer_Operation_Type, TaskState } from "../../../src/wire/gen/mesos/v1/mesos_pb.ts";
import { Call_Type as Scheduler } from "../../../src/wire/gen/mesos/v1/scheduler/scheduler_pb.ts";
import { WRITTEN_CALLS } from "../../../src/wire/master.fixture.ts";
import { type Encoding, MEDIA_TYPE } from "../../../src/wire/media.ts";
import { bytesOf, textOf } from "../../../src/wire/written.fixture.ts";
import { Administrator, principal } from "./administrator.ts";
import { ask, askBytes, type MesosClient, open } from "./client.ts";
import { info, type RunningGateway, Scene, taskInfo } from "./scene.ts";

describe("the operator API", () => {
  let scene: Scene;
  let gateway: RunningGateway;
  let admin: Administrator;
  let headers: Record<string, string>;
  let scheduler: MesosClient;
  let namespace: string;

  beforeAll(async () => {
    scene = await Scene.start();
    const { cluster } = scene;
    namespace = await cluster.namespace("ops");
    gateway = await scene.gateway(namespace, { heartbeat: "300ms" });
    headers = await principal(cluster, "ops-admin");
    admin = new Administrator(gateway.port, headers);
    await cluster.join("o1");
    scheduler = scene.client(gateway.port);
    await cluster.eventually(() => scheduler.subscribe({ frameworkInfo: info("ops-fw") }));
    // Documents are made of the caches, which may be a moment behind.
    await cluster.eventually(async () => {
      const { getFrameworks } = await admin.read({ type: Call_Type.GET_FRAMEWORKS });
      expect(getFrameworks?.frameworks).toHaveLength(1);
    });
  });
  afterAll(() => scene.stop());

  const launch = async (id: string) => {
    // Not one of the little that a quota has let through.
    const offer = await scheduler.offer(1);
    await scheduler.call({
      type: Scheduler.ACCEPT,
      accept: {
        offerIds: [{ value: offer.id?.value ?? "" }],
        operations: [
          {
            type: Offer_Operation_Type.LAUNCH,
            launch: { taskInfos: [taskInfo(id, offer.agentId?.value ?? "")] },
          },
        ],
        filters: { refuseSeconds: 0 },
      },
    });
    return scene.task(namespace, id);
  };

  describe.each<Encoding>(["json", "protobuf"])("in %s", (encoding) => {
    it.each<[keyof typeof Call_Type & keyof typeof Response_Type, object]>([
      ["GET_HEALTH", { getHealth: { healthy: true } }],
      ["GET_VERSION", { getVersion: { versionInfo: { version: "1.12.0" } } }],
      [
        "GET_FLAGS",
        {
          getFlags: {
            flags: expect.arrayContaining([
              expect.objectContaining({ name: "allocator", value: "hierarchical" }),
            ]),
          },
        },
      ],
      ["GET_LOGGING_LEVEL", { getLoggingLevel: { level: 0 } }],
      ["GET_STATE", { getState: { getAgents: { agents: [{ active: true, deactivated: false }] } } }],
      [
        "GET_AGENTS",
        {
          getAgents: {
            agents: [{ agentInfo: { id: { value: "o1" }, hostname: "o1", port: 5051 }, version: "1.12.0" }],
          },
        },
      ],
      [
        "GET_FRAMEWORKS",
        {
          getFrameworks: {
            // Tasks that others have left on this API server have a framework too.
            frameworks: expect.arrayContaining([
              expect.objectContaining({
                frameworkInfo: expect.objectContaining({ name: "ops-fw" }),
                active: true,
                connected: true,
                recovered: false,
              }),
            ]),
          },
        },
      ],
      ["GET_EXECUTORS", { getExecutors: { executors: [] } }],
      ["GET_OPERATIONS", { getOperations: { operations: [] } }],
      ["GET_TASKS", { getTasks: {} }],
      [
        "GET_ROLES",
        { getRoles: { roles: expect.arrayContaining([expect.objectContaining({ name: "*", weight: 1 })]) } },
      ],
      ["GET_WEIGHTS", { getWeights: {} }],
      ["GET_MASTER", { getMaster: { masterInfo: { hostname: "127.0.0.1" } } }],
      ["GET_QUOTA", { getQuota: { status: {} } }],
      ["GET_MAINTENANCE_STATUS", { getMaintenanceStatus: { status: {} } }],
      ["GET_MAINTENANCE_SCHEDULE", { getMaintenanceSchedule: { schedule: {} } }],
    ])("%s", async (name, expected) => {
      const response = await admin.read({ type: Call_Type[name] }, encoding);
      expect(response.type).toBe(Response_Type[name]);
      expect(response).toMatchObject(expected);
    });

    it("GET_METRICS", async () => {
      const { getMetrics } = await admin.read({ type: Call_Type.GET_METRICS, getMetrics: {} }, encoding);
      const values = new Map(getMetrics?.metrics.map(({ name, value }) => [name, value]));
      expect(values.get("master/elected")).toBe(1);
      expect(values.get("master/slaves_active")).toBe(1);
      expect(values.get("master/cpus_total")).toBeGreaterThan(0);
      expect(values.has("master/tasks_running")).toBe(true);
    });
  });

  describe.each<Encoding>(["json", "protobuf"])("each call by hand in %s", (encoding) => {
    const type = MEDIA_TYPE[encoding];
    /** Of an agent and of a framework that are not there, and of what no master has here. Reads: 200. */
    const answers: Readonly<Record<string, number>> = {
      ...{ LIST_FILES: 404, READ_FILE: 404, MARK_AGENT_GONE: 404, TEARDOWN: 400 },
      ...{ RESERVE_RESOURCES: 400, UNRESERVE_RESOURCES: 400, CREATE_VOLUMES: 400, DESTROY_VOLUMES: 400 },
      ...{ GROW_VOLUME: 400, SHRINK_VOLUME: 400 },
      ...{ DRAIN_AGENT: 400, DEACTIVATE_AGENT: 400, REACTIVATE_AGENT: 400 },
      ...{ UPDATE_MAINTENANCE_SCHEDULE: 400, START_MAINTENANCE: 400, STOP_MAINTENANCE: 400 },
      // UPDATE_QUOTA has given it one already.
      SET_QUOTA: 400,
    };

    it.each(WRITTEN_CALLS)("$type", async (call) => {
      const body = encoding === "json" ? textOf(call) : bytesOf(call);
      const send = async () => {
        const given = { "Content-Type": type, Accept: type, ...headers };
        const response = await open(gateway.port, { path: "/api/v1", body, headers: given });
        response.destroy();
        expect(response.statusCode).toBe(answers[call.type] ?? 200);
      };
      // What the call before has written, REMOVE_QUOTA sees in a moment.
      await (call.type === "REMOVE_QUOTA" ? scene.cluster.eventually(send) : send());
    });
  });

  it("answers with these very bytes", async () => {
    const asked = (type: string, body: Uint8Array | string) =>
      askBytes(gateway.port, {
        path: "/api/v1",
        body,
        headers: { "Content-Type": type, Accept: type, ...headers },
      });
    const binary = await asked("application/x-protobuf", Buffer.from("0803", "hex"));
    expect(binary.bytes.toString("hex")).toBe("0803220a0a080a06312e31322e30");
    expect(binary.headers["content-type"]).toBe("application/x-protobuf");
    const text = await asked("application/json", '{"type":"GET_VERSION"}');
    expect(text.bytes.toString()).toBe(
      '{"type":"GET_VERSION","get_version":{"version_info":{"version":"1.12.0"}}}',
    );
    const health = await asked("application/x-protobuf", Buffer.from("0801", "hex"));
    expect(health.bytes.toString("hex")).toBe("080112020801");
  });

  it("tells tasks without a framework as those of one of their namespace's, in both encodings", async () => {
    await scene.cluster.clients.tasks.create({
      apiVersion: "mesos.dev/v1alpha1",
      kind: "Task",
      metadata: { name: "own", namespace },
      spec: {
        role: "*",
        agent: "o1",
        resources: [
          { name: "cpus", scalar: 0.1 },
          { name: "mem", scalar: 32 },
        ],
        command: { shell: true, value: "true" },
      },
    });
    for (const encoding of ["json", "protobuf"] as const) {
      await scene.cluster.eventually(async () => {
        const { getState } = await admin.read({ type: Call_Type.GET_STATE }, encoding);
        const id = `mesos.${namespace}`;
        const infos = getState?.getFrameworks?.frameworks.map(({ frameworkInfo }) => frameworkInfo);
        expect(infos).toContainEqual(
          expect.objectContaining({ name: "mesos", id: expect.objectContaining({ value: id }) }),
        );
        const task = getState?.getTasks?.tasks.find(({ taskId }) => taskId?.value === "own");
        expect(task?.frameworkId?.value).toBe(id);
      });
    }
  });

  it("refuses as Mesos does", async () => {
    const post = (body: string, more: Record<string, string> = {}) =>
      ask(gateway.port, {
        path: "/master/api/v1",
        body,
        headers: { "Content-Type": "application/json", ...headers, ...more },
      });
    expect(await ask(gateway.port, { method: "GET", path: "/api/v1", headers })).toMatchObject({
      status: 405,
    });
    expect(await post("{}")).toMatchObject({
      status: 400,
      body: "Failed to validate master::Call: Expecting 'type' to be present",
    });
    expect(await post('{"type":"UPDATE_QUOTA"}')).toMatchObject({
      status: 400,
      body: "Failed to validate master::Call: Expecting 'update_quota' to be present",
    });
    expect(await post('{"type":"GET_HEALTH"}', { "Content-Type": "text/plain" })).toMatchObject({
      status: 415,
    });
    expect(await post('{"type":"GET_HEALTH"}', { Accept: "text/html" })).toMatchObject({ status: 406 });
    expect(await post('{"type":"UNKNOWN"}')).toMatchObject({ status: 501 });
    expect(await post('{"type":"READ_FILE","read_file":{"path":"/x","offset":0}}')).toMatchObject({
      status: 404,
    });
    const nobody = await ask(gateway.port, {
      path: "/api/v1",
      body: '{"type":"GET_AGENTS"}',
      headers: { "Content-Type": "application/json" },
    });
    expect(nobody).toMatchObject({ status: 403, body: "Not authorized to list agents.mesos.dev" });
  });

  it("tells subscribers how things stand and what changes, in both encodings", async () => {
    const watched = await Promise.all((["json", "protobuf"] as const).map((one) => admin.watch(one)));
    for (const { events, response } of watched) {
      expect(response.statusCode).toBe(200);
      expect(response.headers["mesos-stream-id"]).toBeUndefined();
      await scene.cluster.eventually(async () => expect(events[1]?.type).toBe(Event_Type.HEARTBEAT));
      expect(events[0]?.type).toBe(Event_Type.SUBSCRIBED);
      expect(events[0]?.subscribed?.heartbeatIntervalSeconds).toBeCloseTo(0.3);
      const { frameworks = [] } = events[0]?.subscribed?.getState?.getFrameworks ?? {};
      expect(frameworks.map(({ frameworkInfo }) => frameworkInfo?.name)).toContain("ops-fw");
    }
    const task = await launch("watched");
    await scene.report(task, "TASK_RUNNING");
    const other = scene.client(gateway.port);
    await other.subscribe({ frameworkInfo: info("short", { failoverTimeout: 0 }) });
    await other.call({ type: Scheduler.TEARDOWN });
    await scene.cluster.join("o2");
    await scene.cluster.clients.agents.delete({ name: "o2" });
    for (const { events } of watched) {
      const has = (fits: (event: Event) => boolean) =>
        scene.cluster.eventually(async () => expect(events.some(fits)).toBe(true));
      await has(({ taskAdded }) => taskAdded?.task?.taskId?.value === "watched");
      await has(
        ({ taskUpdated }) =>
          taskUpdated?.state === TaskState.TASK_RUNNING && taskUpdated.status?.taskId?.value === "watched",
      );
      await has(({ frameworkAdded }) => frameworkAdded?.framework?.frameworkInfo?.name === "short");
      await has(({ frameworkRemoved }) => frameworkRemoved?.frameworkInfo?.name === "short");
      await has(({ agentAdded }) => agentAdded?.agent?.agentInfo?.id?.value === "o2");
      await has(({ agentRemoved }) => agentRemoved?.agentId?.value === "o2");
      const added = events.findIndex(({ taskAdded }) => taskAdded !== undefined);
      const updated = events.findIndex(({ taskUpdated }) => taskUpdated !== undefined);
      expect(added).toBeLessThan(updated);
    }
    for (const { response } of watched) response.destroy();
  });
});
