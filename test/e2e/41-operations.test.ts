import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  ByHand,
  launch,
  type OperationInput,
  offered,
  SMALL,
  shell,
  type TaskTemplateInput,
} from "./byhand.ts";
import { until } from "./cluster.ts";
import { Scene } from "./scene.ts";
import { history } from "./tasks.ts";

/** Of this run: a Reservation that a run has left must not be in the way of the next. */
const ROLE = `operations-${Date.now().toString(36)}`;
const group = (...tasks: TaskTemplateInput[]): OperationInput => ({
  type: "LAUNCH_GROUP",
  launchGroup: { tasks },
});
const HUGE = [
  { name: "cpus", scalar: 1000 },
  { name: "mem", scalar: 32 },
];

let scene: Scene;
let hand: ByHand;
beforeAll(async () => {
  scene = await Scene.open("operations");
  hand = await ByHand.connect(scene, "hand", [ROLE], { principal: "the-hand" });
});
afterAll(async () => {
  for (const { metadata } of await reservations()) await scene.cluster.kinds.reservations.delete(metadata);
  await scene.close();
});

const STACK = [{ type: "DYNAMIC" as const, role: ROLE, principal: "the-hand" }];
const reservedDisk = (more = {}) => ({ name: "disk", scalar: 64, reservations: STACK, ...more });
const VOLUME = {
  persistence: { id: "journal", principal: "the-hand" },
  volume: { containerPath: "journal", mode: "RW" as const },
};
const volume = reservedDisk({ disk: VOLUME });
const reserved = [
  { name: "cpus", scalar: 0.1, reservations: STACK },
  { name: "mem", scalar: 64, reservations: STACK },
];
const onVolume = (name: string, line: string) => shell(name, line, { resources: [...reserved, volume] });

const reservations = async () => {
  const { items } = await scene.cluster.kinds.reservations.list();
  return items.filter(({ spec }) => spec.role === ROLE);
};
const hasVolume = (offer: Parameters<typeof offered>[0]) =>
  [...offered(offer).persistentVolumes()].length > 0;

describe("RESERVE, CREATE and LAUNCH in one response", () => {
  test("are carried out in order, each with its result", async () => {
    const offer = await hand.of(scene.node1);
    const results = await hand.accept(offer, [
      { id: "r", type: "RESERVE", reserve: { resources: [...reserved, reservedDisk()] } },
      { id: "c", type: "CREATE", create: { resources: [volume] } },
      { id: "l", ...launch(onVolume("writer", "echo kept > journal/page; cat journal/page")) },
    ]);
    expect(results).toMatchObject([
      { index: 0, id: "r", type: "RESERVE", status: "FINISHED" },
      { index: 1, id: "c", type: "CREATE", status: "FINISHED" },
      { index: 2, id: "l", type: "LAUNCH", status: "FINISHED", tasks: ["writer"] },
    ]);
    expect(await scene.finished("writer")).toBe("kept\n");
    expect(await reservations()).toMatchObject([
      {
        spec: {
          role: ROLE,
          agent: scene.node1,
          principal: "the-hand",
          volumes: [{ id: "journal", scalar: 64 }],
        },
      },
    ]);
  });

  test("leave the volume to a later task, with what is in it", async () => {
    const offer = await hand.offer("the volume", hasVolume);
    expect(offer.spec.agent).toBe(scene.node1);
    const [result] = await hand.accept(offer, [launch(onVolume("reader", "cat journal/page; sleep 600"))]);
    expect(result).toMatchObject({ status: "FINISHED" });
    await scene.running("reader");
    await until("it has read", async () => (await scene.output("reader")) === "kept\n");
  });

  test("are offered to nobody else", async () => {
    const other = await ByHand.connect(scene, "other", ["another"]);
    await hand.patch({ suppressedRoles: [ROLE] });
    await hand.declineAll("1h");
    const offer = await other.of(scene.node1);
    expect([...offered(offer)].flatMap(({ reservations }) => reservations)).toEqual([]);
    await other.remove();
    await hand.patch({ suppressedRoles: [], revive: { id: "shown" } });
  });
});

describe("DESTROY and UNRESERVE", () => {
  test("of what is in use are refused: the volume stays", async () => {
    // It is not offered while a task holds it; DESTROY names it all the same.
    const offer = await hand.of(scene.node1);
    const [result] = await hand.accept(offer, [{ type: "DESTROY", destroy: { resources: [volume] } }]);
    expect(result).toMatchObject({ type: "DESTROY", status: "ERROR" });
    expect((await scene.get("reader")).status?.state).toBe("TASK_RUNNING");
    expect((await reservations())[0]?.spec.volumes).toHaveLength(1);
  });

  test("in one response give everything back, and the data is gone", async () => {
    await scene.kill("reader", "0s");
    await scene.ends("reader");
    const offer = await until("the volume is offered with all that is reserved", async () => {
      const open = await hand.open();
      const found = open.find(
        (each) => hasVolume(each) && offered(each).reserved(ROLE).get("cpus") !== undefined,
      );
      if (found === undefined) await Promise.all(open.map((each) => hand.decline(each, "0s")));
      return found;
    });
    const results = await hand.accept(offer, [
      { type: "DESTROY", destroy: { resources: [volume] } },
      { type: "UNRESERVE", unreserve: { resources: [...reserved, reservedDisk()] } },
    ]);
    expect(results).toMatchObject([{ status: "FINISHED" }, { status: "FINISHED" }]);
    await until("the Reservation is gone", async () => (await reservations()).length === 0);
    const next = await hand.of(scene.node1);
    expect([...offered(next)].flatMap(({ reservations }) => reservations)).toEqual([]);
    await hand.decline(next, "0s");
  });

  test("make a volume of the same name an empty one", async () => {
    const offer = await hand.of(scene.node1);
    await hand.accept(offer, [
      { type: "RESERVE", reserve: { resources: [...reserved, reservedDisk()] } },
      { type: "CREATE", create: { resources: [volume] } },
      launch(onVolume("afresh", "ls journal; echo nothing more")),
    ]);
    expect(await scene.finished("afresh")).toBe("nothing more\n");
    const after = await hand.offer("the volume", hasVolume);
    await hand.accept(after, [
      { type: "DESTROY", destroy: { resources: [volume] } },
      { type: "UNRESERVE", unreserve: { resources: [...reserved, reservedDisk()] } },
    ]);
    await until("the Reservation is gone", async () => (await reservations()).length === 0);
  });
});

describe("LAUNCH_GROUP", () => {
  test("launches all its tasks", async () => {
    const offer = await hand.of(scene.node2);
    const [result] = await hand.accept(offer, [
      group(shell("g-one", "sleep 600"), shell("g-two", "sleep 600")),
    ]);
    expect(result).toMatchObject({ type: "LAUNCH_GROUP", status: "FINISHED", tasks: ["g-one", "g-two"] });
    const both = await Promise.all(["g-one", "g-two"].map((name) => scene.running(name)));
    expect(new Set(both.map(({ spec }) => spec.group?.id)).size).toBe(1);
    await Promise.all(["g-one", "g-two"].map((name) => scene.kill(name, "0s")));
  });

  test("launches none when one of them is bad, and says so of each", async () => {
    const offer = await hand.of(scene.node2);
    const [result] = await hand.accept(offer, [
      group(shell("b-good", "sleep 600"), shell("b-bad", "sleep 600", { resources: HUGE })),
    ]);
    expect(result).toMatchObject({ status: "ERROR" });
    for (const name of ["b-good", "b-bad"]) {
      const task = await scene.ends(name);
      expect(task.status).toMatchObject({ state: "TASK_ERROR", reason: "REASON_TASK_GROUP_INVALID" });
      expect(history(task)).toEqual(["TASK_ERROR"]);
      expect(task.spec.agent).toBeUndefined();
    }
  });
});

describe("an invalid operation", () => {
  test("has an error as its result; those before and after it are carried out", async () => {
    const offer = await hand.of(scene.node3);
    const twice = { taskId: "the-same" };
    const results = await hand.accept(offer, [
      launch(shell("before", "echo before")),
      {
        id: "too-much",
        type: "RESERVE",
        reserve: { resources: [{ name: "cpus", scalar: 900, reservations: STACK }] },
      },
      launch(
        shell("fits", "echo fits", twice),
        shell("huge", "true", { resources: HUGE }),
        shell("twin", "true", twice),
      ),
      { type: "UNRESERVE", unreserve: { resources: reserved } },
      { type: "CREATE", create: { resources: [volume] } },
      { type: "DESTROY", destroy: { resources: [volume] } },
      launch(shell("after", "echo after")),
    ]);
    expect(results.map(({ status }) => status)).toEqual([
      "FINISHED",
      "ERROR",
      "ERROR",
      "ERROR",
      "ERROR",
      "ERROR",
      "FINISHED",
    ]);
    for (const { status, message } of results) if (status === "ERROR") expect(message).toMatch(/\w/);
    expect(results[1]).toMatchObject({ id: "too-much" });
    expect(results[2]?.message).toMatch(/2 of 3 tasks are not launched: huge: .*cpus:1000.*twin: .*the-same/);
    expect(await scene.finished("before")).toBe("before\n");
    expect(await scene.finished("fits")).toBe("fits\n");
    expect(await scene.finished("after")).toBe("after\n");
    for (const name of ["huge", "twin"]) {
      const { status } = await scene.ends(name);
      expect(status).toMatchObject({
        state: "TASK_ERROR",
        reason: "REASON_TASK_INVALID",
        source: "SOURCE_MASTER",
      });
    }
    expect(await reservations()).toEqual([]);
  });

  test("of a wrong form is refused by the API server, which names the field", async () => {
    const offer = await hand.of(scene.node3);
    const bare = { type: "RESERVE", reserve: { resources: SMALL } } as const;
    await expect(hand.respond(offer, { accept: { operations: [bare] } })).rejects.toThrow(
      /reserve\.resources.*reservations/s,
    );
    const wrong = { type: "LAUNCH", reserve: { resources: reserved } } as const;
    await expect(hand.respond(offer, { accept: { operations: [wrong] } })).rejects.toThrow(
      /field of its type/,
    );
    expect((await hand.open()).map(({ metadata }) => metadata.name)).toContain(offer.metadata.name);
  });
});
