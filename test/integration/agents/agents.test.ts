import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findCondition } from "../../../src/cluster/conditions.ts";
import { SYSTEM } from "../bareCluster.ts";
import { NodeSide } from "./operator.ts";

let side: NodeSide;
let namespace: string;
beforeAll(async () => {
  side = await NodeSide.start({ agents: { timeout: "4s" } });
  namespace = await side.namespace("agents");
  for (const [name, capabilities] of [
    ["aware", ["PARTITION_AWARE"]],
    ["plain", []],
  ] as const) {
    await side.clients.frameworks.create({
      apiVersion: "mesos.dev/v1alpha1",
      kind: "Framework",
      metadata: { name, namespace },
      spec: {
        roles: ["*"],
        capabilities: [...capabilities],
        connection: { type: "Manual", leaseDuration: "15s" },
        failoverTimeout: "10m",
      },
    });
  }
});
afterAll(() => side.stop());

const status = async (task: string) => (await side.getTask(namespace, task)).status;
const agent = (name: string) => side.clients.agents.get({ name });
const condition = async (name: string, type: string) => {
  const found = findCondition((await agent(name)).status?.conditions, type);
  return found && `${found.status}/${found.reason}`;
};
const states = (updates: { state: string }[] | undefined) => updates?.map(({ state }) => state);

/** An agent that is alive, its slot Pod granted whatever it asks for. */
async function member(name: string) {
  await side.addNode(name);
  await side.addAgent(name);
  const die = side.keepAlive(name);
  await side.eventually(() => side.slot(name));
  const stop = side.obligingKubelet(name);
  await side.eventually(async () => expect(await condition(name, "Schedulable")).toBe("True/Offered"));
  return { die, stop };
}

const runs = async (name: string, on: string, framework?: string) => {
  await side.task(namespace, name, { agent: on, ...(framework !== undefined && { framework }) });
  const running = { state: "TASK_RUNNING", source: "SOURCE_AGENT" } as const;
  const updates = [{ ...running, uuid: `${name}-1`, timestamp: new Date().toISOString() }];
  await side.report(namespace, name, { ...running, updates });
};

async function offer(name: string, on: string, cpus: number) {
  await side.clients.offers.create({
    apiVersion: "mesos.dev/v1alpha1",
    kind: "Offer",
    metadata: { name, namespace },
    spec: {
      framework: "aware",
      role: "*",
      agent: on,
      resources: [{ name: "cpus", scalar: cpus }],
      expiresAt: "2036-01-01T00:00:00Z",
    },
  });
}

describe("Agent.status", () => {
  it("tells what there is, what is held and what is offered; other Pods shrink it and take offers back", async () => {
    const { die, stop } = await member("a1");
    await runs("a1-t", "a1");
    await offer("a1-o", "a1", 3);
    await side.eventually(async () => {
      const { status } = await agent("a1");
      expect(status?.offerable?.[0]).toEqual({ name: "cpus", scalar: 3.89 });
      expect(status?.allocated).toEqual([
        { name: "cpus", scalar: 0.5 },
        { name: "mem", scalar: 64 },
      ]);
      expect(status?.offered).toEqual([{ name: "cpus", scalar: 3 }]);
      expect(status?.tasks).toBe(1);
      expect(status?.slot).toMatchObject({ pod: "mesos-slot-a1", cpus: 0.5, mem: 64 });
      expect(status?.attributes).toEqual([{ name: "kubernetes.io/hostname", text: "a1" }]);
    });
    expect(side.rescinded.filter((one) => one.agent === "a1")).toEqual([]);
    await side.clients.pods.create({
      metadata: { name: "big", namespace: SYSTEM },
      spec: {
        nodeName: "a1",
        containers: [{ name: "c", image: "i", resources: { requests: { cpu: "1" } } }],
      },
    });
    await side.eventually(async () =>
      expect((await agent("a1")).status?.offerable?.[0]).toEqual({ name: "cpus", scalar: 2.89 }),
    );
    expect(side.rescinded).toContainEqual(
      expect.objectContaining({ agent: "a1", reason: "ResourcesChanged" }),
    );
    die();
    await stop();
  });

  it("leaves the agent's own part alone", async () => {
    const { die, stop } = await member("a2");
    await side.clients.agents.apply(
      { name: "a2" },
      { status: { hostname: "host-a2", version: "1" } },
      { fieldManager: "mesos-agent", subresource: "status" },
    );
    await runs("a2-t", "a2");
    await side.eventually(async () => expect((await agent("a2")).status?.tasks).toBe(1));
    expect((await agent("a2")).status).toMatchObject({ hostname: "host-a2", version: "1" });
    die();
    await stop();
  });

  it("is held while the node is cordoned, and its offers are taken back", async () => {
    const { die, stop } = await member("a3");
    await offer("a3-o", "a3", 1);
    await side.clients.nodes.mergePatch({ name: "a3" }, { spec: { unschedulable: true } });
    await side.eventually(async () => expect(await condition("a3", "Schedulable")).toBe("False/Cordoned"));
    expect(await condition("a3", "Ready")).toBe("True/Ready");
    expect(side.rescinded).toContainEqual(expect.objectContaining({ agent: "a3", reason: "Cordoned" }));
    side.requested.length = 0;
    await side.clients.nodes.mergePatch({ name: "a3" }, { spec: { unschedulable: null } });
    await side.eventually(async () => expect(await condition("a3", "Schedulable")).toBe("True/Offered"));
    expect(side.requested).toContain("AgentChanged");
    die();
    await stop();
  });
});

describe("an agent that falls silent", () => {
  it("has its tasks told unreachable, once; what has not begun is dropped; when it is back the agent speaks again", async () => {
    const { die, stop } = await member("l1");
    await runs("l1-aware", "l1", "aware");
    await runs("l1-plain", "l1", "plain");
    await runs("l1-own", "l1");
    await side.task(namespace, "l1-waits", { agent: "l1" });
    die();
    await side.eventually(async () => expect((await status("l1-aware"))?.state).toBe("TASK_UNREACHABLE"));
    await side.eventually(async () => expect((await status("l1-plain"))?.state).toBe("TASK_LOST"));
    await side.eventually(async () => expect((await status("l1-own"))?.state).toBe("TASK_UNREACHABLE"));
    await side.eventually(async () => expect((await status("l1-waits"))?.state).toBe("TASK_DROPPED"));
    expect(await status("l1-waits")).toMatchObject({ reason: "REASON_AGENT_DISCONNECTED" });
    for (const name of ["l1-aware", "l1-plain", "l1-own"]) {
      const found = await status(name);
      expect(found?.unreachableSince).toBeDefined();
      expect(found?.reason).toBe("REASON_AGENT_REMOVED");
      expect(found?.updates).toHaveLength(2);
    }
    await side.eventually(async () => expect(await condition("l1", "Ready")).toBe("False/AgentNotReady"));
    // Tasks that may come back hold their resources.
    await side.eventually(async () => expect((await agent("l1")).status?.tasks).toBe(3));

    const silence = side.keepAlive("l1");
    await side.eventually(async () => expect(await condition("l1", "Ready")).toBe("True/Ready"));
    const back = { state: "TASK_RUNNING", reason: "REASON_AGENT_REREGISTERED" } as const;
    await side.clients.tasks.mergePatch(
      { namespace, name: "l1-plain" },
      { status: { ...back, unreachableSince: null } },
      { subresource: "status" },
    );
    await side.eventually(() =>
      expect(side.deps.caches.tasks.store.get(`${namespace}/l1-plain`)?.status?.state).toBe("TASK_RUNNING"),
    );
    await side.report(namespace, "l1-own", { state: "TASK_FINISHED" });
    expect(states((await status("l1-plain"))?.updates)).toEqual(["TASK_RUNNING", "TASK_LOST"]);
    silence();
    await stop();
  });

  it("has its tasks told gone when its slot Pod has ended meanwhile", async () => {
    const { die, stop } = await member("l2");
    await runs("l2-t", "l2");
    await stop();
    die();
    await side.eventually(async () => expect((await status("l2-t"))?.state).toBe("TASK_UNREACHABLE"));
    await side.slotStatus("l2", { phase: "Failed", reason: "Evicted" });
    await side.eventually(async () => expect((await status("l2-t"))?.state).toBe("TASK_GONE"));
    const found = await status("l2-t");
    expect(found?.unreachableSince).toBeUndefined();
    expect(states(found?.updates)).toEqual(["TASK_RUNNING", "TASK_UNREACHABLE", "TASK_GONE"]);
  });

  it("is gone for good when its Node is deleted: tasks, Agent, Lease and slot Pod", async () => {
    const { die, stop } = await member("l3");
    await runs("l3-aware", "l3", "aware");
    await runs("l3-plain", "l3", "plain");
    await stop();
    await side.clients.nodes.delete({ name: "l3" });
    await side.eventually(async () => expect(await condition("l3", "Ready")).toBe("False/NodeGone"));
    expect((await status("l3-aware"))?.state).toBe("TASK_RUNNING");
    die();
    await side.eventually(async () =>
      expect((await status("l3-aware"))?.state).toBe("TASK_GONE_BY_OPERATOR"),
    );
    await side.eventually(async () => expect((await status("l3-plain"))?.state).toBe("TASK_LOST"));
    expect((await status("l3-plain"))?.unreachableSince).toBeUndefined();
    await side.eventually(() => expect(agent("l3")).rejects.toThrow(/not found/));
    await side.eventually(() => expect(side.slot("l3")).rejects.toThrow(/not found/));
    const lease = { namespace: SYSTEM, name: "mesos-agent-l3" };
    await side.eventually(() => expect(side.clients.leases.get(lease)).rejects.toThrow(/not found/));
  });

  it("that never was has its tasks told", async () => {
    await side.task(namespace, "nowhere", { agent: "no-such-node" });
    await side.eventually(async () => expect((await status("nowhere"))?.state).toBe("TASK_DROPPED"));
    expect((await status("nowhere"))?.reason).toBe("REASON_AGENT_REMOVED");
  });
});

describe("a NoExecute taint", () => {
  const killOf = async (name: string) => (await side.getTask(namespace, name)).spec.kill;
  const taint = (node: string, ...taints: { key: string; effect: string }[]) =>
    side.clients.nodes.mergePatch({ name: node }, { spec: { taints } });

  it("kills what does not tolerate it, drops what waits, and leaves the rest and the slot Pod alone", async () => {
    const { die, stop } = await member("t1");
    const tolerates = { key: "maintenance", operator: "Exists", effect: "NoExecute" } as const;
    await side.clients.frameworks.create({
      apiVersion: "mesos.dev/v1alpha1",
      kind: "Framework",
      metadata: { name: "tolerant", namespace },
      spec: {
        roles: ["*"],
        connection: { type: "Manual", leaseDuration: "15s" },
        failoverTimeout: "10m",
        tolerations: [tolerates],
      },
    });
    await runs("t1-own", "t1");
    await runs("t1-plain", "t1", "plain");
    await runs("t1-tolerant", "t1", "tolerant");
    await side.task(namespace, "t1-own-tolerant", { agent: "t1", tolerations: [tolerates] });
    await side.report(namespace, "t1-own-tolerant", { state: "TASK_RUNNING" });
    await taint("t1", { key: "node.kubernetes.io/unreachable", effect: "NoExecute" });
    await taint(
      "t1",
      { key: "node.kubernetes.io/unreachable", effect: "NoExecute" },
      { key: "maintenance", effect: "NoExecute" },
    );
    const message = "the taint maintenance:NoExecute of the node t1 is not tolerated";
    const kill = { reason: "REASON_AGENT_DRAINING", message };
    await side.eventually(async () => expect(await killOf("t1-own")).toEqual(kill));
    await side.eventually(async () => expect(await killOf("t1-plain")).toEqual(kill));
    await side.task(namespace, "t1-waits", { agent: "t1" });
    await side.eventually(async () =>
      expect(await status("t1-waits")).toMatchObject({
        state: "TASK_DROPPED",
        reason: "REASON_AGENT_DRAINING",
        message,
      }),
    );
    await side.eventually(async () =>
      expect(await side.eventReasons(namespace, "t1-own")).toContain("TaintEviction"),
    );
    expect(await killOf("t1-tolerant")).toBeUndefined();
    expect(await killOf("t1-own-tolerant")).toBeUndefined();
    expect((await side.slot("t1")).metadata.deletionTimestamp).toBeUndefined();
    // A toleration that is taken back no longer helps.
    await side.clients.frameworks.mergePatch(
      { namespace, name: "tolerant" },
      { spec: { tolerations: null } },
    );
    await side.eventually(async () => expect(await killOf("t1-tolerant")).toEqual(kill));
    die();
    await stop();
  });

  it("is tolerated for so many seconds", async () => {
    const { die, stop } = await member("t2");
    const tolerations = [
      { key: "maintenance", operator: "Exists", effect: "NoExecute", tolerationSeconds: 2 } as const,
    ];
    await side.task(namespace, "t2-short", { agent: "t2", tolerations });
    await side.report(namespace, "t2-short", {
      state: "TASK_RUNNING",
      conditions: [
        {
          type: "Placed",
          status: "True",
          reason: "Placed",
          message: "",
          lastTransitionTime: new Date().toISOString(),
        },
      ],
    });
    const began = Date.now();
    await taint("t2", { key: "maintenance", effect: "NoExecute" });
    await side.eventually(async () =>
      expect(await killOf("t2-short")).toEqual({
        reason: "REASON_AGENT_DRAINING",
        message: "the taint maintenance:NoExecute of the node t2 is tolerated for 2 s only",
      }),
    );
    expect(Date.now() - began).toBeGreaterThan(1_900);
    die();
    await stop();
  });
});

describe("a drain", () => {
  it("kills with the shorter grace, drops what waits, is DRAINED, and ends when the wish goes", async () => {
    const { die, stop } = await member("d1");
    await runs("d1-long", "d1");
    await side.task(namespace, "d1-polite", { agent: "d1", killPolicy: { gracePeriod: "1s" } });
    await side.report(namespace, "d1-polite", { state: "TASK_RUNNING" });
    await side.clients.agents.mergePatch({ name: "d1" }, { spec: { draining: { grace: "2s" } } });
    await side.eventually(async () =>
      expect((await side.getTask(namespace, "d1-long")).spec.kill).toEqual({ gracePeriod: "2000ms" }),
    );
    await side.eventually(async () =>
      expect((await side.getTask(namespace, "d1-polite")).spec.kill).toEqual({}),
    );
    await side.eventually(async () => expect((await agent("d1")).status?.draining).toBe("DRAINING"));
    await side.task(namespace, "d1-late", { agent: "d1" });
    await side.eventually(async () =>
      expect(await status("d1-late")).toMatchObject({
        state: "TASK_DROPPED",
        reason: "REASON_AGENT_DRAINING",
      }),
    );
    for (const name of ["d1-long", "d1-polite"]) await side.report(namespace, name, { state: "TASK_KILLED" });
    await side.eventually(async () => expect(await condition("d1", "Drained")).toBe("True/Drained"));
    await side.eventually(async () => {
      expect((await agent("d1")).status?.draining).toBe("DRAINED");
      expect(await condition("d1", "Schedulable")).toBe("False/Drained");
    });
    await side.clients.agents.mergePatch({ name: "d1" }, { spec: { draining: null } });
    await side.eventually(async () => expect(await condition("d1", "Schedulable")).toBe("True/Offered"));
    expect((await agent("d1")).status?.draining).toBeUndefined();
    die();
    await stop();
  });

  it("comes before the deletion of an Agent", async () => {
    const { die, stop } = await member("d2");
    await runs("d2-t", "d2");
    await side.clients.agents.delete({ name: "d2" });
    await side.eventually(async () =>
      expect((await side.getTask(namespace, "d2-t")).spec.kill).toBeDefined(),
    );
    expect((await agent("d2")).metadata.deletionTimestamp).toBeDefined();
    await side.report(namespace, "d2-t", { state: "TASK_KILLED" });
    await side.eventually(() => expect(agent("d2")).rejects.toThrow(/not found/));
    await stop();
    die();
  });
});
