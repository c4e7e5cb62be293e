import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Call_Type, Event_Type } from "../../src/wire/gen/mesos/v1/master/master_pb.ts";
import {
  Resource_ReservationInfo_Type,
  TaskState,
  Value_Type,
  Volume_Mode,
} from "../../src/wire/gen/mesos/v1/mesos_pb.ts";
import { Administrator, type CallInit } from "../integration/gateway/administrator.ts";
import { ask } from "../integration/gateway/client.ts";
import { ByHand } from "./byhand.ts";
import { until } from "./cluster.ts";
import { gatewayAddress, serveGateway } from "./gateway.ts";
import { openTunnel } from "./library.ts";
import { Scene, sh } from "./scene.ts";

const RBAC = "rbac.authorization.k8s.io";
/** Of this run, as its quota and its weight are. */
const ROLE = `masterapi-${Date.now().toString(36)}`;

let scene: Scene;
let tunnel: Awaited<ReturnType<typeof openTunnel>>;
let admin: Administrator;
let stranger: Administrator;
/** As Kubernetes knows the one who administrates: the principal of what that one reserves. */
let principal: string;

beforeAll(async () => {
  scene = await Scene.open("masterapi");
  const { cluster, namespace } = scene;
  const account = (name: string) => ({
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name, namespace },
  });
  await Promise.all([
    serveGateway(scene, true),
    cluster.apply(account("admin"), account("stranger"), {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: namespace },
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: `${cluster.test.release}-manager` },
      subjects: [{ kind: "ServiceAccount", name: "admin", namespace }],
    }),
  ]);
  tunnel = await openTunnel(await gatewayAddress(scene));
  const { port } = tunnel.address() as AddressInfo;
  const by = async (name: string) => {
    const token = (await scene.kubectl("create", "token", name)).trim();
    return new Administrator(port, { Authorization: `Bearer ${token}` });
  };
  [admin, stranger] = await Promise.all([by("admin"), by("stranger")]);
  principal = `system:serviceaccount:${namespace}:admin`;
  // A replica that has just begun answers 503 until it has seen who leads; each connection is to any of them.
  await until("all replicas know who leads", async () => {
    const calls = Array.from({ length: 16 }, () => admin.call({ type: Call_Type.GET_MASTER }));
    return (await Promise.all(calls)).every(({ status }) => status === 200);
  });
});
afterAll(async () => {
  tunnel?.close();
  await Promise.all([
    serveGateway(scene, false),
    cleanUp(),
    scene.cluster.kubectl("delete", "clusterrolebinding", scene.namespace, "--ignore-not-found"),
  ]);
  await scene.close();
});

/** What a test that has failed has left in the whole cluster. */
async function cleanUp(): Promise<void> {
  const { reservations, roles, quotas } = scene.cluster.kinds;
  for (const kind of [reservations, roles, quotas] as const) {
    const { items } = await kind.list();
    const mine = items.filter(({ spec }) => ("path" in spec ? spec.path : spec.role) === ROLE);
    for (const { metadata } of mine) await kind.delete(metadata).catch(() => {});
  }
}

const accepted = async (call: CallInit, encoding?: "json" | "protobuf") => {
  const { status, body } = await admin.call(call, encoding);
  if (status !== 200 && status !== 202) throw new Error(`answered with ${status}: ${body}`);
};

test("it is read through the Service by who may, in both encodings", async () => {
  await until("all agents are registered", async () => {
    const { getAgents } = await admin.read({ type: Call_Type.GET_AGENTS });
    return getAgents?.agents.length === scene.cluster.nodes.length;
  });
  for (const encoding of ["json", "protobuf"] as const) {
    const [agents, state, metrics] = await Promise.all([
      admin.read({ type: Call_Type.GET_AGENTS }, encoding),
      admin.read({ type: Call_Type.GET_STATE }, encoding),
      admin.read({ type: Call_Type.GET_METRICS, getMetrics: {} }, encoding),
    ]);
    const ids = agents.getAgents?.agents.map(({ agentInfo }) => agentInfo?.id?.value).sort();
    expect(ids).toEqual(scene.cluster.nodes);
    expect(state.getState?.getAgents?.agents).toHaveLength(ids?.length ?? 0);
    const values = new Map(metrics.getMetrics?.metrics.map(({ name, value }) => [name, value]));
    expect(values.get("master/elected")).toBe(1);
    expect(values.get("master/slaves_connected")).toBe(ids?.length);
  }
  expect(await admin.json("/master/state")).toMatchObject({ activated_slaves: scene.cluster.nodes.length });
  const { slaves } = await admin.json<{ slaves: { id: string; active: boolean }[] }>("/slaves");
  expect(slaves.map(({ id }) => id).sort()).toEqual(scene.cluster.nodes);
  // Each replica answers this for itself, as in Mesos.
  await until("the leader says that it leads", async () => {
    const { "master/elected": elected } = await admin.json<{ "master/elected": number }>("/metrics/snapshot");
    return elected === 1;
  });
});

test("who may not is refused, and who is nobody", async () => {
  for (const type of [Call_Type.GET_STATE, Call_Type.GET_AGENTS, Call_Type.SUBSCRIBE]) {
    expect(await stranger.call({ type })).toMatchObject({
      status: 403,
      body: expect.stringMatching(/^Not authorized to list /),
    });
  }
  expect(await stranger.get("/state")).toMatchObject({ status: 403 });
  const weightInfos = [{ role: ROLE, weight: 9 }];
  expect(
    await stranger.call({ type: Call_Type.UPDATE_WEIGHTS, updateWeights: { weightInfos } }),
  ).toMatchObject({ status: 403 });
  const { port } = tunnel.address() as AddressInfo;
  expect(await ask(port, { method: "GET", path: "/state" })).toMatchObject({ status: 401 });
});

test("a volume is made, used, made larger and smaller with what is in it, and unmade", async () => {
  const agentId = { value: scene.node1 };
  const reservations = [{ type: Resource_ReservationInfo_Type.DYNAMIC, role: ROLE, principal }];
  const disk = (value: number) => ({
    name: "disk",
    type: Value_Type.SCALAR,
    scalar: { value },
    reservations,
  });
  const persistence = { id: "kept", principal };
  const volume = (value: number) => ({
    ...disk(value),
    disk: { persistence, volume: { containerPath: "kept", mode: Volume_Mode.RW } },
  });
  const start = (name: string, size: number, line: string) => {
    const stack = [{ type: "DYNAMIC" as const, role: ROLE, principal }];
    const held = {
      name: "disk",
      scalar: size,
      reservations: stack,
      disk: { persistence, volume: { containerPath: "kept", mode: "RW" as const } },
    };
    const resources = [{ name: "cpus", scalar: 0.02 }, { name: "mem", scalar: 32 }, held];
    return scene.start({ [name]: { ...sh(line), role: ROLE, resources } });
  };
  /** Once the task before has let go of the volume. */
  const resize = (call: CallInit, encoding: "json" | "protobuf") =>
    until("the volume has another size", async () => {
      await accepted(call, encoding);
      return true;
    });
  const watches = await Promise.all([admin.watch("json"), admin.watch("protobuf")]);

  await accepted({ type: Call_Type.RESERVE_RESOURCES, reserveResources: { agentId, resources: [disk(24)] } });
  await accepted({ type: Call_Type.CREATE_VOLUMES, createVolumes: { agentId, volumes: [volume(8)] } });
  await start("writer", 8, "echo remembered > kept/file");
  await scene.finished("writer");
  await resize(
    { type: Call_Type.GROW_VOLUME, growVolume: { agentId, volume: volume(8), addition: disk(16) } },
    "protobuf",
  );
  await start("larger", 24, "cat kept/file; head -c 16777216 /dev/zero > kept/zeroes; sleep 20");
  await until("it has read the file", async () => (await scene.output("larger")) === "remembered\n");
  // It has outgrown what the volume was, and is let be.
  expect((await scene.get("larger")).status?.state).toBe("TASK_RUNNING");
  const used = { agentId, volume: volume(24), subtract: { value: 8 } };
  expect(await admin.call({ type: Call_Type.SHRINK_VOLUME, shrinkVolume: used })).toMatchObject({
    status: 409,
    body: expect.stringMatching(/is not free on agent/),
  });
  await scene.kill("larger", "0s");
  await resize({ type: Call_Type.SHRINK_VOLUME, shrinkVolume: used }, "json");
  const { items } = await scene.cluster.kinds.reservations.list();
  expect(items.filter(({ spec }) => spec.role === ROLE)).toMatchObject([
    { spec: { agent: scene.node1, volumes: [{ id: "kept", scalar: 16 }] } },
  ]);
  await start("smaller", 16, "rm kept/zeroes; cat kept/file");
  expect(await scene.finished("smaller")).toBe("remembered\n");
  const volumes = [volume(16)];
  await resize({ type: Call_Type.DESTROY_VOLUMES, destroyVolumes: { agentId, volumes } }, "json");
  await accepted({
    type: Call_Type.UNRESERVE_RESOURCES,
    unreserveResources: { agentId, resources: [disk(24)] },
  });
  await until("the Reservation is gone", async () => {
    const { items } = await scene.cluster.kinds.reservations.list();
    return items.every(({ spec }) => spec.role !== ROLE);
  });

  for (const { events, response } of watches) {
    expect(events[0]?.type).toBe(Event_Type.SUBSCRIBED);
    const at = (fits: (event: (typeof events)[number]) => boolean | undefined) => events.findIndex(fits);
    const added = at(({ taskAdded }) => taskAdded?.task?.taskId?.value === "writer");
    const finished = at(
      ({ taskUpdated }) =>
        taskUpdated?.status?.taskId?.value === "writer" && taskUpdated.state === TaskState.TASK_FINISHED,
    );
    expect(added).toBeGreaterThan(0);
    expect(finished).toBeGreaterThan(added);
    response.destroy();
  }
});

test("quotas, weights and the end of a framework are what kubectl shows", async () => {
  const { roles, quotas, frameworks } = scene.cluster.kinds;
  const weightInfos = [{ role: ROLE, weight: 2 }];
  await accepted({ type: Call_Type.UPDATE_WEIGHTS, updateWeights: { weightInfos } }, "protobuf");
  const found = (await roles.list()).items.find(({ spec }) => spec.path === ROLE);
  expect(found?.spec.weight).toBe(2);
  const quota = (limits: Record<string, { value: number }>) =>
    accepted({ type: Call_Type.UPDATE_QUOTA, updateQuota: { quotaConfigs: [{ role: ROLE, limits }] } });
  const mine = async () => (await quotas.list()).items.filter(({ spec }) => spec.role === ROLE);
  await quota({ cpus: { value: 1.5 } });
  expect(await mine()).toMatchObject([{ spec: { limits: [{ name: "cpus", scalar: 1.5 }] } }]);
  await quota({});
  expect(await mine()).toEqual([]);

  const doomed = await ByHand.connect(scene, "doomed", [ROLE]);
  const { uid } = (await doomed.get()).metadata;
  const teardown: CallInit = { type: Call_Type.TEARDOWN, teardown: { frameworkId: { value: uid } } };
  expect(await stranger.call(teardown)).toMatchObject({ status: 403 });
  await until("it is torn down", async () => (await admin.call(teardown)).status === 200);
  await until("the Framework is gone", async () => {
    const { items } = await frameworks.list({ namespace: scene.namespace });
    return items.length === 0;
  });
});
