import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Offer_Operation_Type } from "../../../src/wire/gen/mesos/v1/mesos_pb.ts";
import { Call_Type as Scheduler } from "../../../src/wire/gen/mesos/v1/scheduler/scheduler_pb.ts";
import { Administrator, principal } from "./administrator.ts";
import { ask, askBytes, type MesosClient } from "./client.ts";
import { info, type RunningGateway, Scene, taskInfo } from "./scene.ts";

interface State {
  readonly slaves: Record<string, unknown>[];
  readonly frameworks: {
    readonly id: string;
    readonly name: string;
    readonly tasks: Record<string, unknown>[];
    readonly offers: object[];
    readonly used_resources: { readonly cpus: number };
    readonly completed_tasks: { readonly id: string; readonly state: string }[];
  }[];
  readonly leader: string;
  readonly activated_slaves: number;
}

describe("the paths of v0", () => {
  let scene: Scene;
  let gateway: RunningGateway;
  let admin: Administrator;
  let headers: Record<string, string>;
  let scheduler: MesosClient;
  let namespace: string;

  beforeAll(async () => {
    scene = await Scene.start();
    const { cluster } = scene;
    namespace = await cluster.namespace("vzero");
    gateway = await scene.gateway(namespace);
    headers = await principal(cluster, "vzero-admin");
    admin = new Administrator(gateway.port, headers);
    await cluster.join("v1", {}, { "topology.kubernetes.io/zone": "z1" });
    scheduler = scene.client(gateway.port);
    await cluster.eventually(() =>
      scheduler.subscribe({ frameworkInfo: info("marathon", { user: "root" }) }),
    );
    const offer = await scheduler.offer(1);
    await scheduler.call({
      type: Scheduler.ACCEPT,
      accept: {
        offerIds: [{ value: offer.id?.value ?? "" }],
        operations: [
          {
            type: Offer_Operation_Type.LAUNCH,
            launch: {
              taskInfos: [
                taskInfo("web.1", "v1", {
                  labels: { labels: [{ key: "tier", value: "front" }] },
                  discovery: {
                    visibility: 1,
                    name: "web",
                    ports: { ports: [{ number: 80, name: "http", protocol: "tcp" }] },
                  },
                }),
              ],
            },
          },
        ],
      },
    });
    await scene.report(await scene.task(namespace, "web.1"), "TASK_RUNNING");
  });
  afterAll(() => scene.stop());

  const state = () => admin.json<State>("/state");

  it("tell the state as Mesos-DNS, exporters and dashboards read it", async () => {
    await scene.cluster.eventually(async () => {
      const { slaves, frameworks, leader, activated_slaves } = await state();
      expect(leader).toBe(`master@127.0.0.1:${gateway.port}`);
      expect(activated_slaves).toBe(1);
      const [slave] = slaves.filter(({ id }) => id === "v1");
      expect(slave).toMatchObject({
        id: "v1",
        hostname: "v1",
        port: 5051,
        pid: expect.stringMatching(/^slave\(1\)@[^:]+:5051$/),
        active: true,
        deactivated: false,
        version: "1.12.0",
        attributes: expect.objectContaining({ "topology.kubernetes.io/zone": "z1" }),
        resources: { cpus: expect.any(Number), gpus: 0, mem: expect.any(Number), ports: "[20000-29999]" },
        used_resources: { cpus: 0.5, mem: 64 },
        reserved_resources: {},
      });
      const [framework] = frameworks.filter(({ name }) => name === "marathon");
      expect(framework).toMatchObject({
        id: scheduler.id,
        user: "root",
        active: true,
        connected: true,
        failover_timeout: 3600,
        roles: ["*"],
        used_resources: { cpus: 0.5, mem: 64, gpus: 0, disk: 0 },
        executors: [],
        unreachable_tasks: [],
      });
      expect(framework?.tasks).toHaveLength(1);
      expect(framework?.tasks[0]).toMatchObject({
        id: "web.1",
        name: "web.1",
        framework_id: scheduler.id,
        executor_id: "",
        slave_id: "v1",
        state: "TASK_RUNNING",
        role: "*",
        resources: { cpus: 0.5, mem: 64 },
        labels: [{ key: "tier", value: "front" }],
        discovery: {
          visibility: "CLUSTER",
          name: "web",
          ports: { ports: [{ number: 80, name: "http", protocol: "tcp" }] },
        },
        statuses: [
          {
            state: "TASK_RUNNING",
            timestamp: expect.any(Number),
            container_status: { network_infos: [{ ip_addresses: [{ ip_address: "10.1.2.3" }] }] },
          },
        ],
      });
    });
  });

  it("tell tasks, roles and sums", async () => {
    const { tasks } = await admin.json<{ tasks: { id: string }[] }>("/tasks?limit=1&order=asc&task_id=web.1");
    expect(tasks.map(({ id }) => id)).toEqual(["web.1"]);
    expect(await admin.json("/tasks?offset=7&task_id=web.1")).toEqual({ tasks: [] });
    const { roles } = await admin.json<{ roles: { name: string }[] }>("/roles");
    expect(roles.find(({ name }) => name === "*")).toMatchObject({
      weight: 1,
      allocated: { cpus: 0.5, mem: 64 },
      quota: { role: "*", guarantee: {}, limit: {}, consumed: { cpus: 0.5 } },
      frameworks: expect.arrayContaining([scheduler.id]),
    });
    const summary = await admin.json<{ slaves: { id: string }[]; frameworks: { name: string }[] }>(
      "/state-summary",
    );
    expect(summary.slaves.find(({ id }) => id === "v1")).toMatchObject({
      TASK_RUNNING: 1,
      framework_ids: [scheduler.id],
    });
    expect(summary.frameworks.find(({ name }) => name === "marathon")).toMatchObject({
      TASK_RUNNING: 1,
      TASK_LOST: 0,
      slave_ids: ["v1"],
    });
    expect(await admin.json("/frameworks?framework_id=none")).toMatchObject({ frameworks: [] });
    expect(await admin.json("/flags")).toMatchObject({ flags: { allocator: "hierarchical" } });
  });

  it("are served below /master, with an old suffix, compressed and as a script", async () => {
    expect(Object.keys(await admin.json<State>("/master/state.json"))).toEqual(Object.keys(await state()));
    const zipped = await askBytes(gateway.port, {
      method: "GET",
      path: "/state",
      headers: { ...headers, "Accept-Encoding": "gzip" },
    });
    expect(zipped.headers["content-encoding"]).toBe("gzip");
    expect(JSON.parse(gunzipSync(zipped.bytes).toString())).toHaveProperty("slaves");
    const script = await admin.get("/slaves?slave_id=v1&jsonp=show");
    expect(script.headers["content-type"]).toBe("text/javascript");
    expect(script.body).toMatch(/^show\(\{"slaves":\[\{"id":"v1".*\);$/);
    expect((await admin.get("/slaves?jsonp=alert(1)//")).status).toBe(400);
  });

  it("send to the leader who asks another replica, which tells of itself alone", async () => {
    const other = await scene.gateway(namespace);
    const get = (path: string) => ask(other.port, { method: "GET", path, headers });
    await scene.cluster.eventually(async () => {
      const moved = await get("/state?jsonp=f");
      expect(moved.status).toBe(307);
      expect(moved.headers.location).toBe(`//127.0.0.1:${gateway.port}/state?jsonp=f`);
    });
    expect((await get("/master/redirect")).headers.location).toBe(`//127.0.0.1:${gateway.port}`);
    expect((await get("/health")).status).toBe(200);
    expect(JSON.parse((await get("/metrics/snapshot")).body)).toMatchObject({ "master/elected": 0 });
    expect(await admin.json("/metrics/snapshot")).toMatchObject({
      "master/elected": 1,
      "master/tasks_running": 1,
    });
    await other.stop();
  });

  it("are for those who may list what they show; health and version for all", async () => {
    for (const path of ["/health", "/version", "/master/health"]) {
      expect((await ask(gateway.port, { method: "GET", path })).status).toBe(200);
    }
    const refused = await ask(gateway.port, { method: "GET", path: "/state" });
    expect([refused.status, refused.body]).toEqual([403, "Not authorized to list agents.mesos.dev"]);
  });
});
