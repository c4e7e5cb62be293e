import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { protobufOf } from "../../../src/wire/fieldnumbers.fixture.ts";
import {
  Offer_Operation_Type as Operation,
  OperationState,
  Resource_ReservationInfo_Type,
  TaskState,
  TaskStatus_Reason,
} from "../../../src/wire/gen/mesos/v1/mesos_pb.ts";
import {
  Call_Type,
  Event_Type,
  Event_TypeSchema,
} from "../../../src/wire/gen/mesos/v1/scheduler/scheduler_pb.ts";
import { MEDIA_TYPE } from "../../../src/wire/media.ts";
import { callInFields, callInJson, writtenCalls } from "../../../src/wire/scheduler.fixture.ts";
import { AgentPort } from "./agentport.ts";
import { ask, cpusOf, type MesosClient } from "./client.ts";
import { info, type RunningGateway, Scene, scalar, taskInfo } from "./scene.ts";

const failed = "Failed to validate scheduler::Call: ";

/** Each call and each event of the scheduler API over the wire. In JSON and in protobuf by one gateway, each with an agent of its own. */
describe("the scheduler API over the wire", () => {
  let scene: Scene;
  let agents: AgentPort;
  let gateway: RunningGateway;
  let namespace: string;

  beforeAll(async () => {
    scene = await Scene.start();
    agents = await AgentPort.start();
    namespace = await scene.cluster.namespace("wire");
    const own = {
      agentPort: agents.port,
      agentToken: agents.token,
      agentTls: agents.tls,
      heartbeat: "500ms",
    };
    gateway = await scene.gateway(namespace, own);
  });
  afterAll(async () => {
    await scene.stop();
    await agents.stop();
  });

  describe.each(["json", "protobuf"] as const)("in %s", (encoding) => {
    const role = `role-${encoding}`;
    const node = `n-${encoding}`;
    const executor = {
      executorId: { value: `executor-${encoding}` },
      command: { value: "./executor" },
      resources: [scalar("cpus", 0.1), scalar("mem", 32)],
    };
    let client: MesosClient;
    let byHand: MesosClient;

    beforeAll(async () => {
      await scene.cluster.join(node);
      await scene.cluster.clients.agents.mergePatch(
        { name: node },
        { status: { addresses: ["127.0.0.1"] } },
        { subresource: "status" },
      );
      client = scene.client(gateway.port, { encoding });
      byHand = scene.client(gateway.port, { encoding });
      await scene.cluster.eventually(() =>
        client.subscribe({ frameworkInfo: info(`fw-${encoding}`, { roles: [role] }) }),
      );
      const roles = { roles: ["eng", "ops"] };
      await byHand.subscribe({
        frameworkInfo: info("by hand", { ...roles, checkpoint: true }),
        suppressedRoles: roles.roles,
      });
    });

    const asked = (body: Uint8Array | string, streamId: string) => ({
      headers: { "Content-Type": MEDIA_TYPE[encoding], "Mesos-Stream-Id": streamId },
      body,
    });
    const post = (type: string, id: string, streamId: string) => {
      const call = writtenCalls(id).find((one) => one.type === type);
      if (call === undefined) throw new Error(`no ${type}`);
      const body = encoding === "json" ? callInJson(call, id) : protobufOf(callInFields(call, id));
      return ask(gateway.port, asked(body, streamId));
    };
    const types = writtenCalls("").map(({ type }) => type);

    it.each(types.filter((type) => type !== "SUBSCRIBE" && type !== "TEARDOWN"))(
      "takes %s, by hand",
      async (type) => {
        // UPDATE_FRAMEWORK may not change what was said of the checkpoint.
        const expected =
          type === "UPDATE_FRAMEWORK"
            ? { status: 400, body: expect.stringMatching(/^FrameworkInfo update is not valid: .*checkpoint/) }
            : { status: 202, body: "" };
        expect(await post(type, byHand.id, byHand.streamId)).toMatchObject(expected);
        if (type === "ACCEPT") {
          const { update } = await byHand.event(Event_Type.UPDATE);
          expect(update?.status).toMatchObject({
            taskId: { value: "by-hand" },
            state: TaskState.TASK_DROPPED,
            reason: TaskStatus_Reason.INVALID_OFFERS,
          });
        }
      },
    );

    it("takes SUBSCRIBE, by hand, in the place of the one before, and TEARDOWN", async () => {
      const [call] = writtenCalls(byHand.id);
      if (call === undefined) throw new Error("no SUBSCRIBE");
      const body =
        encoding === "json" ? callInJson(call, byHand.id) : protobufOf(callInFields(call, byHand.id));
      const next = scene.client(gateway.port, { encoding });
      const first = await next.subscribeWith(body);
      expect(first).toMatchObject({ type: Event_Type.SUBSCRIBED });
      await byHand.ended;
      expect(byHand.events.at(-1)).toMatchObject({
        type: Event_Type.ERROR,
        error: { message: "Framework failed over" },
      });
      const { items } = await scene.cluster.clients.frameworks.list({ namespace });
      const framework = items.find(({ metadata }) => metadata.uid === byHand.id);
      expect(framework?.spec).toMatchObject({
        roles: ["eng", "ops"],
        suppressedRoles: ["ops"],
        failoverTimeout: "500ms",
      });
      expect(JSON.stringify(framework?.spec.offerConstraints)).toContain("rack");
      expect(await post("TEARDOWN", byHand.id, next.streamId)).toMatchObject({ status: 202, body: "" });
      await next.ended;
    });

    it.each(types.filter((type) => !["SUBSCRIBE", "TEARDOWN", "REVIVE", "SUPPRESS"].includes(type)))(
      "wants the field of %s",
      async (type) => {
        const number = Call_Type[type as keyof typeof Call_Type];
        const framework = { value: client.id };
        const body =
          encoding === "json"
            ? JSON.stringify({ framework_id: framework, type })
            : protobufOf({ 1: { 1: client.id }, 2: number });
        expect(await ask(gateway.port, asked(body, client.streamId))).toMatchObject({
          status: 400,
          body: `${failed}Expecting '${type.toLowerCase()}' to be present`,
        });
      },
    );

    it("answers who has left with 403", async () => {
      const gone = scene.client(gateway.port, { encoding });
      const frameworkInfo = info(`gone-${encoding}`, { roles: ["gone"], failoverTimeout: 60 });
      await gone.subscribe({ frameworkInfo, suppressedRoles: ["gone"] });
      gone.close();
      await scene.cluster.eventually(async () =>
        expect(await post("REVIVE", gone.id, gone.streamId)).toMatchObject({
          status: 403,
          body: "Framework is not subscribed",
        }),
      );
    });

    it("does not know a type of tomorrow", async () => {
      const body =
        encoding === "json"
          ? JSON.stringify({ framework_id: { value: client.id }, type: "TOMORROW" })
          : protobufOf({ 1: { 1: client.id }, 2: 99 });
      expect(await ask(gateway.port, asked(body, client.streamId))).toMatchObject({
        status: 400,
        body: `${failed}Expecting 'type' to be present`,
      });
    });

    const myOffer = () =>
      scene.cluster.eventually(() => {
        const found = client.open().find((one) => one.agentId?.value === node && cpusOf(one) >= 1);
        if (found === undefined) throw new Error(`${node} is not offered`);
        return found;
      });
    const accept = async (...operations: object[]) => {
      const offerIds = [{ value: (await myOffer()).id?.value ?? "" }];
      const accepted = { offerIds, operations, filters: { refuseSeconds: 0 } };
      expect((await client.call({ type: Call_Type.ACCEPT, accept: accepted })).status).toBe(202);
    };

    it("changes its framework", async () => {
      const frameworkInfo = info(`renamed-${encoding}`, { roles: [role], id: { value: client.id } });
      const changed = await client.call({
        type: Call_Type.UPDATE_FRAMEWORK,
        updateFramework: { frameworkInfo },
      });
      expect(changed).toMatchObject({ status: 200, body: "" });
    });

    it("hears of operations, acknowledges and asks for them", async () => {
      const reservations = [{ type: Resource_ReservationInfo_Type.DYNAMIC, role }];
      const reserve = { resources: [{ ...scalar("disk", 16), reservations }] };
      await accept({ type: Operation.RESERVE, id: { value: "r" }, reserve });
      const told = () =>
        client.events.flatMap(({ updateOperationStatus }) => updateOperationStatus?.status ?? []);
      const { updateOperationStatus } = await client.event(Event_Type.UPDATE_OPERATION_STATUS);
      expect(updateOperationStatus?.status).toMatchObject({
        operationId: { value: "r" },
        agentId: { value: node },
        state: OperationState.OPERATION_FINISHED,
      });
      const ask = { operations: [{ operationId: { value: "r" } }, { operationId: { value: "never" } }] };
      await client.call({ type: Call_Type.RECONCILE_OPERATIONS, reconcileOperations: ask });
      await scene.cluster.eventually(() => expect(told()).toHaveLength(3));
      expect(told().slice(1)).toMatchObject([
        { operationId: { value: "r" }, state: OperationState.OPERATION_FINISHED },
        { operationId: { value: "never" }, state: OperationState.OPERATION_UNKNOWN },
      ]);
      expect(told()[1]?.uuid).toBeUndefined();
      const acknowledgeOperationStatus = {
        agentId: { value: node },
        operationId: { value: "r" },
        uuid: updateOperationStatus?.status?.uuid?.value ?? new Uint8Array(),
      };
      await client.call({ type: Call_Type.ACKNOWLEDGE_OPERATION_STATUS, acknowledgeOperationStatus });
      await client.call({ type: Call_Type.RECONCILE_OPERATIONS, reconcileOperations: ask });
      await scene.cluster.eventually(() => expect(told()).toHaveLength(5));
      expect(told()[3]).toMatchObject({ state: OperationState.OPERATION_UNKNOWN });
    });

    it("exchanges messages with its executor, shuts it down, and hears of its end", async () => {
      const { command: _, ...task } = taskInfo(`custom-${encoding}`, node);
      await accept({ type: Operation.LAUNCH, launch: { taskInfos: [{ ...task, executor }] } });
      const { executors } = scene.cluster.clients;
      const made = await scene.cluster.eventually(async () => {
        const { items } = await executors.list({ namespace });
        const found = items.find(({ spec }) => spec.executorId === executor.executorId.value);
        if (found === undefined) throw new Error("no executor");
        return found;
      });
      const status = (change: object) =>
        executors.mergePatch(made.metadata, { status: change }, { subresource: "status" });
      await status({ state: "Running" });
      const data = new Uint8Array([255, 0, 10]);
      const message = { agentId: { value: node }, executorId: executor.executorId, data };
      await scene.cluster.eventually(async () => {
        expect((await client.call({ type: Call_Type.MESSAGE, message })).status).toBe(202);
        expect(agents.heard).toContainEqual({
          frameworkId: client.id,
          executorId: executor.executorId.value,
          data: "/wAK",
        });
      });
      await scene.cluster.eventually(() => {
        if (agents.listeners === 0) throw new Error("nobody listens");
        agents.say({ frameworkId: client.id, executorId: executor.executorId.value, data: "AQID" });
        expect(client.events.map(({ type }) => type)).toContain(Event_Type.MESSAGE);
      });
      const answered = await client.event(Event_Type.MESSAGE);
      expect(answered.message).toMatchObject({
        agentId: { value: node },
        executorId: executor.executorId,
      });
      expect([...(answered.message?.data ?? [])]).toEqual([1, 2, 3]);
      // To one that is not there: lost, as in Mesos.
      const nobody = { ...message, executorId: { value: "nobody" } };
      expect((await client.call({ type: Call_Type.MESSAGE, message: nobody })).status).toBe(202);
      const shutdown = { agentId: { value: node }, executorId: executor.executorId };
      expect((await client.call({ type: Call_Type.SHUTDOWN, shutdown })).status).toBe(202);
      await scene.cluster.eventually(async () => {
        expect((await executors.get(made.metadata)).spec.shutdown).toBeDefined();
      });
      await scene.report(await scene.task(namespace, `custom-${encoding}`), "TASK_KILLED");
      await status({ state: "Ended", exit: { code: 3 } });
      const { failure } = await client.event(Event_Type.FAILURE);
      expect(failure).toMatchObject({
        agentId: { value: node },
        executorId: executor.executorId,
        status: 3 << 8,
      });
      expect(agents.heard.some(({ executorId }) => executorId === "nobody")).toBe(false);
    });

    it("answers inverse offers both ways, and one is rescinded", async () => {
      const id = `staying-${encoding}`;
      await accept({ type: Operation.LAUNCH, launch: { taskInfos: [taskInfo(id, node)] } });
      await scene.task(namespace, id);
      const { agents: objects } = scene.cluster.clients;
      const plan = (duration: string) =>
        objects.mergePatch(
          { name: node },
          { spec: { maintenance: { start: "2030-01-01T00:00:00Z", duration } } },
        );
      const inverse = () =>
        client.events.flatMap(({ inverseOffers }) => inverseOffers?.inverseOffers ?? []).at(-1);
      const response = async () => {
        const { status } = await objects.get({ name: node });
        return status?.maintenance?.frameworks?.[0]?.response;
      };
      await plan("1h");
      await client.event(Event_Type.INVERSE_OFFERS);
      const first = inverse();
      expect(first).toMatchObject({ agentId: { value: node }, frameworkId: { value: client.id } });
      expect(first?.unavailability?.duration?.nanoseconds).toBe(3_600_000_000_000n);
      const answer = () => ({ inverseOfferIds: [{ value: inverse()?.id?.value ?? "" }] });
      await client.call({ type: Call_Type.ACCEPT_INVERSE_OFFERS, acceptInverseOffers: answer() });
      await scene.cluster.eventually(async () => expect(await response()).toBe("ACCEPT"));
      await plan("2h");
      await scene.cluster.eventually(() => expect(inverse()?.id?.value).not.toBe(first?.id?.value));
      await client.call({ type: Call_Type.DECLINE_INVERSE_OFFERS, declineInverseOffers: answer() });
      await scene.cluster.eventually(async () => expect(await response()).toBe("DECLINE"));
      await plan("3h");
      const last = await scene.cluster.eventually(() => {
        const now = inverse();
        expect(now?.unavailability?.duration?.nanoseconds).toBe(10_800_000_000_000n);
        return now?.id?.value;
      });
      await objects.mergePatch({ name: node }, { spec: { maintenance: null } });
      await client.event(
        Event_Type.RESCIND_INVERSE_OFFER,
        ({ rescindInverseOffer }) => rescindInverseOffer?.inverseOfferId?.value === last,
      );
      await scene.report(await scene.task(namespace, id), "TASK_FINISHED");
    });

    it("loses its offers with their agent", async () => {
      const id = (await myOffer()).id?.value;
      await scene.cluster.clients.agents.delete({ name: node });
      await client.event(Event_Type.RESCIND, ({ rescind }) => rescind?.offerId?.value === id);
      await client.event(
        Event_Type.FAILURE,
        ({ failure }) => failure?.agentId?.value === node && failure.executorId === undefined,
      );
    });

    it("has seen every event there is", async () => {
      await client.event(Event_Type.HEARTBEAT);
      const again = scene.client(gateway.port, { encoding });
      await again.subscribe({
        frameworkInfo: info(`renamed-${encoding}`, { roles: [role], id: { value: client.id } }),
      });
      await client.ended;
      const seen = new Set(client.events.map(({ type }) => Event_TypeSchema.value[type]?.name));
      expect((await again.call({ type: Call_Type.TEARDOWN })).status).toBe(202);
      const all = Event_TypeSchema.values.map(({ name }) => name).filter((name) => name !== "UNKNOWN");
      expect([...seen].sort()).toEqual(all.sort());
    });
  });
});
