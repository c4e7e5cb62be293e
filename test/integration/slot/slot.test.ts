import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NodeSide } from "../agents/operator.ts";
import { SYSTEM } from "../bareCluster.ts";

/** The kubelet's part is written by the tests; with a real one it is tried in test/e2e. */
let side: NodeSide;
let namespace: string;
beforeAll(async () => {
  side = await NodeSide.start({
    slot: { deferredTimeout: "500ms", priorityClassName: "" },
    agents: { timeout: "10m" },
  });
  namespace = await side.namespace("slot");
});
afterAll(() => side.stop());

const requests = async (node: string) => (await side.slot(node)).spec?.containers[0]?.resources?.requests;
const state = async (task: string) => (await side.getTask(namespace, task)).status?.state;
const started = (task: string) => side.report(namespace, task, { state: "TASK_RUNNING" });
const pending = (reason: string, message = "Node didn't have enough resource: cpu") => ({
  conditions: [
    { type: "PodResizePending", status: "True", reason, message, lastTransitionTime: "2026-01-01T00:00:00Z" },
  ],
});

describe("the slot Pod", () => {
  it("is made for a node with an Agent, pinned, Burstable and bound to the Agent", async () => {
    await side.addNode("s1");
    await side.addAgent("s1");
    const slot = await side.eventually(() => side.slot("s1"));
    expect(slot.spec?.nodeName).toBe("s1");
    expect(slot.spec?.containers[0]?.resources).toEqual({ requests: { cpu: "10m", memory: "16Mi" } });
    expect(slot.status?.qosClass).toBe("Burstable");
    expect(slot.spec?.automountServiceAccountToken).toBe(false);
    expect(slot.metadata.finalizers).toEqual(["mesos.dev/slot"]);
    expect(slot.metadata.ownerReferences?.[0]).toMatchObject({ kind: "Agent", name: "s1", controller: true });
  });

  it("would be admitted to a namespace that enforces `restricted`", async () => {
    const strict = await side.namespace("strict");
    const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
    const { namespaces, serviceAccounts } = await import("../../../src/cluster/core.ts");
    await namespaces(side.connection).mergePatch({ name: strict }, { metadata: { labels } });
    await serviceAccounts(side.connection).create({ metadata: { name: "default", namespace: strict } });
    const { spec } = await side.eventually(() => side.slot("s1"));
    const copy = { metadata: { name: "copy", namespace: strict }, ...(spec && { spec }) };
    await expect(side.clients.pods.create(copy)).resolves.toBeDefined();
  });

  it("is not made without a Node, without an Agent, or on a cordoned node", async () => {
    await side.addAgent("lonely");
    await side.addNode("bare");
    await side.addNode("cordoned");
    await side.clients.nodes.mergePatch({ name: "cordoned" }, { spec: { unschedulable: true } });
    await side.addAgent("cordoned");
    await side.addNode("last");
    await side.addAgent("last");
    await side.eventually(() => side.slot("last"));
    for (const node of ["lonely", "bare", "cordoned"])
      await expect(side.slot(node)).rejects.toThrow(/not found/);
    await side.clients.nodes.mergePatch({ name: "cordoned" }, { spec: { unschedulable: null } });
    await side.eventually(() => side.slot("cordoned"));
  });

  it("grows and shrinks with what the node's tasks hold, one resize at a time", async () => {
    await side.join("s2");
    await side.task(namespace, "a", { agent: "s2" });
    await side.eventually(async () => expect(await requests("s2")).toEqual({ cpu: "510m", memory: "80Mi" }));
    await side.task(namespace, "b", { agent: "s2" });
    await side.task(namespace, "c", { agent: "s2" });
    await side.eventually(() => expect(side.deps.caches.tasks.store.by("liveAgent", "s2").length).toBe(3));
    expect(await requests("s2")).toEqual({ cpu: "510m", memory: "80Mi" });
    await side.grant("s2");
    await side.eventually(async () =>
      expect(await requests("s2")).toEqual({ cpu: "1510m", memory: "208Mi" }),
    );
    await side.grant("s2");
    await side.report(namespace, "a", { state: "TASK_FINISHED" });
    await side.eventually(async () =>
      expect(await requests("s2")).toEqual({ cpu: "1010m", memory: "144Mi" }),
    );
    expect(side.requested).toContain("TaskEnded");
  });
});

describe("a resize that is not granted", () => {
  it("drops the newest launches when it stays Deferred, keeps what runs and fits, and takes offers back", async () => {
    await side.join("d1");
    await side.task(namespace, "d1-old", { agent: "d1" });
    await side.eventually(async () => expect(await requests("d1")).toEqual({ cpu: "510m", memory: "80Mi" }));
    await side.grant("d1");
    await started("d1-old");
    // Another Pod has come that leaves room for one more task only.
    await side.clients.pods.create({
      metadata: { name: "other", namespace: SYSTEM },
      spec: {
        nodeName: "d1",
        containers: [{ name: "c", image: "i", resources: { requests: { cpu: "2900m" } } }],
      },
    });
    const wait = () => new Promise((resolve) => setTimeout(resolve, 1100));
    await side.task(namespace, "d1-fits", { agent: "d1" });
    await wait();
    await side.task(namespace, "d1-new", { agent: "d1" });
    await side.eventually(async () =>
      expect(await requests("d1")).toEqual({ cpu: "1010m", memory: "144Mi" }),
    );
    await side.grant("d1");
    await side.eventually(async () =>
      expect(await requests("d1")).toEqual({ cpu: "1510m", memory: "208Mi" }),
    );
    await side.slotStatus("d1", pending("Deferred"));
    await side.eventually(async () => expect(await state("d1-new")).toBe("TASK_DROPPED"));
    const dropped = await side.getTask(namespace, "d1-new");
    expect(dropped.status).toMatchObject({ reason: "REASON_RESOURCES_UNKNOWN", source: "SOURCE_MASTER" });
    expect(dropped.status?.message).toMatch(/other Pods hold.*enough resource: cpu/);
    expect(dropped.status?.updates).toHaveLength(1);
    expect(await state("d1-fits")).toBeUndefined();
    expect(await state("d1-old")).toBe("TASK_RUNNING");
    await side.eventually(async () =>
      expect(await requests("d1")).toEqual({ cpu: "1010m", memory: "144Mi" }),
    );
    expect(side.rescinded).toContainEqual(expect.objectContaining({ agent: "d1", reason: "ResizeDeferred" }));
    await side.eventually(async () =>
      expect(await side.eventReasons(namespace, "d1-new")).toContain("ResizeDeferred"),
    );
    await side.eventually(async () => {
      const agent = await side.clients.agents.get({ name: "d1" });
      const condition = agent.status?.conditions?.find(({ type }) => type === "Schedulable");
      expect(condition).toMatchObject({ status: "False", reason: "ResizeRefused" });
    });
  });

  it("drops at once what is Infeasible; TASK_LOST for a framework without PARTITION_AWARE, all of a group", async () => {
    await side.join("d2");
    const group = { id: "g", size: 2 };
    const launch = { framework: "plain", agent: "d2", group };
    await side.clients.frameworks.create({
      apiVersion: "mesos.dev/v1alpha1",
      kind: "Framework",
      metadata: { name: "plain", namespace },
      spec: { roles: ["*"], connection: { type: "Manual", leaseDuration: "15s" }, failoverTimeout: "10m" },
    });
    await side.task(namespace, "d2-a", launch);
    await side.task(namespace, "d2-b", launch);
    await side.eventually(async () => expect((await requests("d2"))?.cpu).not.toBe("10m"));
    await side.slotStatus(
      "d2",
      pending("Infeasible", "In-place resize of containers with swap is not supported."),
    );
    await side.eventually(async () =>
      expect([await state("d2-a"), await state("d2-b")]).toEqual(["TASK_LOST", "TASK_LOST"]),
    );
    expect((await side.getTask(namespace, "d2-a")).status?.unreachableSince).toBeUndefined();
    await side.eventually(async () => expect(await requests("d2")).toEqual({ cpu: "10m", memory: "16Mi" }));
  });

  it("drops what the API server refuses: more than the node has", async () => {
    await side.join("d3");
    const resources = [
      { name: "cpus", scalar: 64 },
      { name: "mem", scalar: 64 },
    ];
    await side.task(namespace, "d3-huge", { agent: "d3", resources });
    await side.eventually(async () => expect(await state("d3-huge")).toBe("TASK_DROPPED"));
    expect((await side.getTask(namespace, "d3-huge")).status?.message).toMatch(
      /enough allocatable resources/,
    );
    expect(await requests("d3")).toEqual({ cpu: "10m", memory: "16Mi" });
  });

  it("never drops a task that has begun meanwhile", async () => {
    await side.join("d4");
    await side.task(namespace, "d4-a", { agent: "d4" });
    await side.eventually(async () => expect(await requests("d4")).toEqual({ cpu: "510m", memory: "80Mi" }));
    await started("d4-a");
    await side.slotStatus("d4", pending("Infeasible"));
    await side.task(namespace, "d4-b", { agent: "d4" });
    await side.eventually(async () => expect(await state("d4-b")).toBe("TASK_DROPPED"));
    expect(await state("d4-a")).toBe("TASK_RUNNING");
  });
});

describe("the end of a slot Pod", () => {
  it("that the kubelet evicted is recorded until its tasks are reported, then another is made", async () => {
    const first = await side.join("e1");
    const oblige = side.obligingKubelet("e1");
    await side.task(namespace, "e1-a", { agent: "e1" });
    await side.eventually(async () => expect(await requests("e1")).toEqual({ cpu: "510m", memory: "80Mi" }));
    await started("e1-a");
    await oblige();
    await side.slotStatus("e1", {
      phase: "Failed",
      reason: "Evicted",
      message: "The node was low on resource: memory.",
    });
    await side.eventually(async () => {
      const agent = await side.clients.agents.get({ name: "e1" });
      expect(agent.status?.conditions?.find(({ type }) => type === "Ready")).toMatchObject({
        status: "False",
        reason: "SlotNotReady",
      });
    });
    expect((await side.slot("e1")).metadata.uid).toBe(first.metadata.uid);
    await side.report(namespace, "e1-a", { state: "TASK_GONE" });
    const second = await side.eventually(async () => {
      const slot = await side.slot("e1");
      expect(slot.metadata.uid).not.toBe(first.metadata.uid);
      return slot;
    }, 20_000);
    expect(second.spec?.containers[0]?.resources?.requests).toEqual({ cpu: "10m", memory: "16Mi" });
    expect(await side.eventReasons("default", "e1")).toContain("SlotEnded");
  });

  it("by eviction waits for its tasks, which are killed by their own grace; a cordoned node gets no other", async () => {
    await side.join("e2");
    const oblige = side.obligingKubelet("e2");
    await side.task(namespace, "e2-runs", { agent: "e2", killPolicy: { gracePeriod: "30s" } });
    await side.eventually(async () => expect(await requests("e2")).toEqual({ cpu: "510m", memory: "80Mi" }));
    await started("e2-runs");
    await side.task(namespace, "e2-waits", { agent: "e2" });
    await oblige();
    await side.clients.nodes.mergePatch({ name: "e2" }, { spec: { unschedulable: true } });
    const eviction = {
      apiVersion: "policy/v1",
      kind: "Eviction",
      metadata: { name: "mesos-slot-e2", namespace: SYSTEM },
    };
    await side.clients.pods.post({ name: "mesos-slot-e2", namespace: SYSTEM }, "eviction", eviction);
    await side.eventually(async () => expect(await state("e2-waits")).toBe("TASK_DROPPED"));
    await side.eventually(async () =>
      expect((await side.getTask(namespace, "e2-runs")).spec.kill).toEqual({}),
    );
    expect((await side.slot("e2")).metadata.deletionGracePeriodSeconds).toBe(3600);
    await side.report(namespace, "e2-runs", { state: "TASK_KILLED" });
    await side.eventually(async () =>
      expect((await side.slot("e2")).metadata.deletionGracePeriodSeconds).toBe(1),
    );
    // The kubelet sets the phase and deletes with no grace; without it the operator sees to that.
    await side.slotStatus("e2", { phase: "Failed" });
    await side.eventually(() => expect(side.slot("e2")).rejects.toThrow(/not found/));
    await side.eventually(async () => {
      const { status } = await side.clients.agents.get({ name: "e2" });
      expect(status?.slot).toBeUndefined();
      expect(status?.conditions?.find(({ type }) => type === "Ready")?.reason).toBe("SlotNotReady");
    });
    await side.clients.nodes.mergePatch({ name: "e2" }, { spec: { unschedulable: null } });
    await side.eventually(() => side.slot("e2"));
  });

  it("that no kubelet ends is forced once it is empty", async () => {
    const first = await side.join("e3");
    await side.clients.pods.delete(first.metadata);
    await side.eventually(async () => {
      expect((await side.slot("e3")).metadata.uid).not.toBe(first.metadata.uid);
    }, 20_000);
  });
});
