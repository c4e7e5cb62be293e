import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { template } from "../bareCluster.ts";
import { amount, launch, TestCluster } from "./cluster.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await TestCluster.start();
  await cluster.startOperator();
  await cluster.join("n1");
});
afterAll(() => cluster.stop());

/** Ends what a framework has, so that the next test finds the node free. */
async function clear(namespace: string, name: string): Promise<void> {
  await cluster.clients.frameworks.delete({ namespace, name });
  for (const task of await cluster.tasksOf(namespace, name)) await cluster.report(task, "TASK_KILLED");
  await cluster.eventually(() =>
    expect(cluster.clients.frameworks.get({ namespace, name })).rejects.toThrow(/not found/),
  );
}

describe("an Offer", () => {
  it("is made to a framework that needs no Lease, with what the node has", async () => {
    const namespace = await cluster.namespace("made");
    await cluster.framework(namespace, "fw");
    const offer = await cluster.firstOffer(namespace, "fw");
    expect(offer.spec).toMatchObject({ framework: "fw", role: "*", agent: "n1", hostname: "n1" });
    expect(amount(offer.spec.resources, "cpus")).toBeCloseTo(4 - 0.1 - 0.01);
    expect(offer.status).toBeUndefined();
    expect(offer.metadata.ownerReferences?.[0]).toMatchObject({ kind: "Framework", name: "fw" });
    const left = Date.parse(offer.spec.expiresAt) - Date.now();
    expect(left).toBeGreaterThan(50_000);
    expect(left).toBeLessThanOrEqual(60_000);
    await cluster.eventually(async () => {
      const { status } = await cluster.clients.frameworks.get({ namespace, name: "fw" });
      expect(status).toMatchObject({ connected: true, offersOutstanding: 1 });
      expect(status?.conditions?.find(({ type }) => type === "Ready")?.status).toBe("True");
    });
    await clear(namespace, "fw");
    expect((await cluster.clients.offers.get(offer.metadata)).status).toMatchObject({
      state: "Rescinded",
      reason: "FrameworkRemoved",
    });
  });

  it("is accepted: a Task with the agent set, what is left is declined", async () => {
    const namespace = await cluster.namespace("accept");
    await cluster.framework(namespace, "fw", { principal: "p" });
    const offer = await cluster.firstOffer(namespace, "fw");
    await cluster.accept(offer, [
      launch(template(1, 256, { taskId: "one", name: "first" }), template(2, 512)),
    ]);
    const closed = await cluster.closed(offer, "Accepted");
    expect(closed.status?.operations).toMatchObject([{ index: 0, type: "LAUNCH", status: "FINISHED" }]);
    const names = closed.status?.operations?.[0]?.tasks ?? [];
    expect(names[0]).toBe("first");
    const tasks = await cluster.tasksOf(namespace, "fw");
    expect(tasks.map(({ metadata }) => metadata.name).sort()).toEqual([...names].sort());
    const [first] = tasks.filter(({ metadata }) => metadata.name === "first");
    expect(first?.spec).toMatchObject({
      agent: "n1",
      role: "*",
      taskId: "one",
      offer: { operation: 0, index: 0 },
    });
    expect(first?.metadata.finalizers).toContain("mesos.dev/task");
    // The rest is filtered for an hour.
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(await cluster.offers(namespace, "fw")).toEqual([]);
    await cluster.eventually(async () => {
      const { status } = await cluster.clients.frameworks.get({ namespace, name: "fw" });
      expect(amount(status?.allocated, "cpus")).toBe(3);
      expect(status?.tasks).toBe(2);
      expect(status?.share).toBe("77.1%");
    });
    await clear(namespace, "fw");
  });

  it("comes again after a decline only when its filter ends, or at a revive", async () => {
    const namespace = await cluster.namespace("decline");
    await cluster.framework(namespace, "fw");
    const first = await cluster.firstOffer(namespace, "fw");
    await cluster.respond(first, { decline: { filters: { refuse: "1s" } } });
    const closed = await cluster.closed(first, "Declined");
    const second = await cluster.firstOffer(namespace, "fw");
    const pause =
      Date.parse(second.metadata.creationTimestamp) + 1000 - Date.parse(closed.status?.closedAt ?? "");
    expect(pause).toBeGreaterThanOrEqual(950);
    await cluster.respond(second, { decline: { filters: { refuse: "1h" } } });
    await cluster.closed(second, "Declined");
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(await cluster.offers(namespace, "fw")).toEqual([]);
    await cluster.clients.frameworks.mergePatch(
      { namespace, name: "fw" },
      { spec: { revive: { id: "r1" } } },
    );
    await cluster.firstOffer(namespace, "fw");
    await cluster.eventually(async () => {
      const { status } = await cluster.clients.frameworks.get({ namespace, name: "fw" });
      expect(status?.observedRevive).toBe("r1");
    });
    await clear(namespace, "fw");
  });

  it("expires when nobody answers, and a late answer is refused", async () => {
    const namespace = await cluster.namespace("expire");
    await cluster.framework(namespace, "fw", { offerTimeout: "500ms" });
    const offer = await cluster.firstOffer(namespace, "fw");
    await cluster.closed(offer, "Expired");
    await expect(cluster.accept(offer, [launch(template())])).rejects.toThrow(/no longer outstanding/);
    expect(await cluster.tasksOf(namespace, "fw")).toEqual([]);
    await clear(namespace, "fw");
  });

  it("goes when its node is cordoned, and comes again", async () => {
    const namespace = await cluster.namespace("cordon");
    await cluster.framework(namespace, "fw");
    const offer = await cluster.firstOffer(namespace, "fw");
    await cluster.clients.nodes.mergePatch({ name: "n1" }, { spec: { unschedulable: true } });
    const closed = await cluster.closed(offer, "Rescinded");
    expect(closed.status?.reason).toBe("Cordoned");
    await cluster.clients.nodes.mergePatch({ name: "n1" }, { spec: { unschedulable: null } });
    await cluster.firstOffer(namespace, "fw");
    await clear(namespace, "fw");
  });

  it("goes when other Pods take the room, and a smaller one comes", async () => {
    const namespace = await cluster.namespace("shrink");
    await cluster.framework(namespace, "fw");
    const offer = await cluster.firstOffer(namespace, "fw");
    const name = await cluster.otherPod(namespace, "n1", "3");
    const closed = await cluster.closed(offer, "Rescinded");
    expect(closed.status?.reason).toBe("ResourcesShrank");
    const smaller = await cluster.firstOffer(namespace, "fw");
    expect(amount(smaller.spec.resources, "cpus")).toBeCloseTo(0.89);
    await cluster.clients.pods.delete({ namespace, name }, { gracePeriodSeconds: 0 });
    await clear(namespace, "fw");
  });
});
