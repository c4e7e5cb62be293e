import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Quota } from "../../src/api/quota.ts";
import type { Role } from "../../src/api/role.ts";
import type { Live } from "../../src/cluster/object.ts";
import { parseResources } from "../../src/framework/index.ts";
import { ByHand, cpusOf, launch, offered, shell } from "./byhand.ts";
import { until } from "./cluster.ts";
import { Filler } from "./filler.ts";
import { resources, Scene, sh } from "./scene.ts";

let scene: Scene;
/** Of this run: roles belong to the whole cluster. */
let top: string;
beforeAll(async () => {
  scene = await Scene.open("shares");
  top = scene.namespace;
});
afterAll(async () => {
  const { roles, quotas } = scene.cluster.kinds;
  const ours = (path: string) => path.startsWith(top);
  const [allRoles, allQuotas] = await Promise.all([roles.list(), quotas.list()]);
  for (const { metadata, spec } of allRoles.items) if (ours(spec.path)) await roles.delete(metadata);
  for (const { metadata, spec } of allQuotas.items) if (ours(spec.role)) await quotas.delete(metadata);
  await scene.close();
});

const roleName = (path: string) => path.replaceAll("/", "-");
const role = (path: string, weight: number) =>
  scene.cluster.apply({
    apiVersion: "mesos.dev/v1alpha1",
    kind: "Role",
    metadata: { name: roleName(path) },
    spec: { path, weight },
  });
const quota = (path: string, spec: object) =>
  scene.cluster.apply({
    apiVersion: "mesos.dev/v1alpha1",
    kind: "Quota",
    metadata: { name: roleName(path) },
    spec: { role: path, ...spec },
  });
const getQuota = (path: string): Promise<Live<Quota>> =>
  scene.cluster.kinds.quotas.get({ name: roleName(path) });
const condition = ({ status }: Quota | Role, type: string) =>
  status?.conditions?.find((each) => each.type === type);
const held = async (path: string) => {
  const { items } = await scene.cluster.kinds.roles.list();
  const { status } = items.find(({ spec }) => spec.path === path) ?? {};
  return status?.allocated?.find(({ name }) => name === "cpus")?.scalar ?? 0;
};

describe("frameworks of the SDK that want everything", () => {
  let fillers: Filler[];
  beforeAll(async () => {
    // ops weighs 1 and eng 3; within eng the two are equal.
    await Promise.all([role(`${top}/ops`, 1), role(`${top}/eng`, 3)]);
    await Promise.all([role(`${top}/eng/ads`, 1), role(`${top}/eng/web`, 1)]);
    const each = parseResources("cpus:0.25;mem:32");
    let count = 0;
    fillers = await Promise.all(
      ["ops", "eng/ads", "eng/web"].map((path) => {
        const name = path.replace("/", "-");
        const next = () => ({
          name: `${name}-${++count}`,
          command: { value: `sleep $((2 + ${count} % 4))` },
          ttlAfterFinished: "30s",
        });
        return Filler.connect(scene, { name, roles: [`${top}/${path}`] }, each, next);
      }),
    );
  });
  afterAll(async () => {
    await Promise.all(fillers.map(({ driver }) => driver.teardown()));
    await Promise.all(fillers.map((filler) => filler.stop()));
  });

  test("share as their roles' weights say, also below one role", async () => {
    const samples: string[] = [];
    let good = 0;
    await until(
      "ops has a quarter, each of eng's two about three eighths",
      async () => {
        const paths = ["ops", "eng/ads", "eng/web"].map((path) => `${top}/${path}`);
        const [ops = 0, ads = 0, web = 0] = await Promise.all(paths.map(held));
        samples.push(`${ops}:${ads}:${web}`);
        const total = ops + ads + web;
        const full = total >= 3;
        const weighed = ops / total > 0.17 && ops / total < 0.33;
        const equal = Math.abs(ads - web) <= 0.25 * total;
        good = full && weighed && equal ? good + 1 : 0;
        // Not by chance on the way to something else.
        return good >= 4;
      },
      { timeout: 90_000, every: 1000 },
    ).catch((cause: unknown) => {
      throw new Error(`cpus of ops:ads:web were ${samples.join(" ")}`, { cause });
    });
    const { items } = await scene.cluster.kinds.roles.list();
    const eng = items.find(({ spec }) => spec.path === `${top}/eng`);
    expect(eng?.status?.dominantShare).toBeGreaterThan(0.3);
    expect(await scene.kubectl("get", "roles.mesos.dev")).toMatch(/PATH +WEIGHT +SHARE/);
  });

  test("launch each task once, and are told of each end in order", async () => {
    const finishedOf = (updates: (typeof fillers)[number]["updates"]) =>
      updates.filter(({ state }) => state === "TASK_FINISHED").map(({ name }) => name);
    await until("each has a finished task", async () =>
      fillers.every(({ updates }) => finishedOf(updates).length > 0),
    );
    for (const { accepted, updates, log } of fillers) {
      expect(new Set(accepted).size).toBe(accepted.length);
      expect(log.calls.filter((call) => !call.startsWith("registered"))).toEqual([]);
      const finished = finishedOf(updates);
      expect(new Set(finished).size).toBe(finished.length);
      for (const name of finished) {
        const states = updates.filter((update) => update.name === name).map(({ state }) => state);
        expect(states).toEqual(["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"]);
      }
    }
  });
});

describe("a quota's limit", () => {
  test("is never passed: offers are shrunk to it, and then there are none", async () => {
    const path = `${top}/capped`;
    await quota(path, { limits: [{ name: "cpus", scalar: 0.5 }] });
    await until(
      "the limit is in force",
      async () => (await getQuota(path)).status?.applied?.limits !== undefined,
    );
    const hand = await ByHand.connect(scene, "capped", [path]);
    const first = await hand.offer("an offer with cpus", (offer) => cpusOf(offered(offer)) > 0);
    expect((await hand.open()).reduce((sum, offer) => sum + cpusOf(offered(offer)), 0)).toBeLessThanOrEqual(
      0.5,
    );
    const most = [
      { name: "cpus", scalar: cpusOf(offered(first)) },
      { name: "mem", scalar: 64 },
    ];
    await hand.accept(first, [launch(shell("capped-1", "sleep 600", { resources: most }))]);
    await scene.running("capped-1");
    await scene.create("capped-2", { ...sh("true"), role: path, ...resources(0.02, 32) });
    const waiting = await scene.becomes("capped-2", "is told why it waits", ({ status }) =>
      (status?.conditions ?? []).some(({ type, reason }) => type === "Placed" && reason === "RoleOverLimit"),
    );
    expect(waiting.status?.conditions?.find(({ type }) => type === "Placed")?.message).toMatch(
      /over its limit of cpus/,
    );
    const consumed = await until("the consumption is told", async () =>
      (await getQuota(path)).status?.consumed?.find(({ name }) => name === "cpus"),
    );
    expect(consumed.scalar).toBeLessThanOrEqual(0.5);
    await scene.kill("capped-1", "0s");
    await hand.remove();
    expect((await scene.ends("capped-2")).status?.state).toBe("TASK_FINISHED");
  });
});

describe("a quota's guarantee", () => {
  test("is kept free of others until the role comes", async () => {
    const path = `${top}/gold`;
    await quota(path, { guarantees: [{ name: "cpus", scalar: 1 }] });
    await until(
      "the guarantee is in force",
      async () => (await getQuota(path)).status?.applied !== undefined,
    );
    const greedy = await ByHand.connect(scene, "greedy", [`${top}/greedy`]);
    await greedy.offer();
    const agents = await Promise.all(
      scene.cluster.nodes.map((name) => scene.cluster.kinds.agents.get({ name })),
    );
    const all = agents.reduce(
      (sum, { status }) => sum + (status?.offerable?.find(({ name }) => name === "cpus")?.scalar ?? 0),
      0,
    );
    const gold = await ByHand.connect(scene, "gold", [path]);
    await until("gold is offered its guarantee", async () => {
      const open = await gold.open();
      return open.reduce((sum, offer) => sum + cpusOf(offered(offer)), 0) >= 0.99;
    });
    const greedyHas = (await greedy.open()).reduce((sum, offer) => sum + cpusOf(offered(offer)), 0);
    expect(greedyHas).toBeGreaterThan(0);
    expect(greedyHas).toBeLessThanOrEqual(all - 0.99);
    expect(condition(await getQuota(path), "Satisfied")).toMatchObject({
      status: "False",
      reason: "BelowGuarantees",
    });
    await Promise.all([greedy.remove(), gold.remove()]);
    await scene.cluster.kinds.quotas.delete({ name: roleName(path) });
  });

  test("beyond what all agents have is not in force, and says so: condition and Event", async () => {
    const path = `${top}/vast`;
    await quota(path, { guarantees: [{ name: "cpus", scalar: 5000 }] });
    const seen = await until("it is judged", async () => {
      const now = await getQuota(path);
      return condition(now, "Overcommitted")?.status === "True" ? now : undefined;
    });
    expect(condition(seen, "Overcommitted")).toMatchObject({
      reason: "GuaranteesBeyondCapacity",
      message: expect.stringMatching(/5000 cpus, the agents have [\d.]+: not in force/),
    });
    expect(seen.status?.applied).toBeUndefined();
    const name = `involvedObject.name=${roleName(path)}`;
    await until("there is an Event", async () => {
      const events = await scene.cluster.kubectl("get", "events", "-A", "--field-selector", name);
      return events.includes("GuaranteesBeyondCapacity");
    });
  });
});
