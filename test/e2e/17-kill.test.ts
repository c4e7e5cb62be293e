import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Task } from "../../src/api/task.ts";
import { isNotFound } from "../../src/cluster/errors.ts";
import { ByHand, launch, shell } from "./byhand.ts";
import { until } from "./cluster.ts";
import { resources, Scene, sh } from "./scene.ts";
import { history } from "./tasks.ts";

/** Ends at SIGTERM, after a last word. */
const POLITE = sh("trap 'echo bye; exit 0' TERM; echo ready; sleep 600 & wait");
const DEAF = sh("trap '' TERM; echo ready; sleep 600");
/** A command line that only this run has: it is looked for among all processes of the machine. */
const nap = (n: number) => `sleep ${100_000 + process.pid}.${n}`;
const daemon = (command: string) =>
  `(setsid sh -c 'trap "" TERM HUP; ${command} & ${command} & wait' </dev/null >/dev/null 2>&1 &)`;

let scene: Scene;
beforeAll(async () => {
  scene = await Scene.open("kill");
  await scene.start({
    polite: POLITE,
    plain: { ...sh("echo ready; sleep 600; echo next; sleep 600"), killPolicy: { gracePeriod: "300s" } },
    argv: { command: { shell: false, value: "sleep", arguments: ["sleep", "600"] } },
    deaf: { ...DEAF, killPolicy: { gracePeriod: "2s" } },
    patient: { ...DEAF, killPolicy: { gracePeriod: "300s" } },
    hasty: { ...DEAF, killPolicy: { gracePeriod: "300s" } },
    family: { ...sh(`${daemon(nap(1))}; ${nap(2)} & ${nap(3)}`), killPolicy: { gracePeriod: "1s" } },
    late: { ...sh("sleep 600"), maxCompletionTime: "2s" },
    laterpatient: { ...DEAF, maxCompletionTime: "2s", killPolicy: { gracePeriod: "300s" } },
    intime: { ...sh("sleep 1"), maxCompletionTime: "30s" },
    deleted: POLITE,
    cli: POLITE,
    twice: POLITE,
    never: { ...sh("true"), ...resources(1000, 32) },
  });
});
afterAll(() => scene?.close());

/** Its process has said that it listens to signals. */
async function ready(name: string): Promise<void> {
  await scene.running(name);
  await until(`${name} is ready`, async () => (await scene.output(name)).includes("ready"));
}

/** Milliseconds from when the process was started, or from `since`, to when it ended. */
const lasted = ({ status }: Task, since = status?.container?.startedAt): number =>
  Date.parse(status?.container?.finishedAt ?? "") - Date.parse(since ?? "");

/** Command lines on a node that hold the text. */
const processes = async (node: string, text: string): Promise<string[]> =>
  (await scene.cluster.onNode(node, "ps -eo args"))
    .split("\n")
    .filter((line) => line.includes(text) && !line.includes("setsid") && !line.includes("sh -c"));

describe("a kill", () => {
  test("is SIGTERM first: a task that heeds it ends by itself, in the grace period", async () => {
    await ready("polite");
    const asked = new Date().toISOString();
    await scene.kill("polite");
    const task = await scene.ends("polite");
    expect(task.status).toMatchObject({ state: "TASK_KILLED", exit: { code: 0 } });
    expect(await scene.output("polite")).toBe("ready\nbye\n");
    expect(lasted(task, asked)).toBeLessThan(2500);
  });

  test("ends what has no handler at once, and a shell with all its commands", async () => {
    await ready("plain");
    await scene.running("argv");
    await Promise.all([scene.kill("plain"), scene.kill("argv", "300s")]);
    for (const name of ["plain", "argv"]) {
      const { status } = await scene.ends(name, 10_000);
      expect(status).toMatchObject({ state: "TASK_KILLED", exit: { signal: 15 } });
    }
    expect(await scene.output("plain")).toBe("ready\n");
  });

  test("is SIGKILL for a task that does not heed it, after the kill policy's grace period", async () => {
    await ready("deaf");
    const asked = new Date().toISOString();
    await scene.kill("deaf");
    const task = await scene.ends("deaf");
    expect(task.status).toMatchObject({ state: "TASK_KILLED", exit: { signal: 9 } });
    expect(task.status?.message).toContain("Killed");
    expect(lasted(task, asked)).toBeGreaterThanOrEqual(1900);
    expect(lasted(task, asked)).toBeLessThan(8000);
  });

  test("has the grace period that it is given instead of the policy's", async () => {
    await ready("patient");
    await scene.kill("patient", "500ms");
    const { status } = await scene.ends("patient", 10_000);
    expect(status).toMatchObject({ state: "TASK_KILLED", exit: { signal: 9 } });
  });

  test("by kubectl mesos waits for the end if told to, and says it", async () => {
    await ready("hasty");
    const said = await scene.mesos("kill", "hasty", "--grace", "1s", "--wait");
    expect(said).toContain("TASK_KILLED");
    expect((await scene.get("hasty")).status).toMatchObject({ state: "TASK_KILLED", exit: { signal: 9 } });
    expect(await scene.mesos("kill", "hasty")).toContain("has ended already: TASK_KILLED");
  });

  test("by kubectl mesos of a task that is not there fails with its name", async () => {
    await expect(scene.mesos("kill", "nobody")).rejects.toThrow(/task .*nobody not found/);
  });

  test("by deleting the Task ends it, and then the object goes", async () => {
    await ready("deleted");
    const { metadata } = await scene.get("deleted");
    await scene.cluster.kinds.tasks.delete(metadata);
    await until("the object is gone", () => scene.get("deleted").then(() => false, isNotFound));
    expect(await scene.seenUntil("deleted", "TASK_KILLED")).toEqual([
      "TASK_STAGING",
      "TASK_STARTING",
      "TASK_RUNNING",
      "TASK_KILLING",
      "TASK_KILLED",
    ]);
  });

  test("of a task that was never placed ends it without a container", async () => {
    await scene.kill("never");
    const task = await scene.ends("never");
    expect(task.status?.state).toBe("TASK_KILLED");
    expect(task.status?.reason).toBe("REASON_TASK_KILLED_DURING_LAUNCH");
    expect(task.status?.container).toBeUndefined();
    expect(history(task)).toEqual(["TASK_KILLED"]);
  });

  test("cannot be taken back", async () => {
    const { metadata } = await scene.get("polite");
    const patch = scene.cluster.kinds.tasks.mergePatch(metadata, { spec: { kill: null } });
    await expect(patch).rejects.toThrow(/taken back/);
  });

  test("says TASK_KILLING to a framework that knows it", async () => {
    const killer = await ByHand.connect(scene, "killer", ["killing"]);
    const told = shell("told", DEAF.command?.value ?? "", { killPolicy: { gracePeriod: "1s" } });
    await killer.accept(await killer.offer(), [launch(told)]);
    await killer.rest();
    await ready("told");
    await scene.kill("told");
    const task = await scene.ends("told");
    expect(history(task)).toEqual(["TASK_STARTING", "TASK_RUNNING", "TASK_KILLING", "TASK_KILLED"]);
    await killer.remove();
  });
});

describe("the whole process tree ends", () => {
  test("with a kill: daemons that left the session and do not heed signals too", async () => {
    const { spec } = await scene.running("family");
    const node = spec.agent ?? "";
    const all = [nap(1), nap(2), nap(3)];
    for (const each of all) {
      await until(`${each} runs`, async () => (await processes(node, each)).length > 0);
    }
    await scene.kill("family");
    const { status } = await scene.ends("family");
    expect(status?.state).toBe("TASK_KILLED");
    for (const each of all) expect(await processes(node, each)).toEqual([]);
  });

  test("with the task's own end", async () => {
    await scene.create(
      "orphans",
      sh(`${daemon(nap(4))}; until [ -e go ]; do sleep 0.2; done; echo parent done`),
    );
    const { spec, status } = await scene.running("orphans");
    await until("the daemon runs", async () => (await processes(spec.agent ?? "", nap(4))).length > 0);
    await scene.cluster.onNode(spec.agent ?? "", `touch '${status?.container?.sandbox}/go'`);
    expect(await scene.finished("orphans")).toBe("parent done\n");
    expect(await processes(spec.agent ?? "", nap(4))).toEqual([]);
  });
});

describe("maxCompletionTime", () => {
  test("ends a task that takes longer as FAILED, with its reason", async () => {
    const task = await scene.ends("late");
    expect(task.status).toMatchObject({
      state: "TASK_FAILED",
      reason: "REASON_MAX_COMPLETION_TIME_REACHED",
    });
    expect(lasted(task)).toBeGreaterThanOrEqual(1900);
    expect(lasted(task)).toBeLessThan(10_000);
  });

  test("leaves no grace period, as in Mesos", async () => {
    const { status } = await scene.ends("laterpatient", 15_000);
    expect(status).toMatchObject({
      state: "TASK_FAILED",
      reason: "REASON_MAX_COMPLETION_TIME_REACHED",
      exit: { signal: 9 },
    });
  });

  test("does nothing to a task that ends in time", async () => {
    expect((await scene.ends("intime")).status?.state).toBe("TASK_FINISHED");
  });
});
