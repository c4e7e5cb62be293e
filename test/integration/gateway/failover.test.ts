import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uuidText } from "../../../src/convert/status.ts";
import {
  Offer_Operation_Type,
  OperationState,
  Resource_ReservationInfo_Type,
  TaskState,
} from "../../../src/wire/gen/mesos/v1/mesos_pb.ts";
import { Call_Type, Event_Type } from "../../../src/wire/gen/mesos/v1/scheduler/scheduler_pb.ts";
import { ask, cpusOf, type MesosClient, open } from "./client.ts";
import { info, type RunningGateway, Scene, scalar, taskInfo } from "./scene.ts";

describe("failover", () => {
  let scene: Scene;
  let gateway: RunningGateway;
  let namespace: string;

  beforeAll(async () => {
    scene = await Scene.start();
    namespace = await scene.cluster.namespace("failover");
    gateway = await scene.gateway(namespace, { maxBufferedBytes: 200_000 });
    await scene.cluster.join("n1");
  });
  afterAll(() => scene.stop());

  const subscribe = async (client: MesosClient, more: object = {}) => {
    await scene.cluster.eventually(() => client.subscribe({ frameworkInfo: info("fw", more) }));
    return client;
  };
  const launch = async (client: MesosClient, id: string) => {
    const offer = await client.offer(1);
    const launch = { taskInfos: [taskInfo(id, "n1")] };
    await client.call({
      type: Call_Type.ACCEPT,
      accept: {
        offerIds: [{ value: offer.id?.value ?? "" }],
        operations: [{ type: Offer_Operation_Type.LAUNCH, launch }],
        filters: { refuseSeconds: 0 },
      },
    });
    return scene.task(namespace, id);
  };
  const frameworks = async () => (await scene.cluster.clients.frameworks.list({ namespace })).items;

  it("a second scheduler takes the place of the first, which is told", async () => {
    const first = await subscribe(scene.client(gateway.port));
    const task = await launch(first, "one");
    await scene.report(task, "TASK_RUNNING");
    await first.event(Event_Type.UPDATE);
    await first.offer(1);
    const second = await subscribe(scene.client(gateway.port), { id: { value: first.id } });
    expect(second.id).toBe(first.id);
    await first.ended;
    expect(first.events.at(-1)).toMatchObject({
      type: Event_Type.ERROR,
      error: { message: "Framework failed over" },
    });
    expect(await first.call({ type: Call_Type.REVIVE })).toMatchObject({ status: 400 });
    // What was not acknowledged is told again, and what was offered is offered anew.
    const { update } = await second.event(Event_Type.UPDATE);
    expect(update?.status).toMatchObject({ taskId: { value: "one" }, state: TaskState.TASK_RUNNING });
    await second.offer(1);
    expect(await frameworks()).toHaveLength(1);
    await second.call({ type: Call_Type.TEARDOWN });
    await scene.cluster.eventually(async () => {
      expect((await scene.cluster.clients.tasks.get(task.metadata)).spec.kill).toBeDefined();
    });
    await scene.report(task, "TASK_KILLED");
    await scene.cluster.eventually(async () => expect(await frameworks()).toEqual([]));
  });

  it("one that is away loses its offers, and after failover_timeout all", async () => {
    const client = await subscribe(scene.client(gateway.port), { failoverTimeout: 1 });
    const task = await launch(client, "two");
    await client.offer(1);
    client.close();
    await scene.cluster.eventually(async () => {
      expect((await frameworks())[0]?.status).toMatchObject({ connected: false });
    });
    await scene.cluster.eventually(async () => {
      expect((await scene.cluster.clients.tasks.get(task.metadata)).status?.state).toBe("TASK_KILLED");
      expect(await frameworks()).toEqual([]);
    });
    const late = scene.client(gateway.port);
    const refused = await late.attempt({ frameworkInfo: info("fw", { id: { value: client.id } }) });
    expect(refused.error?.message).toBe("Framework has been removed");
    // Its offers were free for others.
    const other = await subscribe(scene.client(gateway.port), { failoverTimeout: 0 });
    expect(cpusOf(await other.offer(3))).toBeGreaterThan(3);
    other.close();
    await scene.cluster.eventually(async () => expect(await frameworks()).toEqual([]));
  });

  it("those that leave as soon as they have come are removed too", async () => {
    const brief = async () => (await subscribe(scene.client(gateway.port), { failoverTimeout: 0 })).close();
    await Promise.all(Array.from({ length: 10 }, brief));
    await scene.cluster.eventually(async () => expect(await frameworks()).toEqual([]));
  });

  it("an id that nobody knows is accepted, and kept", async () => {
    const id = "8d4ee3e0-1111-2222-3333-444455556666-0000";
    const client = await subscribe(scene.client(gateway.port), { id: { value: id } });
    expect(client.id).toBe(id);
    expect((await frameworks())[0]?.status?.id ?? id).toBe(id);
    const offerIds = [{ value: (await client.offer(1)).id?.value ?? "" }];
    const decline = { offerIds, filters: { refuseSeconds: 3600 } };
    expect((await client.call({ type: Call_Type.DECLINE, decline })).status).toBe(202);
    client.close();
    await scene.cluster.eventually(async () => {
      expect((await frameworks())[0]?.status).toMatchObject({ connected: false });
    });
    const again = await subscribe(scene.client(gateway.port), { id: { value: id } });
    expect(again.id).toBe(id);
    expect(await frameworks()).toHaveLength(1);
    // What was declined before it left is offered again.
    await again.offer(1);
    await again.call({ type: Call_Type.TEARDOWN });
  });

  it("a subscriber that does not read is dropped, and others go on", async () => {
    const slow = await open(gateway.port, {
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        type: "SUBSCRIBE",
        subscribe: { framework_info: { user: "", name: "slow", failover_timeout: 3600 } },
      }),
    });
    slow.pause();
    let dropped = false;
    slow.once("close", () => {
      dropped = true;
    });
    slow.on("error", () => {});
    const streamId = String(slow.headers["mesos-stream-id"]);
    const fast = await subscribe(scene.client(gateway.port));
    const id = await scene.cluster.eventually(async () => {
      const found = (await frameworks()).find(({ metadata }) => metadata.name.startsWith("slow"));
      if (found?.status?.connected !== true) throw new Error("it is not connected");
      return found.metadata.uid;
    });
    // Answers that are long: each task is answered for.
    const tasks = Array.from({ length: 400 }, (_, i) => ({ task_id: { value: `${i}-${"x".repeat(200)}` } }));
    await scene.cluster.eventually(async () => {
      await ask(gateway.port, {
        headers: { "Content-Type": "application/json", "Mesos-Stream-Id": streamId },
        body: JSON.stringify({ framework_id: { value: id }, type: "RECONCILE", reconcile: { tasks } }),
      });
      const now = (await frameworks()).find(({ metadata }) => metadata.uid === id);
      expect(now?.status?.connected).toBe(false);
    });
    slow.resume();
    await scene.cluster.eventually(() => expect(dropped).toBe(true));
    await fast.offer(1);
    await fast.call({ type: Call_Type.TEARDOWN });
  });

  it("a Framework that is deleted is told so", async () => {
    const client = await subscribe(scene.client(gateway.port));
    const [framework] = (await frameworks()).filter(({ metadata }) => metadata.uid === client.id);
    await scene.cluster.clients.frameworks.delete(framework?.metadata ?? { name: "none" });
    await client.ended;
    expect(client.events.at(-1)?.error?.message).toBe("Framework has been removed");
  });

  it("is asked to leave an agent that is to be maintained, and told when one is lost", async () => {
    await scene.cluster.join("n2");
    const client = await subscribe(scene.client(gateway.port));
    const offer = await scene.cluster.eventually(() => {
      const found = client.open().find(({ agentId }) => agentId?.value === "n2");
      if (found === undefined) throw new Error("n2 is not offered");
      return found;
    });
    const launch = { taskInfos: [taskInfo("leaving", "n2")] };
    await client.call({
      type: Call_Type.ACCEPT,
      accept: {
        offerIds: [{ value: offer.id?.value ?? "" }],
        operations: [{ type: Offer_Operation_Type.LAUNCH, launch }],
      },
    });
    await scene.task(namespace, "leaving");
    const agents = scene.cluster.clients.agents;
    const maintenance = { start: "2030-01-01T00:00:00Z", duration: "1h" };
    await agents.mergePatch({ name: "n2" }, { spec: { maintenance } });
    const { inverseOffers } = await client.event(Event_Type.INVERSE_OFFERS);
    const [inverse] = inverseOffers?.inverseOffers ?? [];
    expect(inverse).toMatchObject({
      agentId: { value: "n2" },
      frameworkId: { value: client.id },
      resources: [{ name: "cpus" }, { name: "mem" }],
    });
    const declined = {
      inverseOfferIds: [{ value: inverse?.id?.value ?? "" }],
      filters: { refuseSeconds: 0 },
    };
    await client.call({ type: Call_Type.DECLINE_INVERSE_OFFERS, declineInverseOffers: declined });
    await scene.cluster.eventually(async () => {
      const { status } = await agents.get({ name: "n2" });
      expect(status?.maintenance?.frameworks?.[0]?.response).toBe("DECLINE");
    });
    const longer = { ...maintenance, duration: "2h" };
    await agents.mergePatch({ name: "n2" }, { spec: { maintenance: longer } });
    const again = await client.event(
      Event_Type.INVERSE_OFFERS,
      (event) => event.inverseOffers?.inverseOffers[0]?.id?.value !== inverse?.id?.value,
    );
    await agents.mergePatch({ name: "n2" }, { spec: { maintenance: null } });
    const rescinded = await client.event(Event_Type.RESCIND_INVERSE_OFFER);
    expect(rescinded.rescindInverseOffer?.inverseOfferId?.value).toBe(
      again.inverseOffers?.inverseOffers[0]?.id?.value,
    );
    await scene.cluster.clients.tasks.mergePatch(
      (await scene.task(namespace, "leaving")).metadata,
      { status: { state: "TASK_FINISHED" } },
      { subresource: "status" },
    );
    await agents.delete({ name: "n2" });
    const failure = await client.event(Event_Type.FAILURE);
    expect(failure.failure?.agentId?.value).toBe("n2");
    await client.call({ type: Call_Type.TEARDOWN });
  });

  it("a replica that proxies passes everything on, records as they are", async () => {
    const proxy = await scene.gateway(namespace, { followers: "Proxy" });
    const client = await subscribe(scene.client(proxy.port), { failoverTimeout: 0 });
    expect(client.events[0]?.subscribed?.masterInfo?.port).toBe(gateway.port);
    const task = await launch(client, "proxied");
    await scene.report(task, "TASK_RUNNING");
    await client.event(Event_Type.UPDATE);
    expect(await client.call({ type: Call_Type.ACCEPT })).toMatchObject({ status: 400 });
    client.close();
    await scene.cluster.eventually(async () => {
      expect((await scene.cluster.clients.tasks.get(task.metadata)).spec.kill).toBeDefined();
    });
    await scene.report(task, "TASK_KILLED");
    await proxy.stop();
  });

  it("the next leader knows the framework and its operations, and the replicas point at the leader", async () => {
    const role = "failover";
    const fw = (more: object = {}) => info("fw", { failoverTimeout: 0, roles: [role], ...more });
    const client = scene.client(gateway.port, { encoding: "protobuf" });
    await client.subscribe({ frameworkInfo: fw() });
    const offer = await client.offer(1);
    const reservations = [{ type: Resource_ReservationInfo_Type.DYNAMIC, role }];
    const reserve = (id: string) => ({
      type: Offer_Operation_Type.RESERVE,
      id: { value: id },
      reserve: { resources: [{ ...scalar("disk", 8), reservations }] },
    });
    const launch = { taskInfos: [taskInfo("three", offer.agentId?.value ?? "")] };
    await client.call({
      type: Call_Type.ACCEPT,
      accept: {
        offerIds: [{ value: offer.id?.value ?? "" }],
        operations: [reserve("kept"), reserve("acknowledged"), { type: Offer_Operation_Type.LAUNCH, launch }],
      },
    });
    const task = await scene.task(namespace, "three");
    const told = (from: MesosClient, id: string) =>
      from.events.flatMap(({ updateOperationStatus }) => {
        const { status } = updateOperationStatus ?? {};
        return status?.operationId?.value === id ? [status] : [];
      });
    const acknowledge = (from: MesosClient, id: string) => {
      const [{ operationId, agentId, uuid } = {}] = told(from, id);
      const acknowledgeOperationStatus = { operationId, agentId, uuid: uuid?.value ?? new Uint8Array() };
      return from.call({
        type: Call_Type.ACKNOWLEDGE_OPERATION_STATUS,
        acknowledgeOperationStatus,
      } as Parameters<MesosClient["call"]>[0]);
    };
    const inFramework = async () => {
      const found = (await frameworks()).find(({ metadata }) => metadata.uid === client.id);
      return (found?.status?.operations ?? []).map(({ id }) => id);
    };
    await scene.cluster.eventually(() => {
      for (const id of ["kept", "acknowledged"]) expect(told(client, id)).toHaveLength(1);
    });
    expect(await inFramework()).toEqual(["kept", "acknowledged"]);
    await acknowledge(client, "acknowledged");
    await scene.cluster.eventually(async () => expect(await inFramework()).toEqual(["kept"]));

    const follower = await scene.gateway(namespace);
    const redirected = await scene.cluster.eventually(async () => {
      const answered = await ask(follower.port, { path: "/api/v1/scheduler?x=1" });
      expect(answered.status).toBe(307);
      return answered;
    });
    expect(redirected.headers.location).toBe(`//127.0.0.1:${gateway.port}/api/v1/scheduler?x=1`);
    await gateway.stop();
    await client.ended;
    const again = scene.client(follower.port);
    await scene.cluster.eventually(
      () => again.subscribe({ frameworkInfo: fw({ id: { value: client.id } }) }),
      40_000,
    );
    expect(again.id).toBe(client.id);
    await again.offer(1);
    expect((await scene.cluster.clients.tasks.get(task.metadata)).spec.kill).toBeUndefined();
    // The end of the operation is told again, as the same.
    const [before] = told(client, "kept");
    const uuidOf = (status: typeof before) => uuidText(status?.uuid?.value ?? new Uint8Array());
    await scene.cluster.eventually(() => {
      const [status] = told(again, "kept");
      expect(status).toMatchObject({ state: OperationState.OPERATION_FINISHED, agentId: { value: "n1" } });
      expect(uuidOf(status)).toBe(uuidOf(before));
    });
    expect(told(again, "acknowledged")).toEqual([]);
    const reconcile = async (...ids: string[]) => {
      const operations = ids.map((value) => ({ operationId: { value } }));
      const from = again.events.length;
      await again.call({ type: Call_Type.RECONCILE_OPERATIONS, reconcileOperations: { operations } });
      return scene.cluster.eventually(() => {
        const answers = again.events.slice(from).flatMap(({ updateOperationStatus }) => {
          const { status } = updateOperationStatus ?? {};
          return status?.uuid === undefined && status !== undefined ? [status] : [];
        });
        expect(answers.length).toBeGreaterThanOrEqual(Math.max(ids.length, 1));
        return answers.map(({ operationId, state }) => [operationId?.value, state]);
      });
    };
    expect(await reconcile("kept", "acknowledged")).toEqual([
      ["kept", OperationState.OPERATION_FINISHED],
      ["acknowledged", OperationState.OPERATION_UNKNOWN],
    ]);
    expect(await reconcile()).toEqual([["kept", OperationState.OPERATION_FINISHED]]);
    await acknowledge(again, "kept");
    await scene.cluster.eventually(async () => expect(await inFramework()).toEqual([]));
    expect(await reconcile("kept")).toEqual([["kept", OperationState.OPERATION_UNKNOWN]]);
  });
});
