import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Quota } from "../../../src/api/quota.ts";
import { findCondition } from "../../../src/cluster/conditions.ts";
import { API, template } from "../bareCluster.ts";
import { amount, launch, TestCluster } from "../offers/cluster.ts";

let cluster: TestCluster;
let namespace: string;
beforeAll(async () => {
  cluster = await TestCluster.start();
  await cluster.startOperator();
  await cluster.join("n1", { cpu: "8", memory: "16Gi" });
  namespace = await cluster.namespace("quota");
});
afterAll(() => cluster.stop());

const quota = (name: string, spec: object) =>
  cluster.clients.quotas.create({
    apiVersion: API,
    kind: "Quota",
    metadata: { name },
    spec: { force: false, ...spec } as Quota["spec"],
  });

const until = (name: string, type: string, expected: object) =>
  cluster.eventually(async () => {
    const { status } = await cluster.clients.quotas.get({ name });
    expect(findCondition(status?.conditions, type)).toMatchObject(expected);
    return status;
  });

describe("a Quota", () => {
  it("keeps a role within its limit: offers, and tasks without an offer", async () => {
    await quota("capped", { role: "capped", limits: [{ name: "cpus", scalar: 2 }] });
    await until("capped", "Overcommitted", { status: "False" });
    await cluster.framework(namespace, "fw", { roles: ["capped"] });
    const offer = await cluster.firstOffer(namespace, "fw");
    expect(amount(offer.spec.resources, "cpus")).toBe(2);
    await cluster.accept(offer, [launch(template(1.5))], "0s");
    await cluster.closed(offer, "Accepted");
    const rest = await cluster.firstOffer(namespace, "fw");
    expect(amount(rest.spec.resources, "cpus")).toBe(0.5);
    await cluster.respond(rest, { decline: { filters: { refuse: "1h" } } });
    await cluster.task(namespace, "over", { role: "capped", ...template(1) });
    await cluster.eventually(async () => {
      const { status } = await cluster.getTask(namespace, "over");
      expect(findCondition(status?.conditions, "Placed")).toMatchObject({
        status: "False",
        reason: "RoleOverLimit",
      });
    });
    const status = await until("capped", "Satisfied", { status: "True", reason: "NoGuarantees" });
    await cluster.eventually(async () => {
      const now = await cluster.clients.quotas.get({ name: "capped" });
      expect(amount(now.status?.consumed, "cpus")).toBe(1.5);
    });
    expect(status?.applied?.limits).toMatchObject([{ name: "cpus", scalar: 2 }]);
    // Room in the limit, and the waiting task has its agent.
    await cluster.clients.quotas.mergePatch(
      { name: "capped" },
      { spec: { limits: [{ name: "cpus", scalar: 3 }] } },
    );
    await cluster.eventually(async () =>
      expect((await cluster.getTask(namespace, "over")).spec.agent).toBe("n1"),
    );
  });

  it("below what the role consumes is not in force unless it is forced; what was before stays", async () => {
    await cluster.clients.quotas.mergePatch(
      { name: "capped" },
      { spec: { limits: [{ name: "cpus", scalar: 1 }] } },
    );
    const status = await until("capped", "Overcommitted", {
      status: "True",
      reason: "LimitBelowConsumption",
    });
    expect(status?.applied?.limits).toMatchObject([{ scalar: 3 }]);
    await cluster.clients.quotas.mergePatch({ name: "capped" }, { spec: { force: true } });
    await cluster.eventually(async () => {
      const now = await cluster.clients.quotas.get({ name: "capped" });
      expect(now.status?.applied?.limits).toMatchObject([{ scalar: 1 }]);
    });
    await cluster.eventually(async () =>
      expect(await cluster.eventReasons("default", "capped")).toContain("LimitBelowConsumption"),
    );
  });

  it("that guarantees more than there is is refused; of two for one role the older counts", async () => {
    await quota("greedy", { role: "greedy", guarantees: [{ name: "cpus", scalar: 100 }] });
    await until("greedy", "Overcommitted", { status: "True", reason: "GuaranteesBeyondCapacity" });
    await until("greedy", "Satisfied", { status: "False", reason: "NotInForce" });
    await quota("first", { role: "twice", limits: [{ name: "cpus", scalar: 4 }] });
    await until("first", "Conflict", { status: "False" });
    // Ages are told apart by the second.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await quota("another", { role: "twice", limits: [{ name: "cpus", scalar: 1 }] });
    await until("another", "Conflict", { status: "True", reason: "OlderQuota" });
    await cluster.clients.quotas.delete({ name: "first" });
    await until("another", "Conflict", { status: "False" });
  });

  it("guarantees what others are not offered then: their offers are taken back", async () => {
    await cluster.framework(namespace, "hog", { roles: ["hog"] });
    const offer = await cluster.firstOffer(namespace, "hog");
    await quota("sure", {
      role: "sure",
      guarantees: [
        { name: "cpus", scalar: 4 },
        { name: "mem", scalar: 1024 },
      ],
    });
    expect((await cluster.closed(offer, "Rescinded")).status?.reason).toBe("QuotaChanged");
    const smaller = await cluster.firstOffer(namespace, "hog");
    expect(amount(smaller.spec.resources, "cpus")).toBeLessThanOrEqual(7.89 - 2.5 - 4 + 1e-9);
    await cluster.framework(namespace, "sure", { roles: ["sure"] });
    const kept = await cluster.firstOffer(namespace, "sure");
    expect(amount(kept.spec.resources, "cpus")).toBeGreaterThanOrEqual(4);
    await until("sure", "Satisfied", { status: "False", reason: "BelowGuarantees" });
    await cluster.accept(kept, [launch(template(4, 1024))]);
    await until("sure", "Satisfied", { status: "True", reason: "GuaranteesMet" });
  });
});
