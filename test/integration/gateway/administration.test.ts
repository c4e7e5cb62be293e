import type { MessageInitShape } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Breath } from "../../../src/cluster/breath.ts";
import { createLogger } from "../../../src/cluster/logger.ts";
import { systemClock } from "../../../src/cluster/time.ts";
import { createCaches } from "../../../src/controllers/caches.ts";
import { Call_Type } from "../../../src/wire/gen/mesos/v1/master/master_pb.ts";
import {
  Resource_ReservationInfo_Type,
  type ResourceSchema,
  Value_Type,
  Volume_Mode,
} from "../../../src/wire/gen/mesos/v1/mesos_pb.ts";
import { Administrator, type CallInit, principal } from "./administrator.ts";
import { info, type RunningGateway, Scene } from "./scene.ts";

describe("administration by the operator API", () => {
  let scene: Scene;
  let gateway: RunningGateway;
  let credentials: Record<string, string>;
  let admin: Administrator;
  let reader: Administrator;
  let namespace: string;

  beforeAll(async () => {
    scene = await Scene.start();
    const { cluster } = scene;
    namespace = await cluster.namespace("adm");
    gateway = await scene.gateway(namespace);
    credentials = await principal(cluster, "adm-admin");
    admin = new Administrator(gateway.port, credentials);
    const reads = [{ apiGroups: ["mesos.dev"], resources: ["*"], verbs: ["get", "list"] }];
    reader = new Administrator(gateway.port, await principal(cluster, "adm-reader", reads));
    await cluster.join("a1");
    await cluster.eventually(async () => {
      const { getAgents } = await admin.read({ type: Call_Type.GET_AGENTS });
      expect(getAgents?.agents[0]?.active).toBe(true);
    });
  });
  afterAll(() => scene.stop());

  const eventually = (check: () => Promise<void>) => scene.cluster.eventually(check);
  const agent = () => scene.cluster.clients.agents.get({ name: "a1" });
  const agentId = { value: "a1" };

  it("weights become those of Roles", async () => {
    const call = (weight: number): CallInit => ({
      type: Call_Type.UPDATE_WEIGHTS,
      updateWeights: { weightInfos: [{ role: "adm/ads", weight }] },
    });
    expect(await reader.call(call(2))).toMatchObject({
      status: 403,
      body: "Not authorized to create roles.mesos.dev",
    });
    expect(await admin.call(call(0))).toMatchObject({ status: 400 });
    expect(await admin.call(call(2.5))).toMatchObject({ status: 200 });
    const { items } = await scene.cluster.clients.roles.list();
    const role = items.find(({ spec }) => spec.path === "adm/ads");
    expect(role?.spec.weight).toBe(2.5);
    await eventually(async () => {
      const { getWeights } = await admin.read({ type: Call_Type.GET_WEIGHTS });
      expect(getWeights?.weightInfos).toContainEqual(
        expect.objectContaining({ role: "adm/ads", weight: 2.5 }),
      );
    });
    expect(await admin.send("PUT", "/weights", '[{"role":"adm/ads","weight":3}]')).toMatchObject({
      status: 200,
    });
    expect((await scene.cluster.clients.roles.get({ name: role?.metadata.name ?? "" })).spec.weight).toBe(3);
  });

  it("a role that is named twice gets the last weight, and the last quota", async () => {
    const role = "adm/twice";
    const weightInfos = [4, 5].map((weight) => ({ role, weight }));
    const quotaConfigs = [1, 0.5].map((value) => ({ role, guarantees: { cpus: { value } }, limits: {} }));
    const calls: CallInit[] = [
      { type: Call_Type.UPDATE_WEIGHTS, updateWeights: { weightInfos } },
      { type: Call_Type.UPDATE_QUOTA, updateQuota: { quotaConfigs } },
    ];
    for (const call of calls) expect(await admin.call(call)).toMatchObject({ status: 200 });
    const { roles, quotas } = scene.cluster.clients;
    const weights = (await roles.list()).items.filter(({ spec }) => spec.path === role);
    expect(weights.map(({ spec }) => spec.weight)).toEqual([5]);
    const found = (await quotas.list()).items.filter(({ spec }) => spec.role === role);
    expect(found.map(({ spec }) => spec.guarantees)).toEqual([[{ name: "cpus", scalar: 0.5 }]]);
    expect(await admin.call({ type: Call_Type.REMOVE_QUOTA, removeQuota: { role } })).toMatchObject({
      status: 200,
    });
  });

  it("quotas become Quotas, are judged, and go", async () => {
    type Amounts = Record<string, { value: number }>;
    const call = (guarantees: Amounts, limits: Amounts, force = false): CallInit => ({
      type: Call_Type.UPDATE_QUOTA,
      updateQuota: { force, quotaConfigs: [{ role: "adm", guarantees, limits }] },
    });
    expect(await admin.call(call({ cpus: { value: 1e6 } }, {}))).toMatchObject({
      status: 400,
      body: expect.stringMatching(/^Invalid QuotaConfig: .*\(use 'force' flag to bypass this check\)$/),
    });
    expect(await admin.call(call({ cpus: { value: 1 } }, { cpus: { value: 0.5 } }))).toMatchObject({
      status: 400,
    });
    expect(await reader.call(call({ cpus: { value: 1 } }, {}))).toMatchObject({ status: 403 });
    expect(
      await admin.call(call({ cpus: { value: 1 } }, { cpus: { value: 2 }, mem: { value: 1024 } })),
    ).toMatchObject({ status: 200 });
    await eventually(async () => {
      const { getQuota } = await admin.read({ type: Call_Type.GET_QUOTA }, "protobuf");
      expect(getQuota?.status?.configs[0]).toMatchObject({
        role: "adm",
        guarantees: { cpus: { value: 1 } },
        limits: { cpus: { value: 2 }, mem: { value: 1024 } },
      });
    });
    expect(await admin.json("/quota")).toMatchObject({
      configs: [{ role: "adm", guarantees: { cpus: { value: 1 } } }],
    });
    expect(await admin.call(call({}, {}))).toMatchObject({ status: 200 });
    const { items } = await scene.cluster.clients.quotas.list();
    expect(items.filter(({ spec }) => spec.role === "adm")).toEqual([]);
  });

  it("what was written a moment ago, and no cache shows yet, is changed and removed", async () => {
    const { cluster } = scene;
    // Caches that are behind for good.
    const { quotas, roles } = createCaches(cluster.clients, {
      logger: createLogger({ name: "behind", level: "silent" }),
      clock: systemClock,
      breath: Breath.of(systemClock),
    });
    const behind = await scene.gateway(namespace, {}, { leaseName: "behind" }, {}, (deps) => ({
      ...deps,
      caches: { ...deps.caches, quotas, roles },
    }));
    const hasty = new Administrator(behind.port, credentials);
    const role = "adm/moment";
    const update = (cpus?: number): CallInit => {
      const guarantees = cpus === undefined ? {} : { cpus: { value: cpus } };
      return {
        type: Call_Type.UPDATE_QUOTA,
        updateQuota: { quotaConfigs: [{ role, guarantees, limits: {} }] },
      };
    };
    const remove: CallInit = { type: Call_Type.REMOVE_QUOTA, removeQuota: { role } };
    const guarantee = [{ name: "cpus", type: Value_Type.SCALAR, scalar: { value: 1 } }];
    const set: CallInit = { type: Call_Type.SET_QUOTA, setQuota: { quotaRequest: { role, guarantee } } };
    const weigh = (weight: number): CallInit => ({
      type: Call_Type.UPDATE_WEIGHTS,
      updateWeights: { weightInfos: [{ role, weight }] },
    });
    await eventually(async () => expect(await hasty.call(update(1))).toMatchObject({ status: 200 }));
    const calls = [update(0.5), update(), set, set, remove, remove, weigh(2), weigh(3)];
    const statuses: number[] = [];
    for (const call of calls) statuses.push((await hasty.call(call)).status);
    expect(statuses).toEqual([200, 200, 200, 400, 200, 400, 200, 200]);
    const left = (await cluster.clients.quotas.list()).items.filter(({ spec }) => spec.role === role);
    expect(left).toEqual([]);
    const weighed = (await cluster.clients.roles.list()).items.filter(({ spec }) => spec.path === role);
    expect(weighed.map(({ spec }) => spec.weight)).toEqual([3]);
    await behind.stop();
  });

  it("a quota that is no amount is refused, also beside a good one", async () => {
    const configs = [1, Number.POSITIVE_INFINITY].map((value, i) => ({
      role: `adm/q${i}`,
      guarantees: { cpus: { value } },
      limits: {},
    }));
    expect(
      await admin.call({ type: Call_Type.UPDATE_QUOTA, updateQuota: { quotaConfigs: configs } }),
    ).toMatchObject({ status: 400, body: expect.stringMatching(/^Invalid QuotaConfig: /) });
  });

  it("agents are deactivated, drained and reactivated", async () => {
    expect(
      await reader.call({ type: Call_Type.DEACTIVATE_AGENT, deactivateAgent: { agentId } }),
    ).toMatchObject({ status: 403 });
    expect(
      await admin.call({ type: Call_Type.DEACTIVATE_AGENT, deactivateAgent: { agentId } }),
    ).toMatchObject({ status: 200 });
    expect((await agent()).spec.unschedulable).toBe(true);
    await eventually(async () => {
      const { getAgents } = await admin.read({ type: Call_Type.GET_AGENTS });
      expect(getAgents?.agents[0]).toMatchObject({ active: false, deactivated: true });
    });
    const drain = { agentId, maxGracePeriod: { seconds: 7n } };
    expect(await admin.call({ type: Call_Type.DRAIN_AGENT, drainAgent: drain })).toMatchObject({
      status: 200,
    });
    expect((await agent()).spec.draining).toEqual({ grace: "7s", markGone: false });
    const reactivate: CallInit = { type: Call_Type.REACTIVATE_AGENT, reactivateAgent: { agentId } };
    await eventually(async () => expect((await admin.call(reactivate)).status).toBe(200));
    expect((await agent()).spec).toMatchObject({ unschedulable: false });
    expect((await agent()).spec.draining).toBeUndefined();
    await eventually(async () => {
      expect(await admin.call(reactivate)).toMatchObject({ status: 400, body: "Agent is not deactivated" });
    });
    const nobody = { agentId: { value: "nobody" } };
    expect(await admin.call({ type: Call_Type.DRAIN_AGENT, drainAgent: nobody })).toMatchObject({
      status: 400,
      body: "Unknown agent",
    });
    expect(await admin.call({ type: Call_Type.MARK_AGENT_GONE, markAgentGone: nobody })).toMatchObject({
      status: 404,
    });
  });

  it("maintenance is planned, begins and ends", async () => {
    const start = BigInt(Date.UTC(2099, 0, 1)) * 1_000_000n;
    const schedule = (hostnames: string[]) => ({
      windows: hostnames.map((hostname) => ({
        machineIds: [{ hostname }],
        unavailability: { start: { nanoseconds: start }, duration: { nanoseconds: 3_600_000_000_000n } },
      })),
    });
    const update = (hostnames: string[]) =>
      admin.call({
        type: Call_Type.UPDATE_MAINTENANCE_SCHEDULE,
        updateMaintenanceSchedule: { schedule: schedule(hostnames) },
      });
    expect(await update(["nobody"])).toMatchObject({ status: 400 });
    expect(await update(["a1"])).toMatchObject({ status: 200 });
    expect((await agent()).spec.maintenance).toEqual({
      start: "2099-01-01T00:00:00.000Z",
      duration: "3600s",
    });
    await eventually(async () => {
      expect(await admin.json("/maintenance/schedule")).toMatchObject({
        windows: [
          { machine_ids: [{ hostname: "a1" }], unavailability: { start: { nanoseconds: Number(start) } } },
        ],
      });
      const { getMaintenanceStatus } = await admin.read({ type: Call_Type.GET_MAINTENANCE_STATUS });
      expect(getMaintenanceStatus?.status?.drainingMachines[0]?.id?.hostname).toBe("a1");
    });
    expect(await admin.send("POST", "/machine/up", '[{"hostname":"a1"}]')).toMatchObject({ status: 400 });
    expect(await admin.send("POST", "/machine/down", '[{"hostname":"a1"}]')).toMatchObject({ status: 200 });
    expect((await agent()).spec).toMatchObject({ unschedulable: true, draining: { grace: "0s" } });
    await eventually(async () => {
      expect(await admin.json("/maintenance/status")).toMatchObject({ down_machines: [{ hostname: "a1" }] });
    });
    expect(await update([])).toMatchObject({ status: 400 });
    expect(
      await admin.call({
        type: Call_Type.STOP_MAINTENANCE,
        stopMaintenance: { machines: [{ hostname: "a1" }] },
      }),
    ).toMatchObject({ status: 200 });
    expect((await agent()).spec).toEqual({ unschedulable: false });
  });

  it("resources are reserved, made volumes of, and given back", async () => {
    const framework = scene.client(gateway.port);
    await framework.subscribe({ frameworkInfo: info("adm-fw", { failoverTimeout: 0 }) });
    await eventually(async () => expect(framework.open().length).toBeGreaterThan(0));
    const reservations = [
      { type: Resource_ReservationInfo_Type.DYNAMIC, role: "adm", principal: "adm-admin" },
    ];
    const disk = (mb: number): MessageInitShape<typeof ResourceSchema> => ({
      name: "disk",
      type: Value_Type.SCALAR,
      scalar: { value: mb },
      reservations,
    });
    const persistence = {
      persistence: { id: "v1", principal: "adm-admin" },
      volume: { containerPath: "data", mode: Volume_Mode.RW },
    };
    const volume = (mb: number) =>
      ({ ...disk(mb), disk: persistence }) as MessageInitShape<typeof ResourceSchema>;
    const reserve: CallInit = {
      type: Call_Type.RESERVE_RESOURCES,
      reserveResources: { agentId, resources: [disk(512)] },
    };
    expect(await reader.call(reserve)).toMatchObject({ status: 400 });
    const huge: CallInit = { ...reserve, reserveResources: { agentId, resources: [disk(1e9)] } };
    expect(await admin.call(huge)).toMatchObject({ status: 409 });
    expect(await admin.call(reserve)).toMatchObject({ status: 202 });
    const [one] = (await scene.cluster.clients.reservations.list()).items.filter(
      ({ spec }) => spec.role === "adm",
    );
    expect(one?.spec).toMatchObject({
      agent: "a1",
      principal: "adm-admin",
      resources: [{ name: "disk", scalar: 512 }],
    });
    await eventually(async () => {
      const { slaves } = await admin.json<{
        slaves: { id: string; reserved_resources: object; reserved_resources_full: object }[];
      }>("/slaves?slave_id=a1");
      expect(slaves[0]?.reserved_resources).toMatchObject({ adm: { disk: 512 } });
      expect(slaves[0]?.reserved_resources_full).toMatchObject({
        adm: [{ name: "disk", role: "adm", reservation: { principal: "adm-admin" } }],
      });
    });
    expect(
      await admin.call({
        type: Call_Type.CREATE_VOLUMES,
        createVolumes: { agentId, volumes: [volume(100)] },
      }),
    ).toMatchObject({ status: 202 });
    const grow = { agentId, volume: volume(100), addition: disk(28) };
    const ops = [{ ...reservations[0], role: "ops" }];
    const unfit: [object, number, RegExp][] = [
      [{ ...grow, addition: disk(0) }, 400, /must be more than nothing/],
      [
        { ...grow, addition: volume(28) },
        400,
        /^Invalid GROW_VOLUME operation on agent a1: .* not of one kind/,
      ],
      [{ ...grow, addition: { ...disk(28), reservations: ops } }, 400, /not of one kind/],
      [{ ...grow, volume: disk(100) }, 400, /is not a persistent volume/],
      [{ ...grow, volume: { ...volume(100), shared: {} } }, 400, /growing a shared persistent volume/],
      [{ ...grow, volume: volume(99) }, 409, /is not free on agent a1/],
      [{ ...grow, addition: disk(413) }, 409, /is not free on agent a1/],
      [{ ...grow, agentId: { value: "nobody" } }, 400, /^No agent found with specified ID$/],
    ];
    for (const [growVolume, status, body] of unfit) {
      expect(await admin.call({ type: Call_Type.GROW_VOLUME, growVolume } as CallInit)).toMatchObject({
        status,
        body: expect.stringMatching(body),
      });
    }
    expect(await reader.call({ type: Call_Type.GROW_VOLUME, growVolume: grow })).toMatchObject({
      status: 403,
      body: "Not authorized to update reservations.mesos.dev",
    });
    expect(await admin.call({ type: Call_Type.GROW_VOLUME, growVolume: grow })).toMatchObject({
      status: 202,
    });
    const sizes = async () =>
      (await scene.cluster.clients.reservations.list()).items.flatMap(({ spec }) =>
        (spec.volumes ?? []).map(({ scalar }) => scalar),
      );
    expect(await sizes()).toEqual([128]);
    const shrink = { agentId, volume: volume(128), subtract: { value: 64 } };
    for (const [value, words] of [
      [0, /must be greater than zero/],
      [128, /must be smaller than the volume/],
    ] as const) {
      const shrinkVolume = { ...shrink, subtract: { value } };
      expect(await admin.call({ type: Call_Type.SHRINK_VOLUME, shrinkVolume })).toMatchObject({
        status: 400,
        body: expect.stringMatching(words),
      });
    }
    expect(
      await admin.call({ type: Call_Type.SHRINK_VOLUME, shrinkVolume: shrink }, "protobuf"),
    ).toMatchObject({ status: 202 });
    expect(await sizes()).toEqual([64]);
    const unreserve: CallInit = {
      type: Call_Type.UNRESERVE_RESOURCES,
      unreserveResources: { agentId, resources: [disk(512)] },
    };
    expect(await admin.call(unreserve)).toMatchObject({ status: 409 });
    expect(
      await admin.call({
        type: Call_Type.DESTROY_VOLUMES,
        destroyVolumes: { agentId, volumes: [volume(64)] },
      }),
    ).toMatchObject({ status: 202 });
    expect(await admin.call(unreserve)).toMatchObject({ status: 202 });
    await eventually(async () => {
      const { items } = await scene.cluster.clients.reservations.list();
      expect(items.filter(({ spec }) => spec.role === "adm")).toEqual([]);
    });
  });

  it("frameworks are torn down", async () => {
    const framework = scene.client(gateway.port);
    await framework.subscribe({ frameworkInfo: info("doomed") });
    const body = `frameworkId=${framework.id}`;
    const form = "application/x-www-form-urlencoded";
    expect(await reader.send("POST", "/teardown", body, form)).toMatchObject({ status: 403 });
    expect(await admin.send("POST", "/teardown", body, form)).toMatchObject({ status: 200 });
    await framework.ended;
    await eventually(async () => {
      const { items } = await scene.cluster.clients.frameworks.list({ namespace });
      expect(items.filter(({ metadata }) => metadata.name.startsWith("doomed"))).toEqual([]);
    });
    expect(
      await admin.call({ type: Call_Type.TEARDOWN, teardown: { frameworkId: { value: framework.id } } }),
    ).toMatchObject({
      status: 400,
      body: "No framework found with specified ID",
    });
  });

  it("how much is logged is changed for a while", async () => {
    const set: CallInit = {
      type: Call_Type.SET_LOGGING_LEVEL,
      setLoggingLevel: { level: 2, duration: { nanoseconds: 60_000_000_000n } },
    };
    expect(await reader.call(set)).toMatchObject({ status: 403 });
    expect(await admin.call(set)).toMatchObject({ status: 200 });
    const { getLoggingLevel } = await admin.read({ type: Call_Type.GET_LOGGING_LEVEL });
    expect(getLoggingLevel?.level).toBe(2);
  });
});
