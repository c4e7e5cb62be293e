import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Offer } from "../../../src/api/offer.ts";
import { hasEnded } from "../../../src/api/taskstate.ts";
import { CliContext } from "../../../src/cli/context.ts";
import { type MaintenanceOptions, maintenance } from "../../../src/cli/maintenance.ts";
import type { Live } from "../../../src/cluster/object.ts";
import { questionObject } from "../../../src/controllers/maintenance/question.ts";
import { type InverseOffer, OfferGoneError, SchedulerDriver } from "../../../src/framework/index.ts";
import { parseResources } from "../../../src/resources/index.ts";
import { SYSTEM, template } from "../bareCluster.ts";
import { amount, launch, TestCluster } from "./cluster.ts";

const HOUR = 3_600_000;
const at = (fromNow: number): string => `${new Date(Date.now() + fromNow).toISOString().slice(0, 19)}Z`;

let cluster: TestCluster;
let namespace: string;
beforeAll(async () => {
  cluster = await TestCluster.start();
  await cluster.startOperator();
  await cluster.join("n1");
});
afterAll(() => cluster.stop());

beforeEach(async () => {
  namespace = await cluster.namespace("maintenance");
});

/** A framework that runs a task on n1. With `more` it is offered what is left at once, else others have it. */
async function running(name: string, cpus = 1, more = false): Promise<void> {
  await cluster.framework(namespace, name);
  const offer = await ordinary(name);
  await cluster.accept(offer, [launch(template(cpus, 128))], more ? "0s" : "1h");
  await cluster.closed(offer, "Accepted");
}

const all = async (name: string): Promise<Live<Offer>[]> =>
  (await cluster.clients.offers.list({ namespace, fieldSelector: `spec.framework=${name}` })).items;
const open = ({ spec, status }: Live<Offer>) =>
  (status?.state ?? "Outstanding") === "Outstanding" && spec.response === undefined;

const ordinary = (name: string): Promise<Live<Offer>> =>
  cluster.eventually(async () => {
    const found = (await all(name)).find((offer) => open(offer) && offer.spec.inverse !== true);
    if (found === undefined) throw new Error(`no offer to ${name}`);
    return found;
  });
const questions = async (name: string) =>
  (await all(name)).filter((offer) => open(offer) && offer.spec.inverse === true);
const question = (name: string, other?: string): Promise<Live<Offer>> =>
  cluster.eventually(async () => {
    const found = (await questions(name)).find(({ metadata }) => metadata.uid !== other);
    if (found === undefined) throw new Error(`${name} is not asked`);
    return found;
  });

const plan = (maintenance: object | null) =>
  cluster.clients.agents.mergePatch({ name: "n1" }, { spec: { maintenance } });
const status = async () => (await cluster.clients.agents.get({ name: "n1" })).status?.maintenance;

/** Ends all, so that the next test finds the agent free. */
afterEach(async () => {
  await plan(null);
  await cluster.eventually(async () => expect(await status()).toBeUndefined());
  const { items } = await cluster.clients.frameworks.list({ namespace });
  for (const { metadata } of items) {
    const { name } = metadata;
    await cluster.clients.frameworks.delete({ namespace, name });
    for (const task of await cluster.tasksOf(namespace, name)) {
      if (!hasEnded(task.status)) await cluster.report(task, "TASK_KILLED");
    }
    await cluster.eventually(() =>
      expect(cluster.clients.frameworks.get({ namespace, name })).rejects.toThrow(/not found/),
    );
  }
});

describe("planned maintenance", () => {
  it("asks each framework that runs tasks there, once, and shows what it answers", async () => {
    await running("one", 1);
    await running("two", 0.5);
    await cluster.framework(namespace, "idle");
    const start = at(HOUR);
    await plan({ start, duration: "2h" });

    const first = await question("one");
    const second = await question("two");
    expect(first.spec).toMatchObject({
      framework: "one",
      role: "*",
      agent: "n1",
      unavailability: { start, duration: "2h" },
      expiresAt: new Date(Date.parse(start) + 2 * HOUR).toISOString(),
    });
    expect(amount(first.spec.resources, "cpus")).toBe(1);
    expect(amount(second.spec.resources, "cpus")).toBe(0.5);
    expect(first.metadata.ownerReferences?.[0]).toMatchObject({ kind: "Framework", name: "one" });
    expect(await status()).toMatchObject({
      unavailability: { start, duration: "2h" },
      phase: "Planned",
      frameworks: [
        { framework: "one", response: "UNKNOWN" },
        { framework: "two", response: "UNKNOWN" },
      ],
    });

    await cluster.respond(first, { accept: {} });
    await cluster.respond(second, { decline: { filters: { refuse: "1h" } } });
    await cluster.closed(first, "Accepted");
    await cluster.closed(second, "Declined");
    await cluster.eventually(async () => {
      expect((await status())?.frameworks).toMatchObject([
        { namespace, framework: "one", response: "ACCEPT", at: expect.any(String) },
        { namespace, framework: "two", response: "DECLINE", askAgainAt: expect.any(String) },
      ]);
    });
    // Neither is asked again now; who has nothing there never is.
    await new Promise((resolve) => setTimeout(resolve, 800));
    for (const name of ["one", "two", "idle"]) expect(await questions(name)).toEqual([]);
    expect((await all("idle")).filter(({ spec }) => spec.inverse)).toEqual([]);
    await cluster.eventually(async () => {
      const reasons = await cluster.eventReasons("default", "n1");
      for (const reason of ["MaintenancePlanned", "MaintenanceAccepted", "MaintenanceDeclined"]) {
        expect(reasons).toContain(reason);
      }
    });
  });

  it("takes back what was offered, and offers it anew with the window", async () => {
    await cluster.framework(namespace, "fw");
    const before = await ordinary("fw");
    expect(before.spec.unavailability).toBeUndefined();
    const start = at(HOUR);
    await plan({ start });
    const closed = await cluster.closed(before, "Rescinded");
    expect(closed.status?.reason).toBe("MaintenanceChanged");
    const after = await ordinary("fw");
    expect(after.spec.unavailability).toEqual({ start });
    await plan(null);
    await cluster.closed(after, "Rescinded");
    expect((await ordinary("fw")).spec.unavailability).toBeUndefined();
  });

  it("holds nothing by asking: the framework's amounts and its offers stay", async () => {
    await running("fw", 1, true);
    await plan({ start: at(HOUR) });
    await question("fw");
    const left = await ordinary("fw");
    expect(amount(left.spec.resources, "cpus")).toBeCloseTo(4 - 0.1 - 0.01 - 1);
    await cluster.eventually(async () => {
      const framework = await cluster.clients.frameworks.get({ namespace, name: "fw" });
      expect(framework.status).toMatchObject({ offersOutstanding: 1 });
      expect(amount(framework.status?.offered, "cpus")).toBeCloseTo(2.89);
      expect(amount(framework.status?.allocated, "cpus")).toBe(1);
      const agent = await cluster.clients.agents.get({ name: "n1" });
      expect(amount(agent.status?.offered, "cpus")).toBeCloseTo(2.89);
    });
  });

  it("cannot be used with an ordinary offer", async () => {
    await running("fw", 1, true);
    await plan({ start: at(HOUR) });
    const asked = await question("fw");
    const offer = await ordinary("fw");
    const otherOffers = [asked.metadata.name];
    const operations = [launch(template(0.1, 32))] as never[];
    await cluster.respond(offer, { accept: { otherOffers, operations } });
    const { status: outcome } = await cluster.closed(offer, "Accepted");
    expect(outcome?.operations?.[0]?.message).toContain("it has nothing to use");
    expect(open(await cluster.clients.offers.get(asked.metadata))).toBe(true);
  });

  it("asks again when the filter of a decline ends, and one closed question stays", async () => {
    await running("fw");
    await plan({ start: at(HOUR) });
    let asked = await question("fw");
    for (let i = 0; i < 3; i++) {
      await cluster.respond(asked, { decline: { filters: { refuse: "300ms" } } });
      const closed = await cluster.closed(asked, "Declined");
      asked = await question("fw", asked.metadata.uid);
      const waited = Date.parse(asked.metadata.creationTimestamp) - Date.parse(closed.status?.closedAt ?? "");
      // Creation is told in whole seconds.
      expect(waited).toBeGreaterThan(300 - 1000);
    }
    await cluster.eventually(async () => {
      const inverse = (await all("fw")).filter(({ spec }) => spec.inverse);
      expect(inverse.length).toBe(2);
    });
  });

  it("asks anew about another window; what was answered about the first is no answer", async () => {
    await running("fw");
    await plan({ start: at(HOUR) });
    const first = await question("fw");
    await cluster.respond(first, { accept: {} });
    await cluster.closed(first, "Accepted");
    const start = at(2 * HOUR);
    await plan({ start });
    const second = await question("fw", first.metadata.uid);
    expect(second.spec.unavailability).toEqual({ start });
    expect((await status())?.frameworks).toMatchObject([{ response: "UNKNOWN" }]);
    await plan({ start: at(3 * HOUR) });
    expect((await cluster.closed(second, "Rescinded")).status?.reason).toBe("MaintenanceChanged");
    const third = await question("fw", second.metadata.uid);
    await plan(null);
    expect((await cluster.closed(third, "Rescinded")).status?.reason).toBe("MaintenanceWithdrawn");
  });

  it("is asked anew when it was withdrawn and planned again as it was", async () => {
    await running("fw");
    const maintenance = { start: at(HOUR) };
    await plan(maintenance);
    const first = await question("fw");
    await cluster.respond(first, { accept: {} });
    await cluster.closed(first, "Accepted");
    await plan(null);
    await cluster.eventually(async () => expect(await status()).toBeUndefined());
    await plan(maintenance);
    await question("fw", first.metadata.uid);
  });

  it("is not asked of a framework that has nothing there any more", async () => {
    await running("fw");
    await plan({ start: at(HOUR) });
    const asked = await question("fw");
    for (const task of await cluster.tasksOf(namespace, "fw")) await cluster.report(task, "TASK_FINISHED");
    expect((await cluster.closed(asked, "Rescinded")).status?.reason).toBe("NothingLeft");
    await cluster.eventually(async () => expect((await status())?.frameworks).toEqual([]));
  });

  it("withholds the agent from its start to its end, and leaves its tasks alone", async () => {
    await running("fw", 1, true);
    const task = (await cluster.tasksOf(namespace, "fw"))[0];
    await plan({ start: at(5000), duration: "5s" });
    const asked = await question("fw");
    const offered = await ordinary("fw");
    await cluster.eventually(async () => expect((await status())?.phase).toBe("InProgress"));
    expect((await cluster.closed(offered, "Rescinded")).status?.reason).toBe("Maintenance");
    const condition = (await cluster.clients.agents.get({ name: "n1" })).status?.conditions?.find(
      ({ type }) => type === "Schedulable",
    );
    expect(condition).toMatchObject({ status: "False", reason: "Maintenance" });
    // Still asked: its tasks are there.
    expect(open(await cluster.clients.offers.get(asked.metadata))).toBe(true);
    await cluster.eventually(async () => expect((await status())?.phase).toBe("Over"));
    expect((await cluster.closed(asked, "Expired")).status?.reason).toBe("MaintenanceOver");
    expect((await ordinary("fw")).spec.unavailability).toBeUndefined();
    const now = await cluster.getTask(namespace, task?.metadata.name ?? "");
    expect(now.spec.kill).toBeUndefined();
    expect(now.status?.state).not.toBe("TASK_KILLED");
  });

  it("outlives the operator: nothing is asked twice, and the filter is kept", async () => {
    await running("fw");
    await running("refuser", 0.5);
    await plan({ start: at(HOUR) });
    const asked = await question("fw");
    const refused = await question("refuser");
    await cluster.respond(refused, { decline: { filters: { refuse: "1h" } } });
    await cluster.closed(refused, "Declined");
    await cluster.eventually(async () =>
      expect((await status())?.frameworks).toMatchObject([{}, { response: "DECLINE" }]),
    );
    await cluster.stopOperators();
    // Answered while nobody leads.
    await cluster.respond(asked, { accept: {} });
    await cluster.startOperator();
    await cluster.closed(asked, "Accepted");
    await cluster.eventually(async () =>
      expect((await status())?.frameworks).toMatchObject([{ response: "ACCEPT" }, { response: "DECLINE" }]),
    );
    await new Promise((resolve) => setTimeout(resolve, 800));
    const inverse = [...(await all("fw")), ...(await all("refuser"))].filter(({ spec }) => spec.inverse);
    expect(inverse.map(({ metadata }) => metadata.uid).sort()).toEqual(
      [asked.metadata.uid, refused.metadata.uid].sort(),
    );
  });

  it("asks who has agreed once more after a revive", async () => {
    await running("fw");
    await plan({ start: at(HOUR) });
    const asked = await question("fw");
    await cluster.respond(asked, { accept: {} });
    await cluster.closed(asked, "Accepted");
    await cluster.clients.frameworks.mergePatch(
      { namespace, name: "fw" },
      { spec: { revive: { id: "again" } } },
    );
    await question("fw", asked.metadata.uid);
  });

  it("finds again what the leader before has asked", async () => {
    await running("fw");
    await cluster.stopOperators();
    const window = { start: at(HOUR) };
    const agent = await plan(window);
    const framework = await cluster.clients.frameworks.get({ namespace, name: "fw" });
    const { generation = 0 } = agent.metadata;
    const question = { framework, agent, window, generation, ordinal: 0 };
    const made = await cluster.clients.offers.create(
      questionObject(question, parseResources("cpus:1;mem:128"), Date.now()),
    );
    await cluster.startOperator();
    await cluster.eventually(async () =>
      expect((await status())?.frameworks).toMatchObject([{ framework: "fw", asked: 0 }]),
    );
    await new Promise((resolve) => setTimeout(resolve, 800));
    const inverse = (await all("fw")).filter(({ spec }) => spec.inverse);
    expect(inverse.map(({ metadata }) => metadata.uid)).toEqual([made.metadata.uid]);
    expect(inverse.every(open)).toBe(true);
  });

  it("can be left out of what a framework watches", async () => {
    await running("fw", 1, true);
    await plan({ start: at(HOUR) });
    const asked = await question("fw");
    const names = async (selector: string) => {
      const fieldSelector = `spec.framework=fw,${selector}`;
      const { items } = await cluster.clients.offers.list({ namespace, fieldSelector });
      return items.map(({ metadata }) => metadata.name);
    };
    expect(await names("spec.inverse=true")).toEqual([asked.metadata.name]);
    const others = await names("spec.inverse!=true");
    expect(others.length).toBeGreaterThan(0);
    expect(others).not.toContain(asked.metadata.name);
  });
});

describe("a framework of the SDK", () => {
  it("is asked by a callback of its own, answers, and hears when it is void", async () => {
    const offered: string[] = [];
    const asked: InverseOffer[] = [];
    const rescinded: string[] = [];
    let launched = false;
    const driver = await SchedulerDriver.connect(
      {
        async resourceOffers(driver, offers) {
          offered.push(...offers.map(({ id }) => id));
          const [first] = offers;
          if (first === undefined || launched) return;
          launched = true;
          await driver.launch(first, [template(1, 128, { name: "of-sdk" })]);
        },
        inverseOffers: (_, offers) => void asked.push(...offers),
        inverseOfferRescinded: (_, id) => void rescinded.push(id),
      },
      { name: "sdk", roles: ["*"], namespace, kubeconfig: cluster.kubeconfig },
    );
    const run = driver.run();
    const nth = (n: number): Promise<InverseOffer> =>
      cluster.eventually(() => {
        const found = asked[n];
        if (found === undefined) throw new Error(`not asked ${n + 1} times`);
        return found;
      });
    try {
      await cluster.eventually(() => cluster.getTask(namespace, "of-sdk"));
      const start = at(HOUR);
      await plan({ start, duration: "2h" });
      const first = await nth(0);
      expect(first).toMatchObject({
        agent: "n1",
        hostname: "n1",
        unavailability: { start: new Date(start), duration: "2h" },
      });
      expect(first.resources.scalarQuantities().get("cpus")).toBe(1000);
      await driver.declineInverseOffers(first, { refuse: "300ms" });
      const second = await nth(1);
      await driver.acceptInverseOffers([second.id]);
      await cluster.eventually(async () =>
        expect((await status())?.frameworks).toMatchObject([{ framework: "sdk", response: "ACCEPT" }]),
      );
      await plan({ start: at(2 * HOUR) });
      const third = await nth(2);
      await plan(null);
      await cluster.eventually(() => expect(rescinded).toEqual([third.id]));
      await expect(driver.acceptInverseOffers(third)).rejects.toThrow(OfferGoneError);
      const ids = new Set(asked.map(({ id }) => id));
      expect(ids.size).toBe(3);
      expect(offered.filter((id) => ids.has(id))).toEqual([]);
    } finally {
      driver.stop();
      await run;
    }
  });
});

describe("kubectl mesos maintenance", () => {
  it("plans, shows and withdraws", async () => {
    await running("fw");
    let said = "";
    const options = { kubeconfig: cluster.kubeconfig, namespace, operatorNamespace: SYSTEM };
    const context = await CliContext.open(options, (text) => {
      said += text;
    });
    const mesos = async (given: MaintenanceOptions = {}) => {
      said = "";
      await maintenance(context, "n1", given);
      return said;
    };
    try {
      expect(await mesos()).toBe("agent n1: no maintenance is planned\n");
      expect(await mesos({ start: "+2h", duration: "1h" })).toMatch(
        /^agent n1: maintenance is planned from 2.* for 1h\n$/,
      );
      await cluster.respond(await question("fw"), { accept: {} });
      await cluster.eventually(async () => expect(await mesos()).toMatch(/fw +ACCEPT +\d+s +1\n/));
      // Without an end: the one before has no say.
      expect(await mesos({ start: "+2h" })).toMatch(/ for good\n$/);
      expect((await cluster.clients.agents.get({ name: "n1" })).spec.maintenance?.duration).toBeUndefined();
      expect(await mesos({ clear: true })).toBe("agent n1: no maintenance is planned any more\n");
      await expect(maintenance(context, "n7", { clear: true })).rejects.toThrow(/agent n7 not found/);
    } finally {
      context.connection.close();
    }
  });
});
