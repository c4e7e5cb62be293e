import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Quota } from "../../../src/api/quota.ts";
import type { Task, TaskTemplate } from "../../../src/api/task.ts";
import { hasEnded } from "../../../src/api/taskstate.ts";
import { findCondition } from "../../../src/cluster/conditions.ts";
import type { Live } from "../../../src/cluster/object.ts";
import { API, template } from "../bareCluster.ts";
import { launch, type RunningOperator, TestCluster } from "../offers/cluster.ts";

const SECOND = 1_000;
const reclaim = { enabled: true, patience: "1s", grace: "3s", settle: "2s" };

let cluster: TestCluster;
let operator: RunningOperator;
let agent: NodeJS.Timeout;
beforeAll(async () => {
  cluster = await TestCluster.start();
  operator = await cluster.startOperator();
  // 7.89 cpus are offered: 15 tasks of half a cpu.
  await cluster.join("n1", { cpu: "8", memory: "16Gi" });
  agent = setInterval(() => void work().catch(() => {}), 100);
});
afterAll(async () => {
  clearInterval(agent);
  await cluster.stop();
});

/** The agent's part: what has been placed runs, and what is killed, or shut down, ends. */
async function work(): Promise<void> {
  for (const { metadata, spec, status } of (await cluster.clients.executors.list()).items) {
    const state = spec.shutdown === undefined ? "Running" : "Ended";
    if (status?.state === state) continue;
    await cluster.clients.executors.mergePatch(metadata, { status: { state } }, { subresource: "status" });
  }
  for (const task of (await cluster.clients.tasks.list()).items) {
    const { spec, status } = task;
    if (spec.agent === undefined || hasEnded(status)) continue;
    if (spec.kill !== undefined) await cluster.report(task, "TASK_KILLED");
    else if (status?.state === undefined) await cluster.report(task, "TASK_RUNNING");
  }
}

let enabled = false;
async function enable(): Promise<void> {
  if (enabled) return;
  enabled = true;
  await operator.stop();
  operator = await cluster.startOperator({ allocation: { interval: "200ms", reclaim } });
}

const all = async (namespace: string, prefix = "") =>
  (await cluster.clients.tasks.list({ namespace })).items.filter(({ metadata }) =>
    metadata.name.startsWith(prefix),
  );
const isRunning = ({ status }: Live<Task>) => status?.state === "TASK_RUNNING";
const names = (tasks: readonly Live<Task>[]) => tasks.map(({ metadata }) => metadata.name).sort();
const killed = async (namespace: string) =>
  names((await all(namespace)).filter(({ spec }) => spec.kill?.reason === "REASON_CONTAINER_PREEMPTED"));
const running = (namespace: string, prefix: string, count: number) =>
  cluster.eventually(async () => {
    expect((await all(namespace, prefix)).filter(isRunning)).toHaveLength(count);
  });
const reclaiming = ({ status }: Live<Task>) => findCondition(status?.conditions, "Reclaiming");
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Tasks of half a cpu without a framework, of a role. */
const tasks = (
  namespace: string,
  role: string,
  indexes: readonly number[],
  rest: Partial<TaskTemplate> = {},
) =>
  Promise.all(
    indexes.map((i) => cluster.task(namespace, `${role}-${i}`, { role, ...template(0.5, 64, rest) })),
  );
const upTo = (end: number, start = 0) => Array.from({ length: end - start }, (_, i) => start + i);

async function cleared(namespace: string): Promise<void> {
  for (const { metadata } of (await cluster.clients.frameworks.list({ namespace })).items) {
    await cluster.clients.frameworks.delete(metadata);
  }
  for (const task of await all(namespace)) {
    await cluster.report(task, "TASK_FINISHED").catch(() => {});
    await cluster.clients.tasks.delete(task.metadata).catch(() => {});
  }
  await cluster.eventually(async () => {
    expect(await all(namespace)).toEqual([]);
    expect((await cluster.clients.frameworks.list({ namespace })).items).toEqual([]);
  });
}

describe("tasks without a framework", () => {
  let namespace: string;
  beforeAll(async () => {
    namespace = await cluster.namespace("plain");
    await tasks(namespace, "a", [0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    await tasks(namespace, "a", [3], { priority: -1 });
    await running(namespace, "a", 13);
    // Ages are told apart by the second.
    await pause(1_200);
    await tasks(namespace, "a", [13, 14]);
    await running(namespace, "a", 15);
    // The role would have more if it could.
    await tasks(namespace, "a-more", [0]);
    await cluster.task(namespace, "a-15", { role: "a", ...template(0.5) });
  });
  afterAll(() => cleared(namespace));

  it("are left alone unless the operator is told to take back", async () => {
    await cluster.clients.tasks.delete({ namespace, name: "a-more-0" });
    await tasks(namespace, "b", upTo(3));
    await pause(6 * SECOND);
    expect(await killed(namespace)).toEqual([]);
    expect((await all(namespace)).filter(reclaiming)).toEqual([]);
  });

  it("of a role above its share are told, then killed: the lowest priority, then the newest, no more than needed", async () => {
    const began = Date.now();
    await enable();
    await cluster.eventually(async () => {
      const told = (await all(namespace)).filter((task) => reclaiming(task)?.status === "True");
      expect(names(told)).toEqual(["a-13", "a-14", "a-3"]);
      expect(reclaiming(told[0] as Live<Task>)).toMatchObject({
        reason: "BelowFairShare",
        message: expect.stringMatching(/^for the role b, .* will be killed at 20/),
      });
    });
    expect(await killed(namespace)).toEqual([]);
    await running(namespace, "b", 3);
    expect(Date.now() - began).toBeGreaterThan(4 * SECOND);
    expect(await killed(namespace)).toEqual(["a-13", "a-14", "a-3"]);
    const taken = await cluster.getTask(namespace, "a-3");
    expect(taken.spec.kill?.message).toMatch(/taken back for the role b/);
    await cluster.eventually(async () => {
      expect((await all(namespace)).filter(reclaiming)).toEqual([]);
      expect(await cluster.eventReasons(namespace, "a-3")).toEqual(
        expect.arrayContaining(["Reclaiming", "Reclaimed"]),
      );
    });
  });

  it("are let be when the demand ends before", async () => {
    await tasks(namespace, "b", [3]);
    const told = async () => names((await all(namespace)).filter((task) => reclaiming(task)));
    await cluster.eventually(async () => expect(await told()).toHaveLength(1));
    await cluster.clients.tasks.delete({ namespace, name: "b-3" });
    await cluster.eventually(async () => expect(await told()).toEqual([]));
    await pause(4 * SECOND);
    expect(await killed(namespace)).toHaveLength(3);
  });

  it("are taken down to the fair shares and not to and fro", async () => {
    await tasks(namespace, "b", upTo(20, 4));
    await running(namespace, "b", 7);
    await running(namespace, "a", 8);
    const before = await killed(namespace);
    expect(before).toHaveLength(7);
    expect(before.every((name) => name.startsWith("a-"))).toBe(true);
    await pause(20 * SECOND);
    expect(await killed(namespace)).toEqual(before);
    await running(namespace, "b", 7);
    await running(namespace, "a", 8);
  }, 90_000);
});

describe("tasks of frameworks", () => {
  let namespace: string;
  beforeAll(async () => {
    namespace = await cluster.namespace("frameworks");
    await enable();
  });
  afterAll(() => cleared(namespace));

  it("are taken if their framework is reclaimable: gangs together; offers beyond the share say so", async () => {
    // Its role is there, and wants nothing yet.
    await cluster.framework(namespace, "other", { roles: ["b"], suppressedRoles: ["b"] });
    await cluster.framework(namespace, "fixed", { roles: ["c"], maxOffers: 1 });
    const first = await cluster.firstOffer(namespace, "fixed");
    expect(first.spec.revocable).toBeUndefined();
    await cluster.accept(first, [launch(...upTo(2).map((i) => template(0.5, 64, { name: `fixed-${i}` })))]);
    await cluster.framework(namespace, "fw", { roles: ["a"], reclaimable: true });
    const offer = await cluster.firstOffer(namespace, "fw");
    expect(offer.spec.revocable).toBe(true);
    const launchGroup = {
      tasks: upTo(2).map((i) => template(0.5, 64, { name: `gang-${i}`, priority: -1 })),
    };
    const alone = upTo(11).map((i) => template(0.5, 64, { name: `alone-${i}` }));
    await cluster.accept(offer, [{ type: "LAUNCH_GROUP", launchGroup }, launch(...alone)]);
    await running(namespace, "", 15);
    await tasks(namespace, "b", [0]);
    await running(namespace, "b-", 1);
    expect(await killed(namespace)).toEqual(["gang-0", "gang-1"]);
  });

  it("make room for a framework that waits for an offer, and not for one that has just declined", async () => {
    // The half cpu that is free is no offer to it.
    const least = { role: "b", resources: [{ name: "cpus", scalar: 1 }] };
    await cluster.framework(namespace, "late", { roles: ["b"], minAllocatable: [least] });
    const offer = await cluster.firstOffer(namespace, "late");
    const before = await killed(namespace);
    expect(before.length).toBeGreaterThan(2);
    expect(before.every((name) => name.startsWith("alone-") || name.startsWith("gang-"))).toBe(true);
    await cluster.respond(offer, { decline: { filters: { refuse: "1h" } } });
    await pause(8 * SECOND);
    expect(await killed(namespace)).toEqual(before);
  });
});

describe("an executor", () => {
  let namespace: string;
  beforeAll(async () => {
    namespace = await cluster.namespace("executors");
    await enable();
  });
  afterAll(() => cleared(namespace));

  it("is shut down once the last of its tasks is taken, and not before, and what it held makes room too", async () => {
    await cluster.framework(namespace, "fw", { roles: ["a"], reclaimable: true });
    const offer = await cluster.firstOffer(namespace, "fw");
    const executor = (executorId: string, cpus: number) => ({
      executorId,
      type: "CUSTOM",
      command: { value: "./executor" },
      resources: template(cpus).resources,
    });
    // What an executor runs has no command of its own.
    const task = (name: string, executorId: string, priority: number) => {
      const { command: _, ...rest } = template(0.5, 64, { name, executorId, priority });
      return rest;
    };
    const executors = [executor("taken", 2), executor("kept", 1)];
    const wanted = [
      task("first", "taken", -2),
      task("half", "kept", -1),
      task("other", "kept", 1),
      ...upTo(5).map((i) => template(0.5, 64, { name: `alone-${i}` })),
    ];
    await cluster.accept(offer, [{ type: "LAUNCH", launch: { executors, tasks: wanted } }]);
    await running(namespace, "", 8);
    await cluster.task(namespace, "b-0", { role: "b", ...template(3.6) });
    await running(namespace, "b-", 1);
    expect(await killed(namespace)).toEqual(["first", "half"]);
    const found = (await cluster.clients.executors.list({ namespace })).items;
    expect(
      found.map(({ spec, status }) => [spec.executorId, status?.state, spec.shutdown?.message]).sort(),
    ).toEqual([
      ["kept", "Running", undefined],
      ["taken", "Ended", "taken back for the role b, which is below its fair share"],
    ]);
    const gone = found.find(({ spec }) => spec.executorId === "taken");
    await cluster.eventually(async () =>
      expect(await cluster.eventReasons(namespace, gone?.metadata.name ?? "")).toContain("Reclaimed"),
    );
  });
});

describe("a guarantee", () => {
  it("is never touched, whoever waits", async () => {
    await enable();
    const namespace = await cluster.namespace("sure");
    const spec = { role: "a", force: false, guarantees: [{ name: "cpus", scalar: 7.5 }] };
    await cluster.clients.quotas.create({
      apiVersion: API,
      kind: "Quota",
      metadata: { name: "a" },
      spec: spec as Quota["spec"],
    });
    await cluster.eventually(async () =>
      expect((await cluster.clients.quotas.get({ name: "a" })).status?.applied).toBeDefined(),
    );
    await tasks(namespace, "a", upTo(15));
    await running(namespace, "a", 15);
    await tasks(namespace, "b", upTo(3));
    await pause(8 * SECOND);
    expect(await killed(namespace)).toEqual([]);
    await cluster.clients.quotas.mergePatch(
      { name: "a" },
      { spec: { guarantees: [{ name: "cpus", scalar: 7 }] } },
    );
    await running(namespace, "b", 1);
    await pause(5 * SECOND);
    expect(await killed(namespace)).toHaveLength(1);
    await cluster.clients.quotas.delete({ name: "a" });
    await running(namespace, "b", 3);
    await cleared(namespace);
  }, 60_000);
});

describe("an operator that no longer takes back", () => {
  it("takes off what another has told", async () => {
    await enable();
    const namespace = await cluster.namespace("off");
    await tasks(namespace, "a", upTo(15));
    await running(namespace, "a", 15);
    await tasks(namespace, "b", [0]);
    const told = async () => (await all(namespace)).filter(reclaiming);
    await cluster.eventually(async () => expect(await told()).toHaveLength(1));
    await operator.stop();
    expect(await told()).toHaveLength(1);
    operator = await cluster.startOperator();
    await cluster.eventually(async () => expect(await told()).toEqual([]));
    await pause(4 * SECOND);
    expect(await killed(namespace)).toEqual([]);
  });
});
