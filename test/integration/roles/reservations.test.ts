import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Reservation } from "../../../src/api/reservation.ts";
import { findCondition } from "../../../src/cluster/conditions.ts";
import { API, template } from "../bareCluster.ts";
import { amount, launch, TestCluster } from "../offers/cluster.ts";

let cluster: TestCluster;
let namespace: string;
beforeAll(async () => {
  cluster = await TestCluster.start();
  await cluster.startOperator();
  await cluster.join("n1", {}, { "topology.kubernetes.io/zone": "left" });
  await cluster.join("n2", {}, { "topology.kubernetes.io/zone": "right" });
  namespace = await cluster.namespace("reserve");
});
afterAll(() => cluster.stop());

afterEach(async () => {
  for (const { metadata } of (await cluster.clients.frameworks.list({ namespace })).items) {
    await cluster.clients.frameworks.delete(metadata);
  }
  for (const task of (await cluster.clients.tasks.list({ namespace })).items) {
    await cluster.report(task, "TASK_FINISHED").catch(() => {});
    await cluster.clients.tasks.delete(task.metadata).catch(() => {});
  }
  for (const { metadata } of (await cluster.clients.reservations.list()).items) {
    await cluster.clients.reservations.delete(metadata);
  }
  await cluster.eventually(async () => {
    expect((await cluster.clients.reservations.list()).items).toEqual([]);
    expect((await cluster.clients.frameworks.list({ namespace })).items).toEqual([]);
  });
});

const reserve = (name: string, spec: object) =>
  cluster.clients.reservations.create({
    apiVersion: API,
    kind: "Reservation",
    metadata: { name },
    spec: { role: "eng", resources: [{ name: "cpus", scalar: 3 }], ...spec } as Reservation["spec"],
  });

const until = (name: string, expected: object) =>
  cluster.eventually(async () => {
    const { status } = await cluster.clients.reservations.get({ name });
    expect(findCondition(status?.conditions, "Reserved")).toMatchObject(expected);
    return status;
  });

describe("a Reservation", () => {
  it("keeps what it names for its role, and takes back what others were offered of it", async () => {
    await cluster.framework(namespace, "other");
    const offers = await cluster.eventually(async () => {
      const both = await cluster.offers(namespace, "other");
      expect(both).toHaveLength(2);
      return both;
    });
    await reserve("r", { agent: "n1" });
    await until("r", { status: "True", reason: "Reserved" });
    const there = offers.find(({ spec }) => spec.agent === "n1");
    const elsewhere = offers.find(({ spec }) => spec.agent === "n2");
    if (there) expect((await cluster.closed(there, "Rescinded")).status?.reason).toBe("ResourcesShrank");
    if (elsewhere) expect((await cluster.clients.offers.get(elsewhere.metadata)).status).toBeUndefined();
    await cluster.framework(namespace, "eng", { roles: ["eng"] });
    const own = await cluster.eventually(async () => {
      const found = (await cluster.offers(namespace, "eng")).find(({ spec }) => spec.agent === "n1");
      if (found === undefined) throw new Error("no offer of n1");
      return found;
    });
    expect(
      amount(
        own.spec.resources.filter(({ reservations }) => reservations),
        "cpus",
      ),
    ).toBe(3);
    const left = (await cluster.offers(namespace, "other")).filter(({ spec }) => spec.agent === "n1");
    expect(
      left.every(({ spec }) => spec.resources.every(({ reservations }) => reservations === undefined)),
    ).toBe(true);
  });

  it("waits while tasks hold the room, and is placed when they end", async () => {
    await cluster.task(namespace, "t", {
      ...template(2),
      constraints: [{ attribute: "ZONE", operator: "TextEquals", value: "left" }],
    });
    await cluster.eventually(async () =>
      expect((await cluster.getTask(namespace, "t")).spec.agent).toBe("n1"),
    );
    await reserve("r", { agent: "n1" });
    await until("r", { status: "False", reason: "InsufficientResources" });
    await cluster.report(await cluster.getTask(namespace, "t"), "TASK_FINISHED");
    await until("r", { status: "True" });
  });

  it("by selector takes one agent that fits and keeps it", async () => {
    await reserve("r", { selector: { attributes: { "topology.kubernetes.io/zone": "right" } } });
    const status = await until("r", { status: "True" });
    expect(status?.reserved).toMatchObject([{ agent: "n2" }]);
    await reserve("none", { selector: { attributes: { "topology.kubernetes.io/zone": "middle" } } });
    await until("none", { status: "False", reason: "NoAgentFits" });
    await reserve("lost", { agent: "n9" });
    await until("lost", { status: "False", reason: "AgentNotFound" });
    await cluster.eventually(async () =>
      expect(await cluster.eventReasons("default", "lost")).toContain("AgentNotFound"),
    );
  });

  it("serves a task of its role that asks for plain resources, which then holds the reserved ones", async () => {
    await reserve("r", {
      agent: "n1",
      resources: [
        { name: "cpus", scalar: 3 },
        { name: "mem", scalar: 1024 },
      ],
    });
    await until("r", { status: "True" });
    await cluster.task(namespace, "t", {
      role: "eng",
      ...template(2),
      constraints: [{ attribute: "ZONE", operator: "TextEquals", value: "left" }],
    });
    await cluster.eventually(async () => {
      const { spec } = await cluster.getTask(namespace, "t");
      expect(spec.agent).toBe("n1");
      expect(spec.allocated?.every(({ reservations }) => reservations?.[0]?.role === "eng")).toBe(true);
    });
    await cluster.eventually(async () => {
      const { status } = await cluster.clients.reservations.get({ name: "r" });
      expect(status?.inUseBy).toEqual([`${namespace}/t`]);
    });
  });

  it("that is deleted while a task holds it stays until the task ends, and is offered to nobody", async () => {
    await reserve("r", { agent: "n1" });
    await until("r", { status: "True" });
    const reservations = [{ type: "DYNAMIC" as const, role: "eng" }];
    await cluster.framework(namespace, "eng", { roles: ["eng"] });
    const offer = await cluster.eventually(async () => {
      const found = (await cluster.offers(namespace, "eng")).find(({ spec }) =>
        spec.resources.some((resource) => resource.reservations !== undefined),
      );
      if (found === undefined) throw new Error("nothing reserved is offered");
      return found;
    });
    const task = template();
    await cluster.accept(
      offer,
      [
        launch({
          ...task,
          resources: [
            { name: "cpus", scalar: 1, reservations },
            { name: "mem", scalar: 64 },
          ],
        }),
      ],
      "0s",
    );
    await cluster.closed(offer, "Accepted");
    await cluster.clients.reservations.delete({ name: "r" });
    await until("r", { status: "False", reason: "Terminating" });
    await cluster.eventually(async () => {
      const offers = (await cluster.offers(namespace, "eng")).filter(({ spec }) => spec.agent === "n1");
      expect(offers.length).toBeGreaterThan(0);
      const all = offers.flatMap(({ spec }) => spec.resources);
      expect(all.every((resource) => resource.reservations === undefined)).toBe(true);
      expect(amount(all, "cpus")).toBeCloseTo(2.89);
    });
    const [held] = await cluster.tasksOf(namespace, "eng");
    if (held) await cluster.report(held, "TASK_FINISHED");
    await cluster.eventually(() =>
      expect(cluster.clients.reservations.get({ name: "r" })).rejects.toThrow(/not found/),
    );
  });
});
