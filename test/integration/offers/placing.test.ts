import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findCondition } from "../../../src/cluster/conditions.ts";
import { template } from "../bareCluster.ts";
import { TestCluster } from "./cluster.ts";

let cluster: TestCluster;
let namespace: string;
beforeAll(async () => {
  cluster = await TestCluster.start();
  await cluster.startOperator();
  await cluster.join("a1", {}, { "topology.kubernetes.io/zone": "left" });
  await cluster.join("a2", {}, { "topology.kubernetes.io/zone": "right" });
  namespace = await cluster.namespace("placing");
});
afterAll(() => cluster.stop());

const placed = async (name: string) =>
  findCondition((await cluster.getTask(namespace, name)).status?.conditions, "Placed");

const whyNot = (name: string, reason: string) =>
  cluster.eventually(async () => {
    const condition = await placed(name);
    expect(condition).toMatchObject({ status: "False", reason });
    return condition?.message ?? "";
  });

const whereIs = (name: string) =>
  cluster.eventually(async () => {
    const { agent } = (await cluster.getTask(namespace, name)).spec;
    expect(agent).toBeDefined();
    return agent;
  });

describe("a Task without an Offer", () => {
  it("is given an agent once, and says so", async () => {
    await cluster.task(namespace, "plain");
    expect(["a1", "a2"]).toContain(await whereIs("plain"));
    await cluster.eventually(async () =>
      expect(await placed("plain")).toMatchObject({ status: "True", reason: "Placed" }),
    );
    const task = await cluster.getTask(namespace, "plain");
    expect(task.metadata.finalizers).toContain("mesos.dev/task");
    expect(task.spec.allocated).toBeUndefined();
    await cluster.report(task, "TASK_FINISHED");
  });

  it("that fits nowhere says why, with counts, and is placed when there is room", async () => {
    await cluster.task(namespace, "large", template(3.5));
    await whereIs("large");
    await cluster.task(namespace, "larger", template(3.5));
    await whereIs("larger");
    await cluster.task(namespace, "third", template(3.5));
    expect(await whyNot("third", "InsufficientResources")).toMatch(/2 short of cpus/);
    await cluster.eventually(async () =>
      expect(await cluster.eventReasons(namespace, "third")).toContain("InsufficientResources"),
    );
    await cluster.task(namespace, "huge", template(100));
    expect(await whyNot("huge", "InsufficientResources")).toMatch(/2 too small in cpus/);
    await cluster.report(await cluster.getTask(namespace, "large"), "TASK_FINISHED");
    expect(await whereIs("third")).toBeDefined();
    await cluster.eventually(async () => expect((await placed("third"))?.status).toBe("True"));
    for (const name of ["third", "larger"])
      await cluster.report(await cluster.getTask(namespace, name), "TASK_FINISHED");
    await cluster.clients.tasks.delete({ namespace, name: "huge" });
  });

  it("goes where its constraints say, and waits where none does", async () => {
    const zone = (value: string) => [{ attribute: "ZONE", operator: "TextEquals" as const, value }];
    await cluster.task(namespace, "right", { constraints: zone("right") });
    expect(await whereIs("right")).toBe("a2");
    await cluster.task(namespace, "nowhere", { constraints: zone("middle") });
    expect(await whyNot("nowhere", "ConstraintNotMet")).toMatch(/2 outside ZONE TextEquals middle/);
    await cluster.clients.tasks.delete({ namespace, name: "nowhere" });
    await cluster.report(await cluster.getTask(namespace, "right"), "TASK_FINISHED");
  });

  it("stays off tainted nodes unless it tolerates them", async () => {
    const taints = [{ key: "only", value: "mesos", effect: "NoSchedule" }];
    for (const name of ["a1", "a2"]) await cluster.clients.nodes.mergePatch({ name }, { spec: { taints } });
    await cluster.task(namespace, "shy");
    expect(await whyNot("shy", "UntoleratedTaint")).toMatch(/2 with a taint/);
    await cluster.task(namespace, "bold", {
      tolerations: [{ key: "only", operator: "Equal", value: "mesos", effect: "NoSchedule" }],
    });
    await whereIs("bold");
    for (const name of ["a1", "a2"])
      await cluster.clients.nodes.mergePatch({ name }, { spec: { taints: null } });
    await whereIs("shy");
    for (const name of ["shy", "bold"])
      await cluster.report(await cluster.getTask(namespace, name), "TASK_FINISHED");
  });

  it("waits for a cordoned cluster to come back", async () => {
    for (const name of ["a1", "a2"])
      await cluster.clients.nodes.mergePatch({ name }, { spec: { unschedulable: true } });
    await cluster.eventually(async () => {
      const agent = await cluster.clients.agents.get({ name: "a2" });
      expect(findCondition(agent.status?.conditions, "Schedulable")?.reason).toBe("Cordoned");
    });
    await cluster.task(namespace, "patient");
    expect(await whyNot("patient", "AgentCordoned")).toMatch(/2 cordoned/);
    await cluster.clients.nodes.mergePatch({ name: "a1" }, { spec: { unschedulable: null } });
    expect(await whereIs("patient")).toBe("a1");
    await cluster.clients.nodes.mergePatch({ name: "a2" }, { spec: { unschedulable: null } });
    await cluster.report(await cluster.getTask(namespace, "patient"), "TASK_FINISHED");
  });

  it("is never placed beyond what the nodes have, however many come at once", async () => {
    const names = Array.from({ length: 30 }, (_, i) => `many-${i}`);
    await Promise.all(names.map((name) => cluster.task(namespace, name, template(0.5))));
    // 3.89 cpus each: seven tasks a node.
    const agents = async () =>
      (await Promise.all(names.map((name) => cluster.getTask(namespace, name)))).flatMap(
        ({ spec }) => spec.agent ?? [],
      );
    await cluster.eventually(async () => expect(await agents()).toHaveLength(14));
    await whyNot(names.at(-1) ?? "", "InsufficientResources").catch(() => {});
    const perNode = Map.groupBy(await agents(), (agent) => agent);
    expect([...perNode.values()].map(({ length }) => length)).toEqual([7, 7]);
    // As tasks end others take their place, until all have run.
    await cluster.eventually(async () => {
      const tasks = await Promise.all(names.map((name) => cluster.getTask(namespace, name)));
      const running = tasks.filter(
        ({ spec, status }) => spec.agent !== undefined && status?.state === undefined,
      );
      expect(running.length).toBeLessThanOrEqual(14);
      for (const task of running.slice(0, 5)) await cluster.report(task, "TASK_FINISHED");
      expect(tasks.every(({ spec }) => spec.agent !== undefined)).toBe(true);
    }, 30_000);
  });
});
