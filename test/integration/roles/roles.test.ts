import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findCondition } from "../../../src/cluster/conditions.ts";
import { API, template } from "../bareCluster.ts";
import { amount, launch, type RunningOperator, TestCluster } from "../offers/cluster.ts";

let cluster: TestCluster;
let operator: RunningOperator;
beforeAll(async () => {
  cluster = await TestCluster.start();
  operator = await cluster.startOperator({ roles: { implicit: false } });
  for (const name of ["n1", "n2", "n3", "n4"]) await cluster.join(name, { cpu: "4110m", memory: "16Gi" });
});
afterAll(() => cluster.stop());

const role = (name: string, path: string, spec: object = {}) =>
  cluster.clients.roles.create({
    apiVersion: API,
    kind: "Role",
    metadata: { name },
    spec: { path, weight: 1, ...spec },
  });

const ready = async (name: string) =>
  findCondition((await cluster.clients.roles.get({ name })).status?.conditions, "Ready");

describe("a Role", () => {
  it("must be listed where implicit roles are off, and open to the namespace", async () => {
    const namespace = await cluster.namespace("listed");
    const why = (name: string) =>
      cluster.eventually(async () => {
        const { status } = await cluster.clients.frameworks.get({ namespace, name });
        const condition = findCondition(status?.conditions, "Ready");
        expect(condition?.status).toBe("False");
        return condition?.reason;
      });
    await cluster.framework(namespace, "unlisted", { roles: ["nowhere"] });
    expect(await why("unlisted")).toBe("RoleNotFound");
    await role("closed", "closed", { namespaces: ["elsewhere"] });
    await role("below", "closed/below");
    await cluster.framework(namespace, "barred", { roles: ["closed/below"] });
    await cluster.eventually(async () => expect(await why("barred")).toBe("RoleNotAllowed"));
    await cluster.task(namespace, "lost", { role: "nowhere" });
    await cluster.eventually(async () => {
      const { status } = await cluster.getTask(namespace, "lost");
      expect(findCondition(status?.conditions, "Placed")).toMatchObject({
        status: "False",
        reason: "RoleNotFound",
      });
    });
    await role("nowhere", "nowhere");
    await cluster.firstOffer(namespace, "unlisted");
    await cluster.eventually(async () =>
      expect((await cluster.getTask(namespace, "lost")).spec.agent).toBeDefined(),
    );
    await cluster.report(await cluster.getTask(namespace, "lost"), "TASK_FINISHED");
    for (const name of ["unlisted", "barred"]) await cluster.clients.frameworks.delete({ namespace, name });
  });

  it("of two with one path the older counts", async () => {
    await role("elder", "same", { weight: 2 });
    await cluster.eventually(async () => expect(await ready("elder")).toMatchObject({ status: "True" }));
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await role("adder", "same", { weight: 5 });
    await cluster.eventually(async () =>
      expect(await ready("adder")).toMatchObject({ status: "False", reason: "Conflict" }),
    );
    await cluster.clients.roles.delete({ name: "elder" });
    await cluster.eventually(async () => expect(await ready("adder")).toMatchObject({ status: "True" }));
  });

  it("with weight 3 comes to hold three times what one with weight 1 does", async () => {
    const namespace = await cluster.namespace("weights");
    await role("light", "light", { weight: 1 });
    await role("heavy", "heavy", { weight: 3 });
    const stop = new AbortController();
    const greedy = async (name: string) => {
      await cluster.framework(namespace, name, { roles: [name] });
      // Takes a little of every offer, and tasks end, so that shares can move.
      while (!stop.signal.aborted) {
        for (const offer of await cluster.offers(namespace, name)) {
          await cluster.accept(offer, [launch(template(0.25, 64))], "0s").catch(() => {});
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const held = async (name: string) =>
      (await cluster.tasksOf(namespace, name)).filter(
        ({ spec, status }) => spec.agent !== undefined && status?.state === undefined,
      );
    const running = Promise.all([greedy("light"), greedy("heavy")]);
    const churn = (async () => {
      while (!stop.signal.aborted) {
        const all = [...(await held("light")), ...(await held("heavy"))];
        if (all.length >= 60) {
          const victim = all[Math.floor(Math.random() * all.length)];
          if (victim) await cluster.report(victim, "TASK_FINISHED").catch(() => {});
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    // 16 cpus: 64 tasks, of which 16 and 48 are the fair shares.
    await cluster.eventually(async () => {
      const [light, heavy] = [(await held("light")).length, (await held("heavy")).length];
      expect(light + heavy).toBeGreaterThan(56);
      expect(heavy / light).toBeGreaterThan(2.5);
      expect(heavy / light).toBeLessThan(3.5);
    }, 45_000);
    stop.abort();
    await Promise.all([running, churn]);
    await cluster.eventually(async () => {
      const shares = await Promise.all(
        ["light", "heavy"].map(async (name) => (await cluster.clients.roles.get({ name })).status),
      );
      expect(shares[1]?.dominantShare).toBeGreaterThan(2 * (shares[0]?.dominantShare ?? 1));
      expect(shares[1]?.frameworks).toBe(1);
      expect(amount(shares[1]?.allocated, "cpus")).toBeGreaterThan(9);
    });
    const metrics = await operator.registry.metrics();
    // Above 9 of 16 cpus.
    expect(metrics).toMatch(/mesos_role_dominant_share\{role="heavy"\} 0\.[567]/);
    for (const name of ["light", "heavy"]) {
      await cluster.clients.frameworks.delete({ namespace, name });
      for (const task of await held(name)) await cluster.report(task, "TASK_KILLED").catch(() => {});
    }
  }, 90_000);

  it("given another weight has all offers taken back and made anew", async () => {
    const namespace = await cluster.namespace("anew");
    await cluster.framework(namespace, "fw", { roles: ["light"] });
    // At the moment of the first Offer, when the operator is still making others.
    for (let round = 0; round < 10; round++) {
      const { spec } = await cluster.clients.roles.get({ name: "light" });
      let offer = (await cluster.offers(namespace, "fw"))[0];
      while (offer === undefined) offer = (await cluster.offers(namespace, "fw"))[0];
      await cluster.clients.roles.mergePatch(
        { name: "light" },
        { spec: { weight: spec.weight === 2 ? 3 : 2 } },
      );
      expect((await cluster.closed(offer, "Rescinded")).status?.reason).toBe("WeightChanged");
    }
    await cluster.firstOffer(namespace, "fw");
    await cluster.clients.frameworks.delete({ namespace, name: "fw" });
  });

  it("given another weight has each offer taken back once, one that changes meanwhile too", async () => {
    const namespace = await cluster.namespace("changing");
    await role("changing", "changing");
    await cluster.framework(namespace, "changes", { roles: ["changing"] });
    const open = await cluster.eventually(async () => {
      const offers = await cluster.offers(namespace, "changes");
      expect(offers).toHaveLength(4);
      return offers;
    });
    const stop = new AbortController();
    const labelled = open.map(async ({ metadata }) => {
      for (let i = 0; !stop.signal.aborted; i++) {
        await cluster.clients.offers.mergePatch(metadata, { metadata: { labels: { i: `${i}` } } });
      }
    });
    await cluster.clients.roles.mergePatch({ name: "changing" }, { spec: { weight: 2 } });
    for (const offer of open)
      expect((await cluster.closed(offer, "Rescinded")).status?.reason).toBe("WeightChanged");
    stop.abort();
    await Promise.all(labelled);
    await cluster.eventually(async () => expect(await cluster.offers(namespace, "changes")).toHaveLength(4));
    const { items } = await cluster.clients.offers.list({
      namespace,
      fieldSelector: "spec.framework=changes",
    });
    expect(items.filter(({ status }) => status?.reason === "WeightChanged")).toHaveLength(4);
  });
});
