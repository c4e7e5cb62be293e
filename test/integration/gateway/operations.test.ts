import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MOST_IN_GROUP } from "../../../src/api/task.ts";
import { hasEnded } from "../../../src/api/taskstate.ts";
import { uuidText } from "../../../src/convert/status.ts";
import { Call_Type as Master } from "../../../src/wire/gen/mesos/v1/master/master_pb.ts";
import {
  Resource_DiskInfo_Source_Type as DiskType,
  OperationState,
  Resource_ReservationInfo_Type,
  TaskState,
  Offer_Operation_Type as Type,
  Volume_Mode,
} from "../../../src/wire/gen/mesos/v1/mesos_pb.ts";
import { Call_Type, Event_Type } from "../../../src/wire/gen/mesos/v1/scheduler/scheduler_pb.ts";
import { Administrator, principal } from "./administrator.ts";
import { cpusOf, type MesosClient } from "./client.ts";
import { info, Scene, scalar, taskInfo } from "./scene.ts";

describe("operations on offers", () => {
  let scene: Scene;
  let namespace: string;
  let client: MesosClient;

  beforeAll(async () => {
    scene = await Scene.start();
    namespace = await scene.cluster.namespace("operations");
    const gateway = await scene.gateway(namespace);
    await scene.cluster.join("n1");
    client = scene.client(gateway.port);
    await scene.cluster.eventually(() => client.subscribe({ frameworkInfo: info("fw", { roles: ["eng"] }) }));
  });
  afterAll(() => scene.stop());

  const accept = async (operations: object[]) => {
    const offer = await client.offer(1);
    const offerIds = [{ value: offer.id?.value ?? "" }];
    const filters = { refuseSeconds: 0 };
    expect(
      (await client.call({ type: Call_Type.ACCEPT, accept: { offerIds, operations, filters } })).status,
    ).toBe(202);
    return offer;
  };
  const feedback = async (id: string) => {
    const event = await client.event(
      Event_Type.UPDATE_OPERATION_STATUS,
      ({ updateOperationStatus }) => updateOperationStatus?.status?.operationId?.value === id,
    );
    return event.updateOperationStatus?.status;
  };
  const reservations = [{ type: Resource_ReservationInfo_Type.DYNAMIC, role: "eng" }];
  const disk = { ...scalar("disk", 64), reservations };
  const volume = {
    ...disk,
    disk: { persistence: { id: "v1" }, volume: { containerPath: "data", mode: Volume_Mode.RW } },
  };

  it("RESERVE, CREATE and a LAUNCH on the volume, in one answer", async () => {
    const launch = {
      taskInfos: [taskInfo("db", "n1", { resources: [scalar("cpus", 0.5), scalar("mem", 64), volume] })],
    };
    await accept([
      { type: Type.RESERVE, id: { value: "r" }, reserve: { resources: [disk] } },
      { type: Type.CREATE, id: { value: "c" }, create: { volumes: [volume] } },
      { type: Type.LAUNCH, launch },
    ]);
    for (const id of ["r", "c"]) {
      const status = await feedback(id);
      expect(status?.state).toBe(OperationState.OPERATION_FINISHED);
      expect(status?.uuid?.value).toHaveLength(16);
      const acknowledgeOperationStatus = {
        agentId: { value: "n1" },
        operationId: { value: id },
        uuid: status?.uuid?.value ?? new Uint8Array(),
      };
      const call = { type: Call_Type.ACKNOWLEDGE_OPERATION_STATUS, acknowledgeOperationStatus };
      expect((await client.call(call)).status).toBe(202);
    }
    const task = await scene.task(namespace, "db");
    expect(task.spec.resources[2]?.disk?.persistence?.id).toBe("v1");
    const { items } = await scene.cluster.clients.reservations.list();
    expect(items).toHaveLength(1);
    expect(items[0]?.spec).toMatchObject({ role: "eng", agent: "n1", volumes: [{ id: "v1" }] });
  });

  it("what cannot be done is told, by the operation or by the task", async () => {
    await accept([
      { type: Type.DESTROY, id: { value: "d" }, destroy: { volumes: [volume] } },
      { type: Type.GROW_VOLUME, id: { value: "g" }, growVolume: { volume, addition: disk } },
      {
        type: Type.CREATE_DISK,
        id: { value: "cd" },
        createDisk: { source: disk, targetType: DiskType.MOUNT },
      },
      { type: Type.LAUNCH, id: { value: "l" }, launch: { taskInfos: [taskInfo("feedback", "n1")] } },
    ]);
    const destroyed = await feedback("d");
    expect(destroyed?.state).toBe(OperationState.OPERATION_ERROR);
    // In use: it is not among what is offered.
    expect(await feedback("g")).toMatchObject({
      state: OperationState.OPERATION_ERROR,
      message: expect.stringMatching(/ does not contain disk\(.*v1/),
    });
    expect(await feedback("cd")).toMatchObject({
      state: OperationState.OPERATION_ERROR,
      message: expect.stringMatching(
        /^CREATE_DISK is for disks of a resource provider, of which there are none/,
      ),
    });
    const { update } = await client.event(
      Event_Type.UPDATE,
      (event) => event.update?.status?.taskId?.value === "feedback",
    );
    expect(update?.status).toMatchObject({
      state: TaskState.TASK_ERROR,
      message: "The 'id' field was set in an operation of type LAUNCH or LAUNCH_GROUP",
    });
    await client.call({
      type: Call_Type.ACCEPT,
      accept: {
        offerIds: [{ value: "never" }],
        operations: [{ type: Type.RESERVE, id: { value: "late" }, reserve: { resources: [disk] } }],
      },
    });
    expect(await feedback("late")).toMatchObject({
      state: OperationState.OPERATION_ERROR,
      message: "Operation attempted with invalid offers: Offer never is no longer valid",
    });
  });

  it("RECONCILE_OPERATIONS tells what is known", async () => {
    const operations = [{ operationId: { value: "d" } }, { operationId: { value: "r" } }];
    const before = client.events.length;
    await client.call({ type: Call_Type.RECONCILE_OPERATIONS, reconcileOperations: { operations } });
    await scene.cluster.eventually(() => {
      const told = client.events.slice(before).flatMap(({ updateOperationStatus }) => {
        const { status } = updateOperationStatus ?? {};
        return status === undefined ? [] : [[status.operationId?.value, status.state]];
      });
      expect(told).toContainEqual(["d", OperationState.OPERATION_ERROR]);
      // It was acknowledged.
      expect(told).toContainEqual(["r", OperationState.OPERATION_UNKNOWN]);
    });
  });

  it.each(["json", "protobuf"] as const)("GET_OPERATIONS tells those that wait, in %s", async (encoding) => {
    const admin = new Administrator(client.port, await principal(scene.cluster, `operations-${encoding}`));
    const status = await feedback("d");
    await scene.cluster.eventually(async () => {
      const { getOperations } = await admin.read({ type: Master.GET_OPERATIONS }, encoding);
      // What was acknowledged, and what the gateway itself refused, is not among them.
      const ids = getOperations?.operations.map(({ info }) => info?.id?.value);
      expect(ids).toEqual(["d", "g"]);
      const [destroyed] = getOperations?.operations ?? [];
      expect(destroyed).toMatchObject({
        frameworkId: { value: client.id },
        agentId: { value: "n1" },
        info: {
          type: Type.DESTROY,
          destroy: { volumes: [{ name: "disk", disk: { persistence: { id: "v1" } } }] },
        },
        latestStatus: { state: OperationState.OPERATION_ERROR, message: status?.message },
      });
      const uuids = [
        destroyed?.uuid,
        destroyed?.latestStatus?.uuid,
        destroyed?.statuses[0]?.uuid,
        status?.uuid,
      ];
      const [own, ...others] = uuids.map((uuid) => uuidText(uuid?.value ?? new Uint8Array()));
      expect(new Set(others).size).toBe(1);
      expect(others).not.toContain(own);
    });
  });

  describe("volumes of another size", () => {
    type Sized = typeof disk & { disk?: (typeof volume)["disk"] };
    const sized = (resource: Sized, size: number) => ({ ...resource, ...scalar("disk", size), reservations });
    /** On all that is offered of n1, once the volume is. */
    const onVolume = async (operations: object[]) => {
      const offerIds = await scene.cluster.eventually(() => {
        const offers = client.open();
        const disks = offers.flatMap(({ resources }) => resources.map((one) => one.disk?.persistence?.id));
        if (!disks.includes("v1")) throw new Error("the volume is not offered");
        return offers.map(({ id }) => ({ value: id?.value ?? "" }));
      });
      const accept = { offerIds, operations, filters: { refuseSeconds: 0 } };
      expect((await client.call({ type: Call_Type.ACCEPT, accept })).status).toBe(202);
    };
    const grow = (id: string, grown: object, addition: object) => ({
      type: Type.GROW_VOLUME,
      id: { value: id },
      growVolume: { volume: grown, addition },
    });
    const shrink = (id: string, shrunk: object, value: number) => ({
      type: Type.SHRINK_VOLUME,
      id: { value: id },
      shrinkVolume: { volume: shrunk, subtract: { value } },
    });
    /** The one that is left, once those that gave all are gone. */
    const reservation = () =>
      scene.cluster.eventually(async () => {
        const { items } = await scene.cluster.clients.reservations.list();
        expect(items).toHaveLength(1);
        return items[0]?.spec;
      });

    it("GROW_VOLUME and SHRINK_VOLUME change it in its Reservation, which takes in what was reserved later", async () => {
      await scene.report(await scene.task(namespace, "db"), "TASK_FINISHED");
      const before = await reservation();
      await onVolume([
        { type: Type.RESERVE, id: { value: "more" }, reserve: { resources: [sized(disk, 32)] } },
        grow("grown", volume, sized(disk, 32)),
        shrink("shrunk", sized(volume, 96), 56),
      ]);
      for (const id of ["more", "grown", "shrunk"]) {
        expect(await feedback(id)).toMatchObject({ state: OperationState.OPERATION_FINISHED });
      }
      expect(await reservation()).toMatchObject({
        resources: [{ name: "disk", scalar: 96 }],
        volumes: [{ ...before?.volumes?.[0], scalar: 40 }],
      });
    });

    it("what Mesos refuses is refused, each with its sentence", async () => {
      const small = sized(volume, 40);
      const strange = { ...sized(disk, 8), reservations: [{ ...reservations[0], role: "ops" }] };
      const refused: [object, RegExp][] = [
        [shrink("all", small, 40), /must be smaller than the volume/],
        [shrink("none", small, 0), /must be greater than zero/],
        [
          shrink("shared", { ...small, shared: {} }, 8),
          /shrinking a shared persistent volume is not supported/,
        ],
        [shrink("no-volume", sized(disk, 40), 8), /is not a persistent volume/],
        [shrink("old-size", volume, 8), /does not contain/],
        [grow("by-none", small, sized(disk, 0)), /must be more than nothing/],
        [grow("other-role", small, strange), /not of one kind/],
        [grow("unreserved", small, scalar("disk", 8)), /not of one kind/],
        [grow("by-volume", small, small), /not of one kind/],
        [grow("too-much", small, sized(disk, 57)), /does not contain/],
        [grow("shared-too", { ...small, shared: {} }, sized(disk, 8)), /growing a shared persistent volume/],
      ];
      await onVolume(refused.map(([operation]) => operation));
      for (const [operation, words] of refused) {
        const { id } = operation as { id: { value: string } };
        expect(await feedback(id.value), id.value).toMatchObject({
          state: OperationState.OPERATION_ERROR,
          message: expect.stringMatching(words),
        });
      }
      expect((await reservation())?.volumes).toMatchObject([{ id: "v1", scalar: 40 }]);
    });
  });

  it("LAUNCH_GROUP launches all tasks or none", async () => {
    const executor = {
      type: 1,
      executorId: { value: "default" },
      resources: [scalar("cpus", 0.1), scalar("mem", 32)],
    };
    const group = (...tasks: object[]) => ({
      type: Type.LAUNCH_GROUP,
      launchGroup: { executor, taskGroup: { tasks } },
    });
    await accept([
      group(taskInfo("a", "n1"), taskInfo("b", "n1")),
      group(taskInfo("c", "n1"), taskInfo("d", "n1", { command: {} })),
    ]);
    const [a, b] = [await scene.task(namespace, "a"), await scene.task(namespace, "b")];
    expect(a.spec.group).toMatchObject({ size: 2 });
    expect(b.spec.group).toEqual(a.spec.group);
    const { items: made } = await scene.cluster.clients.executors.list({ namespace });
    expect(made).toMatchObject([
      {
        spec: {
          framework: a.spec.framework,
          executorId: "default",
          type: "DEFAULT",
          resources: [
            { name: "cpus", scalar: 0.1 },
            { name: "mem", scalar: 32 },
          ],
        },
      },
    ]);
    expect([a, b].map(({ spec }) => spec.executor?.name)).toEqual(Array(2).fill(made[0]?.metadata.name));
    for (const id of ["c", "d"]) {
      const { update } = await client.event(
        Event_Type.UPDATE,
        (event) => event.update?.status?.taskId?.value === id,
      );
      expect(update?.status?.state).toBe(TaskState.TASK_ERROR);
    }
    const { items } = await scene.cluster.clients.tasks.list({ namespace });
    expect(items.map(({ spec }) => spec.taskId).sort()).toEqual(["a", "b", "db"]);
  });

  it("an offer is not used twice in one answer", async () => {
    await scene.cluster.join("n2");
    await client.offer(3);
    const first = await client.offer(3);
    const agent = first.agentId?.value ?? "";
    const offerIds = [{ value: first.id?.value ?? "" }, { value: first.id?.value ?? "" }];
    const launch = { taskInfos: [taskInfo("twice", agent)] };
    const accept = { offerIds, operations: [{ type: Type.LAUNCH, launch }] };
    await client.call({ type: Call_Type.ACCEPT, accept });
    const { update } = await client.event(
      Event_Type.UPDATE,
      (event) => event.update?.status?.taskId?.value === "twice",
    );
    expect(update?.status).toMatchObject({
      state: TaskState.TASK_DROPPED,
      message: `Task launched with invalid offers: Duplicate offer ${first.id?.value} in offer list`,
    });
  });

  describe("many in one ACCEPT", () => {
    /** Together more than an Offer object takes: what is accepted on a stream is no object. */
    const many = Array.from({ length: 60 }, (_, i) => `many-${i}`);
    const each = Array.from({ length: 40 }, (_, i) => `each-${i}`);
    let crowd: MesosClient;

    beforeAll(async () => {
      crowd = scene.client(client.port, { encoding: "protobuf" });
      await crowd.subscribe({ frameworkInfo: info("many") });
      await client.call({ type: Call_Type.TEARDOWN });
      await scene.cluster.join("n3");
    });

    type Offers = ReturnType<MesosClient["open"]>;
    const onN3 = (count: number) =>
      scene.cluster.eventually(() => {
        const found = crowd.open().filter(({ agentId }) => agentId?.value === "n3");
        expect(found).toHaveLength(count);
        return found;
      });
    const answer = (offers: Offers, operations: object[]) => {
      const offerIds = offers.map(({ id }) => ({ value: id?.value ?? "" }));
      const filters = { refuseSeconds: 0 };
      return crowd.call({ type: Call_Type.ACCEPT, accept: { offerIds, operations, filters } });
    };
    const launch = (...taskInfos: object[]) => ({ type: Type.LAUNCH, launch: { taskInfos } });
    const small = (id: string) =>
      taskInfo(id, "n3", { resources: [scalar("cpus", 0.01), scalar("mem", 32)] });

    it("launches all on several offers of the agent, and tells of each that it cannot", async () => {
      const [whole] = await onN3(1);
      if (whole === undefined) throw new Error("no offer");
      await answer([whole], [launch(taskInfo("first", "n3"))]);
      await onN3(1);
      await scene.report(await scene.task(namespace, "first"), "TASK_FINISHED");
      const wrong = [
        taskInfo("nothing", "n3", { resources: [] }),
        taskInfo("too-much", "n3", { resources: [scalar("cpus", 400), scalar("mem", 1)] }),
        small("many-7"),
      ];
      const operations = [launch(...many.map(small), ...wrong), ...each.map((id) => launch(small(id)))];
      expect(await answer(await onN3(2), operations)).toMatchObject({ status: 202, body: "" });
      await scene.cluster.eventually(() => {
        for (const id of ["nothing", "too-much", "many-7"]) {
          expect(crowd.updates(id).map(({ state }) => state)).toEqual([TaskState.TASK_ERROR]);
        }
      });
      await scene.cluster.eventually(async () => {
        const { items } = await scene.cluster.clients.tasks.list({ namespace });
        const mine = items.filter(({ spec, status }) => spec.agent === "n3" && !hasEnded(status));
        expect(mine.map(({ spec }) => spec.taskId).sort()).toEqual([...many, ...each].sort());
      });
      // What they left comes again, less what they hold.
      const [left] = await onN3(1);
      if (left === undefined) throw new Error("no offer");
      expect(cpusOf(whole) - cpusOf(left)).toBeCloseTo(1, 3);
    });

    it("refuses a group that is too large, by a sentence", async () => {
      const executor = {
        type: 1,
        executorId: { value: "default" },
        resources: [scalar("cpus", 0.1), scalar("mem", 32)],
      };
      const ids = Array.from({ length: MOST_IN_GROUP + 1 }, (_, i) => `group-${i}`);
      const launchGroup = { executor, taskGroup: { tasks: ids.map(small) } };
      await answer(await onN3(1), [{ type: Type.LAUNCH_GROUP, launchGroup }]);
      const told = { state: TaskState.TASK_ERROR, message: "a task group has at most 64 tasks" };
      await scene.cluster.eventually(() => {
        for (const id of ids) expect(crowd.updates(id)).toMatchObject([told]);
      });
    });
  });
});
