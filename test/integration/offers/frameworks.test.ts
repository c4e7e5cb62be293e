import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { frameworkLeaseName } from "../../../src/api/group.ts";
import { findCondition } from "../../../src/cluster/conditions.ts";
import { microTimestamp } from "../../../src/cluster/time.ts";
import { template } from "../bareCluster.ts";
import { launch, TestCluster } from "./cluster.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await TestCluster.start();
  await cluster.startOperator();
  await cluster.join("n1");
});
afterAll(() => cluster.stop());

/** Renews a framework's Lease until the function that it answers with is called. */
async function renew(namespace: string, framework: string): Promise<() => void> {
  const metadata = { namespace, name: frameworkLeaseName(framework) };
  const spec = () => ({
    holderIdentity: "scheduler",
    leaseDurationSeconds: 4,
    renewTime: microTimestamp(Date.now()),
  });
  await cluster.clients.leases.create({
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata,
    spec: spec(),
  });
  const timer = setInterval(() => {
    void cluster.clients.leases.mergePatch(metadata, { spec: spec() }).catch(() => {});
  }, 200);
  return () => clearInterval(timer);
}

const condition = async (namespace: string, name: string, type: string) =>
  findCondition((await cluster.clients.frameworks.get({ namespace, name })).status?.conditions, type);

describe("a Framework", () => {
  it("is connected while it renews its Lease; when it stops its offers go, then its tasks, then it", async () => {
    const namespace = await cluster.namespace("lease");
    const connection = { type: "Lease", leaseDuration: "4s" };
    await cluster.framework(namespace, "fw", { connection, failoverTimeout: "4s" });
    await cluster.eventually(async () =>
      expect(await condition(namespace, "fw", "Ready")).toMatchObject({
        status: "False",
        reason: "LeaseMissing",
      }),
    );
    const stop = await renew(namespace, "fw");
    const offer = await cluster.firstOffer(namespace, "fw");
    expect(await condition(namespace, "fw", "Connected")).toMatchObject({ status: "True" });
    await cluster.accept(offer, [launch(template(1))], "0s");
    await cluster.closed(offer, "Accepted");
    const next = await cluster.firstOffer(namespace, "fw");
    stop();
    expect((await cluster.closed(next, "Rescinded")).status?.reason).toBe("FrameworkDisconnected");
    expect(await condition(namespace, "fw", "Connected")).toMatchObject({
      status: "False",
      reason: "LeaseLapsed",
    });
    const [task] = await cluster.tasksOf(namespace, "fw");
    await cluster.eventually(async () => {
      const now = await cluster.getTask(namespace, task?.metadata.name ?? "");
      expect(now.status?.state).toBe("TASK_KILLED");
    });
    await cluster.eventually(() =>
      expect(cluster.clients.frameworks.get({ namespace, name: "fw" })).rejects.toThrow(/not found/),
    );
    expect(await cluster.eventReasons(namespace, "fw")).toContain("FailoverTimeout");
  });

  it("that comes back in time keeps its tasks and is offered again", async () => {
    const namespace = await cluster.namespace("back");
    const connection = { type: "Lease", leaseDuration: "4s" };
    await cluster.framework(namespace, "fw", { connection, failoverTimeout: "1h" });
    const stop = await renew(namespace, "fw");
    const offer = await cluster.firstOffer(namespace, "fw");
    await cluster.accept(offer, [launch(template(1))], "0s");
    await cluster.closed(offer, "Accepted");
    stop();
    await cluster.eventually(async () =>
      expect((await cluster.clients.frameworks.get({ namespace, name: "fw" })).status?.connected).toBe(false),
    );
    await cluster.clients.leases.delete({ namespace, name: frameworkLeaseName("fw") });
    const again = await renew(namespace, "fw");
    await cluster.firstOffer(namespace, "fw");
    const [task] = await cluster.tasksOf(namespace, "fw");
    expect(task?.spec.kill).toBeUndefined();
    // It may be offered something before its status says that it is back.
    await cluster.eventually(async () => {
      const { status } = await cluster.clients.frameworks.get({ namespace, name: "fw" });
      expect(status?.disconnectedAt).toBeUndefined();
    });
    again();
    await cluster.clients.frameworks.delete({ namespace, name: "fw" });
    await cluster.eventually(() =>
      expect(cluster.clients.frameworks.get({ namespace, name: "fw" })).rejects.toThrow(/not found/),
    );
  });

  it("is not offered what it suppresses, what its constraints exclude, or more at a time than it wants", async () => {
    const namespace = await cluster.namespace("wants");
    await cluster.framework(namespace, "quiet", { suppressedRoles: ["*"] });
    await cluster.framework(namespace, "picky", {
      offerConstraints: [
        {
          role: "*",
          groups: [{ constraints: [{ attribute: "HOSTNAME", operator: "TextEquals", value: "other" }] }],
        },
      ],
    });
    await cluster.framework(namespace, "broken", {
      offerConstraints: [
        {
          role: "*",
          groups: [
            { constraints: [{ attribute: "HOSTNAME", operator: "TextMatches", value: "[a-z]{400}" }] },
          ],
        },
      ],
    });
    await cluster.eventually(async () =>
      expect(await condition(namespace, "broken", "Ready")).toMatchObject({
        status: "False",
        reason: "InvalidConstraints",
      }),
    );
    await cluster.framework(namespace, "open", { maxOffers: 1 });
    const offer = await cluster.firstOffer(namespace, "open");
    for (const name of ["quiet", "picky", "broken"])
      expect(await cluster.offers(namespace, name)).toEqual([]);
    await cluster.respond(offer, { decline: { filters: { refuse: "1h" } } });
    await cluster.clients.frameworks.mergePatch(
      { namespace, name: "quiet" },
      { spec: { suppressedRoles: [] } },
    );
    await cluster.firstOffer(namespace, "quiet");
    for (const name of ["quiet", "picky", "broken", "open"]) {
      await cluster.clients.frameworks.delete({ namespace, name });
    }
  });

  it("waits for a gateway that is not there with a reason", async () => {
    const namespace = await cluster.namespace("gateway");
    await cluster.framework(namespace, "fw", { connection: { type: "Gateway" } });
    await cluster.eventually(async () =>
      expect(await condition(namespace, "fw", "Connected")).toMatchObject({
        status: "False",
        reason: "GatewayMissing",
      }),
    );
  });
});
