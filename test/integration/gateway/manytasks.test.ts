import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MOST_IN_GROUP } from "../../../src/api/task.ts";
import { hasEnded } from "../../../src/api/taskstate.ts";
import { Offer_Operation_Type as Operation, TaskState } from "../../../src/wire/gen/mesos/v1/mesos_pb.ts";
import { Call_Type } from "../../../src/wire/gen/mesos/v1/scheduler/scheduler_pb.ts";
import type { MesosClient } from "./client.ts";
import { info, Scene, scalar, taskInfo } from "./scene.ts";

/** More than an Offer object takes: what a scheduler accepts on its stream is no object. */
const IN_ONE_OPERATION = 60;
const OPERATIONS = 40;

describe("one ACCEPT with many tasks", () => {
  let scene: Scene;
  let namespace: string;
  let client: MesosClient;

  beforeAll(async () => {
    scene = await Scene.start();
    namespace = await scene.cluster.namespace("many");
    const gateway = await scene.gateway(namespace);
    await scene.cluster.join("n1");
    client = scene.client(gateway.port, { encoding: "protobuf" });
    await scene.cluster.eventually(() => client.subscribe({ frameworkInfo: info("many") }));
  });
  afterAll(() => scene.stop());

  const accept = (offers: ReturnType<MesosClient["open"]>, operations: object[]) => {
    const offerIds = offers.map(({ id }) => ({ value: id?.value ?? "" }));
    const filters = { refuseSeconds: 0 };
    return client.call({ type: Call_Type.ACCEPT, accept: { offerIds, operations, filters } });
  };
  const launch = (...taskInfos: object[]) => ({ type: Operation.LAUNCH, launch: { taskInfos } });
  const small = (id: string) => taskInfo(id, "n1", { resources: [scalar("cpus", 0.01), scalar("mem", 32)] });

  it("launches all on several offers of the agent, and tells of each that it cannot", async () => {
    const whole = await client.offer(1);
    await accept([whole], [launch(taskInfo("first", "n1"))]);
    const rest = await client.offer(1);
    await scene.report(await scene.task(namespace, "first"), "TASK_FINISHED");
    const both = await scene.cluster.eventually(() => {
      const offers = client.open();
      expect(offers.length).toBe(2);
      return offers;
    });
    expect(both.map(({ id }) => id)).toContainEqual(rest.id);
    const many = Array.from({ length: IN_ONE_OPERATION }, (_, i) => `many-${i}`);
    const each = Array.from({ length: OPERATIONS }, (_, i) => `each-${i}`);
    const wrong = [
      taskInfo("nothing", "n1", { resources: [] }),
      taskInfo("too-much", "n1", { resources: [scalar("cpus", 400), scalar("mem", 1)] }),
      small("many-7"),
    ];
    const answered = await accept(both, [
      launch(...many.map(small), ...wrong),
      ...each.map((id) => launch(small(id))),
    ]);
    expect(answered).toMatchObject({ status: 202, body: "" });
    await scene.cluster.eventually(() => {
      for (const id of ["nothing", "too-much", "many-7"]) {
        expect(client.updates(id).map(({ state }) => state)).toEqual([TaskState.TASK_ERROR]);
      }
    });
    await scene.cluster.eventually(async () => {
      const { items } = await scene.cluster.clients.tasks.list({ namespace });
      const live = items.filter(({ status }) => !hasEnded(status)).map(({ spec }) => spec.taskId);
      expect(live.sort()).toEqual([...many, ...each].sort());
    });
    // What they left comes again, less what they hold.
    const left = await client.offer(1);
    const cpus = left.resources.find(({ name }) => name === "cpus")?.scalar?.value ?? 0;
    const had = whole.resources.find(({ name }) => name === "cpus")?.scalar?.value ?? 0;
    expect(had - cpus).toBeCloseTo((IN_ONE_OPERATION + OPERATIONS) * 0.01, 3);
    await client.call({ type: Call_Type.DECLINE, decline: { offerIds: [left.id ?? { value: "" }] } });
  });

  it("refuses a group that is too large, by a sentence", async () => {
    await client.call({ type: Call_Type.REVIVE });
    const executor = {
      type: 1,
      executorId: { value: "default" },
      resources: [scalar("cpus", 0.1), scalar("mem", 32)],
    };
    const ids = Array.from({ length: MOST_IN_GROUP + 1 }, (_, i) => `group-${i}`);
    const tasks = ids.map(small);
    const launchGroup = { executor, taskGroup: { tasks } };
    await accept([await client.offer(1)], [{ type: Operation.LAUNCH_GROUP, launchGroup }]);
    await scene.cluster.eventually(() => {
      for (const id of ids) {
        expect(client.updates(id)).toMatchObject([
          { state: TaskState.TASK_ERROR, message: "a task group has at most 64 tasks" },
        ]);
      }
    });
  });
});
