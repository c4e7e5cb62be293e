import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { agentLeaseName } from "../../../src/api/group.ts";
import type { Offer } from "../../../src/api/offer.ts";
import type { TaskTemplate } from "../../../src/api/task.ts";
import type { Live } from "../../../src/cluster/object.ts";
import { taskName, taskObject } from "../../../src/controllers/offer/taskobject.ts";
import { API, SYSTEM, template } from "../bareCluster.ts";
import { connectByProxy } from "../cluster/fixture.ts";
import { launch, TestCluster } from "./cluster.ts";
import { Replica } from "./replica.ts";

let cluster: TestCluster;
const replicas: Replica[] = [];
beforeAll(async () => {
  cluster = await TestCluster.start();
});
afterAll(async () => {
  for (const replica of replicas) await replica.stop("SIGKILL");
  await cluster.stop();
});

afterEach(() => cluster.stopOperators());

describe("an operator that follows another", () => {
  it("finishes what the other has begun, making nothing twice", async () => {
    const first = await cluster.startOperator();
    await cluster.join("n1");
    const namespace = await cluster.namespace("halfway");
    const framework = await cluster.framework(namespace, "fw", { roles: ["eng"] });
    const offer = await cluster.firstOffer(namespace, "fw");
    await first.stop();

    // Answered while nobody leads; then what an operator had done that died before it closed the offer.
    const reservations = [{ type: "DYNAMIC" as const, role: "eng" }];
    const reserved = { resources: [{ name: "cpus", scalar: 1, reservations }] };
    const tasks = [
      template(0.5, 32, { taskId: "made" }),
      template(0.5, 32, { taskId: "refused" }),
      template(0.5, 32, { taskId: "missing" }),
    ];
    const answered = await cluster.accept(offer, [
      { type: "RESERVE", reserve: reserved },
      launch(...tasks),
      { type: "UNRESERVE", unreserve: reserved },
    ]);
    const half = (template: TaskTemplate, index: number, launched: boolean) => {
      const origin = { offer: answered, operation: 1, index };
      return cluster.clients.tasks.create(
        taskObject(taskName(origin, template), origin, template, { framework, launched }),
      );
    };
    const [made, refused] = [
      await half(tasks[0] ?? template(), 0, true),
      await half(tasks[1] ?? template(), 1, false),
    ];
    await cluster.startOperator();

    const closed = await cluster.closed(offer, "Accepted");
    const statuses = closed.status?.operations?.map(({ status }) => status);
    expect(statuses).toEqual(["FINISHED", "DROPPED", "FINISHED"]);
    const all = await cluster.tasksOf(namespace, "fw");
    const seen = all.map(({ metadata, spec, status }) => [
      spec.taskId,
      spec.agent,
      status?.state,
      metadata.uid,
    ]);
    expect(seen).toHaveLength(3);
    expect(seen).toContainEqual(["made", "n1", undefined, made.metadata.uid]);
    expect(seen).toContainEqual(["refused", undefined, "TASK_LOST", refused.metadata.uid]);
    expect(seen.find(([id]) => id === "missing")?.[1]).toBe("n1");
    await cluster.eventually(async () =>
      expect((await cluster.clients.reservations.list()).items).toEqual([]),
    );
    await cluster.clients.frameworks.delete({ namespace, name: "fw" });
    await cluster.eventually(() =>
      expect(cluster.clients.frameworks.get({ namespace, name: "fw" })).rejects.toThrow(/not found/),
    );
  });

  it("does not undo twice what the other has undone", async () => {
    const running = await cluster.startOperator();
    const namespace = await cluster.namespace("undone");
    await cluster.framework(namespace, "fw", { roles: ["eng"] });
    const reservations = [{ type: "DYNAMIC" as const, role: "eng" }];
    const some = (cpus: number) => ({ resources: [{ name: "cpus", scalar: cpus, reservations }] });
    const first = await cluster.firstOffer(namespace, "fw");
    await cluster.accept(first, [{ type: "RESERVE", reserve: some(3) }], "0s");
    await cluster.closed(first, "Accepted");
    const offer = await cluster.firstOffer(namespace, "fw");
    await cluster.eventually(async () => {
      const { items } = await cluster.clients.reservations.list();
      expect(items[0]?.status?.reserved).toHaveLength(1);
    });
    await running.stop();
    const [reservation] = (await cluster.clients.reservations.list()).items;
    await cluster.accept(offer, [{ type: "UNRESERVE", unreserve: some(1) }], "0s");
    // As the operator leaves it that died after its first write.
    await cluster.clients.reservations.mergePatch(
      { name: reservation?.metadata.name ?? "" },
      {
        metadata: {
          annotations: {
            "mesos.dev/operations": JSON.stringify([
              { operation: `${offer.metadata.uid}/0`, resources: some(1).resources },
            ]),
          },
        },
        spec: { resources: [{ name: "cpus", scalar: 2 }] },
      },
    );
    await cluster.startOperator();
    const closed = await cluster.closed(offer, "Accepted");
    expect(closed.status?.operations).toMatchObject([{ status: "FINISHED" }]);
    const after = await cluster.clients.reservations.get({ name: reservation?.metadata.name ?? "" });
    expect(after.spec.resources).toMatchObject([{ name: "cpus", scalar: 2 }]);
    await cluster.clients.reservations.delete(after.metadata);
    await cluster.clients.frameworks.delete({ namespace, name: "fw" });
    await cluster.eventually(async () =>
      expect((await cluster.clients.reservations.list()).items).toEqual([]),
    );
  });
});

it("a new leader waits for agents to come back, if that is wanted and there are quotas", async () => {
  const first = await cluster.startOperator();
  await Promise.all(["p1", "p2"].map((name) => cluster.join(name)));
  const namespace = await cluster.namespace("pause");
  await cluster.framework(namespace, "fw", { roles: ["pause"] });
  await cluster.firstOffer(namespace, "fw");
  const metadata = { name: "pause" };
  const spec = { force: false, role: "pause", guarantees: [{ name: "cpus", scalar: 1 }] };
  await cluster.clients.quotas.create({ apiVersion: API, kind: "Quota", metadata, spec });
  await cluster.eventually(async () =>
    expect((await cluster.clients.quotas.get(metadata)).status?.applied).toBeDefined(),
  );
  await first.stop();
  await cluster.clients.leases.delete({ name: agentLeaseName("p2"), namespace: SYSTEM });
  for (const { metadata } of await cluster.offers(namespace, "fw"))
    await cluster.clients.offers.delete(metadata);

  await cluster.startOperator({
    allocation: { interval: "200ms", failoverPause: { factor: 1, timeout: "1h" } },
  });
  await new Promise((resolve) => setTimeout(resolve, 3000));
  expect(await cluster.offers(namespace, "fw")).toEqual([]);
  await cluster.renew("p2");
  await cluster.firstOffer(namespace, "fw");
  await cluster.clients.quotas.delete(metadata);
  // It would hold what the next test wants.
  await cluster.clients.frameworks.delete({ namespace, name: "fw" });
  await cluster.eventually(() =>
    expect(cluster.clients.frameworks.get({ namespace, name: "fw" })).rejects.toThrow(/not found/),
  );
});

it("a replica knows who leads, and clients may come to it, when it has seen another's Lease or begun to lead itself", async () => {
  const config = { namespace: SYSTEM, leaseName: "readiness" };
  const { proxy, connection } = await connectByProxy({ kubeconfig: cluster.kubeconfig, timeout: 2_000 });
  proxy.hold();
  try {
    const { operator } = await cluster.startOperator(config, { electionConnection: connection });
    await cluster.eventually(() => expect(operator.unsynced()).toBeUndefined());
    expect(operator.leaderless()).toBe("nobody is known to lead yet");
    const leader = await cluster.startOperator(config);
    await cluster.eventually(() => expect(leader.operator.leaderless()).toBeUndefined());
    expect(operator.leaderless()).toBeDefined();
    proxy.release();
    await cluster.eventually(() => expect(operator.leaderless()).toBeUndefined());
    expect(operator.leading).toBe(false);
    // That there is no leader for a while makes none unready: somebody must be there to take over.
    proxy.hold();
    await leader.stop();
    expect(operator.leaderless()).toBeUndefined();
  } finally {
    proxy.release();
    await cluster.stopOperators();
    connection.close();
    await proxy.stop();
  }
});

it("a standby goes on where a killed leader was: each launch is made once, offers come within 5 s of its Lease", async () => {
  const config = { namespace: "mesos-system", leaseName: "killed", allocation: { interval: "200ms" } };
  const leader = new Replica(cluster.kubeconfig, config);
  replicas.push(leader);
  await cluster.eventually(() => expect(leader.said("began to lead")).toBe(true), 20_000);
  const standby = new Replica(cluster.kubeconfig, config);
  replicas.push(standby);
  await cluster.eventually(
    () => expect(standby.said("serves /livez, /readyz and /metrics")).toBe(true),
    20_000,
  );
  await cluster.eventually(async () => {
    const ready = await fetch(`http://127.0.0.1:${standby.healthPort}/readyz?verbose`);
    expect(await ready.text()).toBe("[+]caches ok\n[+]leader ok\n");
  });
  await cluster.join("big", { cpu: "200", memory: "400Gi" });
  const namespace = await cluster.namespace("killed");
  await cluster.framework(namespace, "fw", { maxOffers: 64, offerTimeout: "10m" });

  const wanted: string[] = [];
  const answeredOffers: Live<Offer>[] = [];
  const bigOffers = async () =>
    (await cluster.offers(namespace, "fw")).filter(({ spec }) => spec.agent === "big");
  const answerAll = async () => {
    for (const offer of await bigOffers()) {
      const tasks = Array.from({ length: 8 }, () => {
        const taskId = `t${wanted.length}`;
        wanted.push(taskId);
        return template(0.1, 32, { taskId });
      });
      answeredOffers.push(await cluster.accept(offer, [launch(...tasks)], "0s"));
    }
  };
  // Killed right after an answer: while it carries it out, or before it has seen it.
  for (let round = 0; round < 6; round++) {
    await cluster.eventually(async () => expect(await bigOffers()).not.toEqual([]));
    await answerAll();
  }
  await leader.stop("SIGKILL");
  const killedAt = Date.now();
  await cluster.eventually(() => expect(standby.said("began to lead")).toBe(true), 30_000);
  const lease = await cluster.clients.leases.get({ namespace: "mesos-system", name: "killed" });
  const acquired = Date.parse(lease.spec?.acquireTime ?? "");
  await cluster.eventually(async () => {
    for (const offer of answeredOffers) {
      expect((await cluster.clients.offers.get(offer.metadata)).status?.state).toBe("Accepted");
    }
  }, 15_000);
  await cluster.eventually(async () => expect(await bigOffers()).not.toEqual([]));
  const offeredAfter = Date.now() - acquired;
  expect(offeredAfter).toBeLessThan(5_000);
  expect(Date.now() - killedAt).toBeLessThan(25_000);

  const tasks = await cluster.tasksOf(namespace, "fw");
  expect(tasks.map(({ spec }) => spec.taskId).sort()).toEqual([...wanted].sort());
  expect(tasks.filter(({ spec }) => spec.agent === undefined).map(({ status }) => status?.message)).toEqual(
    [],
  );
  // Asked to stop it lets go of the Lease, so that the next one need not wait.
  expect(await standby.stop()).toBe(0);
  const released = await cluster.clients.leases.get({ namespace: "mesos-system", name: "killed" });
  expect(released.spec?.holderIdentity ?? "").toBe("");
}, 120_000);
