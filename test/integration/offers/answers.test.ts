import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Framework } from "../../../src/api/framework.ts";
import type { Offer } from "../../../src/api/offer.ts";
import type { Live } from "../../../src/cluster/object.ts";
import { template } from "../bareCluster.ts";
import { amount, launch, TestCluster } from "./cluster.ts";

let cluster: TestCluster;
let namespace: string;
beforeAll(async () => {
  cluster = await TestCluster.start();
  await cluster.startOperator();
  await cluster.join("n1", { cpu: "16", memory: "32Gi" });
  namespace = await cluster.namespace("answers");
});
afterAll(() => cluster.stop());

let count = 0;
const live: Live<Framework>[] = [];
/** A framework of its own for a test, and an Offer to it of all that is free. */
async function offered(spec: object = {}): Promise<{ framework: Live<Framework>; offer: Live<Offer> }> {
  const framework = await cluster.framework(namespace, `fw${++count}`, spec);
  live.push(framework);
  return { framework, offer: await cluster.firstOffer(namespace, framework.metadata.name) };
}

/** So that the next test finds the node free. */
afterEach(async () => {
  for (const { metadata } of live.splice(0)) {
    await cluster.clients.frameworks.delete(metadata).catch(() => {});
    for (const task of await cluster.tasksOf(namespace, metadata.name)) {
      await cluster.report(task, "TASK_KILLED").catch(() => {});
    }
    await cluster.eventually(() =>
      expect(cluster.clients.frameworks.get(metadata)).rejects.toThrow(/not found/),
    );
  }
});

describe("an answer", () => {
  it("launches what is sound and accounts for what is not", async () => {
    const { framework, offer } = await offered();
    await cluster.accept(offer, [
      launch(
        template(1, 64, { taskId: "good" }),
        template(1, 64, { taskId: "good" }),
        template(1000, 64, { taskId: "huge" }),
        template(1, 64, { taskId: "last" }),
      ),
    ]);
    const closed = await cluster.closed(offer, "Accepted");
    const [result] = closed.status?.operations ?? [];
    expect(result).toMatchObject({ status: "ERROR" });
    expect(result?.tasks).toHaveLength(4);
    const tasks = await cluster.tasksOf(namespace, framework.metadata.name);
    const seen = tasks
      .map(({ spec, status }) => [spec.taskId, spec.offer?.index, spec.agent, status?.state, status?.reason])
      .sort((a, b) => Number(a[1]) - Number(b[1]));
    expect(seen).toEqual([
      ["good", 0, "n1", undefined, undefined],
      ["good", 1, undefined, "TASK_ERROR", "REASON_TASK_INVALID"],
      ["huge", 2, undefined, "TASK_ERROR", "REASON_TASK_INVALID"],
      ["last", 3, "n1", undefined, undefined],
    ]);
    const huge = tasks.find(({ spec }) => spec.taskId === "huge");
    expect(huge?.status?.updates).toMatchObject([{ state: "TASK_ERROR", source: "SOURCE_MASTER" }]);
    expect(huge?.status?.message).toMatch(/needs cpus:1000/);
  });

  it("launches a group as a whole or not at all", async () => {
    const { framework, offer } = await offered();
    const group = (tasks: object[]) => ({ type: "LAUNCH_GROUP", launchGroup: { tasks } });
    await cluster.accept(
      offer,
      [group([template(1), template(1000)]), group([template(1), template(2)])],
      "0s",
    );
    const closed = await cluster.closed(offer, "Accepted");
    expect(closed.status?.operations).toMatchObject([{ status: "ERROR" }, { status: "FINISHED" }]);
    const tasks = await cluster.tasksOf(namespace, framework.metadata.name);
    const first = tasks.filter(({ spec }) => spec.offer?.operation === 0);
    expect(first.map(({ status }) => status?.reason)).toEqual([
      "REASON_TASK_GROUP_INVALID",
      "REASON_TASK_GROUP_INVALID",
    ]);
    const second = tasks.filter(({ spec }) => spec.offer?.operation === 1);
    expect(second.map(({ spec }) => [spec.agent, spec.group?.size])).toEqual([
      ["n1", 2],
      ["n1", 2],
    ]);
    expect(new Set(second.map(({ spec }) => spec.group?.id)).size).toBe(1);
  });

  it("that names another's Offer is worth nothing, and tells so as Mesos does", async () => {
    const { framework, offer } = await offered();
    await cluster.respond(offer, {
      accept: {
        otherOffers: ["nobody-s"],
        operations: [{ type: "LAUNCH", launch: { tasks: [template()] } }],
      },
    });
    const closed = await cluster.closed(offer, "Accepted");
    expect(closed.status?.operations).toMatchObject([{ status: "DROPPED" }]);
    const [task] = await cluster.tasksOf(namespace, framework.metadata.name);
    expect(task?.status).toMatchObject({ state: "TASK_LOST", reason: "REASON_INVALID_OFFERS" });
    await cluster.clients.frameworks.delete(framework.metadata);
    const aware = await offered({ capabilities: ["PARTITION_AWARE"] });
    await cluster.respond(aware.offer, {
      accept: {
        otherOffers: ["nobody-s"],
        operations: [{ type: "LAUNCH", launch: { tasks: [template()] } }],
      },
    });
    await cluster.closed(aware.offer, "Accepted");
    const [dropped] = await cluster.tasksOf(namespace, aware.framework.metadata.name);
    expect(dropped?.status).toMatchObject({ state: "TASK_DROPPED", reason: "REASON_INVALID_OFFERS" });
  });

  it("uses several Offers of one agent together", async () => {
    // Two offers of one agent: the second is made of what a task gave back while the first stood.
    const { framework, offer } = await offered();
    await cluster.accept(offer, [launch(template(8, 64))], "0s");
    const rest = await cluster.firstOffer(namespace, framework.metadata.name);
    const [task] = await cluster.tasksOf(namespace, framework.metadata.name);
    if (task) await cluster.report(task, "TASK_FINISHED");
    const both = await cluster.eventually(async () => {
      const offers = await cluster.offers(namespace, framework.metadata.name);
      expect(offers).toHaveLength(2);
      return offers;
    });
    const other = both.find(({ metadata }) => metadata.name !== rest.metadata.name);
    await cluster.respond(rest, {
      accept: {
        otherOffers: [other?.metadata.name ?? ""],
        operations: [{ type: "LAUNCH", launch: { tasks: [template(15, 64, { taskId: "wide" })] } }],
      },
    });
    await cluster.closed(rest, "Accepted");
    const used = await cluster.clients.offers.get({ namespace, name: other?.metadata.name ?? "" });
    expect(used.status).toMatchObject({ state: "Accepted", usedBy: rest.metadata.name });
    const wide = (await cluster.tasksOf(namespace, framework.metadata.name)).find(
      ({ spec }) => spec.taskId === "wide",
    );
    expect(wide?.spec.agent).toBe("n1");
  });

  it("takes a name that another Task has for an error of that task alone", async () => {
    await cluster.clients.tasks.create({
      apiVersion: "mesos.dev/v1alpha1",
      kind: "Task",
      metadata: { name: "taken", namespace },
      spec: { role: "*", ...template(), constraints: [{ attribute: "none", operator: "Exists" }] },
    });
    const { framework, offer } = await offered();
    await cluster.accept(offer, [launch(template(1, 64, { name: "taken" }), template(1))]);
    const closed = await cluster.closed(offer, "Accepted");
    expect(closed.status?.operations?.[0]?.message).toMatch(/another Task is named taken/);
    const tasks = await cluster.tasksOf(namespace, framework.metadata.name);
    const [refused, launched] = [0, 1].map((i) => tasks.find(({ spec }) => spec.offer?.index === i));
    expect(refused).toMatchObject({ status: { state: "TASK_ERROR" } });
    expect(launched?.spec.agent).toBe("n1");
    await cluster.clients.tasks.delete({ namespace, name: "taken" });
  });

  it("reserves, makes a volume, launches on it, and gives all back", async () => {
    const { framework, offer } = await offered({ roles: ["eng"], principal: "p" });
    const reservations = [{ type: "DYNAMIC" as const, role: "eng", principal: "p" }];
    const volume = {
      name: "disk",
      scalar: 100,
      reservations,
      disk: {
        persistence: { id: "data", principal: "p" },
        volume: { containerPath: "data", mode: "RW" as const },
      },
    };
    const reserved = [
      { name: "cpus", scalar: 2, reservations },
      { name: "mem", scalar: 128, reservations },
    ];
    await cluster.accept(
      offer,
      [
        {
          type: "RESERVE",
          id: "r",
          reserve: { resources: [...reserved, { name: "disk", scalar: 300, reservations }] },
        },
        { type: "CREATE", create: { resources: [volume] } },
        launch({ ...template(), taskId: "db", resources: [...reserved, volume] }),
      ],
      "0s",
    );
    const closed = await cluster.closed(offer, "Accepted");
    expect(closed.status?.operations).toMatchObject([
      { index: 0, id: "r", type: "RESERVE", status: "FINISHED" },
      { index: 1, type: "CREATE", status: "FINISHED" },
      { index: 2, type: "LAUNCH", status: "FINISHED" },
    ]);
    const { items } = await cluster.clients.reservations.list({ fieldSelector: "spec.role=eng" });
    expect(items).toHaveLength(1);
    expect(items[0]?.spec).toMatchObject({
      agent: "n1",
      role: "eng",
      principal: "p",
      volumes: [{ id: "data" }],
    });
    await cluster.eventually(async () => {
      const now = await cluster.clients.reservations.get({ name: items[0]?.metadata.name ?? "" });
      expect(now.status?.conditions?.find(({ type }) => type === "Reserved")?.status).toBe("True");
      expect(now.status?.inUseBy).toHaveLength(1);
    });
    const next = await cluster.firstOffer(namespace, framework.metadata.name);
    const left = next.spec.resources.filter(({ reservations: own }) => own !== undefined);
    expect(left).toMatchObject([{ name: "disk", scalar: 200 }]);
    // In use: neither destroyed nor let go.
    const [task] = await cluster.tasksOf(namespace, framework.metadata.name);
    await cluster.clients.reservations.delete({ name: items[0]?.metadata.name ?? "" });
    if (task) await cluster.report(task, "TASK_FINISHED");
    await cluster.eventually(() =>
      expect(cluster.clients.reservations.get({ name: items[0]?.metadata.name ?? "" })).rejects.toThrow(
        /not found/,
      ),
    );
    await cluster.eventually(async () => {
      const offers = await cluster.offers(namespace, framework.metadata.name);
      const all = offers.flatMap(({ spec }) => spec.resources);
      expect(all.every(({ reservations: own }) => own === undefined)).toBe(true);
      expect(amount(all, "cpus")).toBeCloseTo(15.89);
    });
  });

  it("unreserves a part, then the rest", async () => {
    const { framework, offer } = await offered({ roles: ["ops"] });
    const reservations = [{ type: "DYNAMIC" as const, role: "ops" }];
    const some = (cpus: number) => ({ resources: [{ name: "cpus", scalar: cpus, reservations }] });
    await cluster.accept(
      offer,
      [
        { type: "RESERVE", reserve: some(4) },
        { type: "UNRESERVE", unreserve: some(1) },
      ],
      "0s",
    );
    await cluster.closed(offer, "Accepted");
    const { items } = await cluster.clients.reservations.list({ fieldSelector: "spec.role=ops" });
    expect(items.map(({ spec }) => amount(spec.resources, "cpus"))).toEqual([3]);
    const next = await cluster.firstOffer(namespace, framework.metadata.name);
    expect(
      amount(
        next.spec.resources.filter((r) => r.reservations),
        "cpus",
      ),
    ).toBe(3);
    await cluster.accept(next, [{ type: "UNRESERVE", unreserve: some(3) }], "0s");
    const closed = await cluster.closed(next, "Accepted");
    expect(closed.status?.operations).toMatchObject([{ status: "FINISHED" }]);
    await cluster.eventually(async () => {
      expect((await cluster.clients.reservations.list({ fieldSelector: "spec.role=ops" })).items).toEqual([]);
    });
  });

  it("fails operation by operation, each with its reason", async () => {
    const { offer } = await offered({ roles: ["qa"], principal: "p" });
    const wrong = [{ type: "DYNAMIC" as const, role: "other", principal: "p" }];
    await cluster.accept(offer, [
      { type: "RESERVE", reserve: { resources: [{ name: "cpus", scalar: 1, reservations: wrong }] } },
      {
        type: "RESERVE",
        reserve: {
          resources: [
            { name: "cpus", scalar: 500, reservations: [{ type: "DYNAMIC", role: "qa", principal: "p" }] },
          ],
        },
      },
      launch(template(1, 64, { taskId: "after" })),
    ]);
    const closed = await cluster.closed(offer, "Accepted");
    expect(closed.status?.operations?.map(({ status }) => status)).toEqual(["ERROR", "ERROR", "FINISHED"]);
    expect(closed.status?.operations?.[0]?.message).toMatch(/cannot reserve to the role 'other'/);
    expect(closed.status?.operations?.[1]?.message).toMatch(/does not contain/);
    await cluster.eventually(async () =>
      expect(await cluster.eventReasons(namespace, offer.metadata.name)).toContain("OperationFailed"),
    );
  });
});
