import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "./cluster.ts";
import { on, resources, Scene, sh } from "./scene.ts";

const MIB = 1 << 20;
/** The chart's agent.config.logs. */
const MAX_SIZE = 10 * MIB;

let scene: Scene;
beforeAll(async () => {
  scene = await Scene.open("output");
  await scene.start({
    brief: sh("echo first; echo second; echo wrong >&2; echo noted > note.txt"),
    slow: sh("for i in 1 2 3 4 5 6; do echo line $i; sleep 1; done"),
    chatty: {
      ...sh(
        "i=0; while [ $i -lt 26 ]; do dd if=/dev/zero bs=1M count=1 2>/dev/null | tr '\\0' x; sleep 0.5; i=$((i+1)); done; echo END; sleep 600",
      ),
      ...resources(0.1, 64),
      ...on(scene.node1),
    },
    unplaced: { ...sh("true"), ...resources(1000, 32) },
    patient: sh("sleep 600"),
  });
});
afterAll(() => scene?.close());

describe("kubectl mesos logs", () => {
  test("prints stdout of a task that has ended", async () => {
    await scene.finished("brief");
    expect(await scene.mesos("logs", "brief")).toBe("first\nsecond\n");
  });

  test("prints stderr, another file of the sandbox, or the last bytes", async () => {
    await scene.finished("brief");
    const [stderr, file, tail] = await Promise.all([
      scene.mesos("logs", "brief", "--stderr"),
      scene.mesos("logs", "brief", "--file", "note.txt"),
      scene.mesos("logs", "brief", "--tail", "7"),
    ]);
    expect(stderr).toBe("wrong\n");
    expect(file).toBe("noted\n");
    expect(tail).toBe("second\n");
  });

  test("follows a task until it ends", async () => {
    expect(await scene.mesos("logs", "slow", "--follow")).toBe(
      [1, 2, 3, 4, 5, 6].map((i) => `line ${i}\n`).join(""),
    );
    expect((await scene.get("slow")).status?.state).toBe("TASK_FINISHED");
  });

  test("says what is wrong: no such task, no such file, nothing yet, no way out of the sandbox", async () => {
    await expect(scene.mesos("logs", "nobody")).rejects.toThrow(/nobody not found/);
    await expect(scene.mesos("logs", "brief", "--file", "absent")).rejects.toThrow(/absent/);
    await expect(scene.mesos("logs", "unplaced")).rejects.toThrow(/unplaced/);
    await expect(scene.mesos("logs", "brief", "--file", "../../../../etc/passwd")).rejects.not.toThrow(
      /root:/,
    );
  });
});

describe("kubectl mesos get", () => {
  test("lists tasks with their state, agent and resources in Mesos's form", async () => {
    await scene.running("patient");
    const lines = (await scene.mesos("get", "tasks")).split("\n");
    expect(lines[0]).toMatch(/NAMESPACE +NAME +STATE/);
    const line = lines.find((each) => each.includes(" patient "));
    expect(line).toMatch(/TASK_RUNNING +dev .*cpus:0\.02;mem:32/);
  });

  test("lists agents", async () => {
    const lines = (await scene.mesos("get", "agents")).split("\n");
    expect(lines.filter((line) => /^\S+ +true +cpus:/.test(line)).length).toBeGreaterThanOrEqual(2);
  });

  test("refuses a kind it does not know", async () => {
    await expect(scene.mesos("get", "pods")).rejects.toThrow(/"pods" is none of/);
  });
});

describe("kubectl mesos explain", () => {
  test("tells a task's history", async () => {
    await scene.finished("brief");
    const text = await scene.mesos("explain", "brief");
    expect(text).toMatch(/State: +TASK_FINISHED/);
    expect(text).toMatch(/TASK_STARTING[\s\S]*TASK_RUNNING[\s\S]*TASK_FINISHED/);
    expect(text).toMatch(/Resources: +cpus:0\.02;mem:32/);
  });

  test("tells why a task is not placed", async () => {
    await scene.becomes("unplaced", "is told to wait", ({ status }) =>
      (status?.conditions ?? []).some(({ type, status }) => type === "Placed" && status === "False"),
    );
    expect(await scene.mesos("explain", "unplaced")).toMatch(
      /Not placed: InsufficientResources: .*\d too small in cpus/,
    );
  });
});

describe("the sandbox", () => {
  test("is kept when the task has ended, and when its Task is gone", async () => {
    await scene.finished("brief");
    const { metadata, spec, status } = await scene.get("brief");
    const { sandbox } = status?.container ?? {};
    await scene.cluster.kinds.tasks.delete(metadata);
    await until("the Task is gone", () =>
      scene.get("brief").then(
        () => false,
        () => true,
      ),
    );
    const files = await scene.cluster.onNode(spec.agent ?? "", `ls '${sandbox}'`);
    expect(files.trim().split("\n")).toEqual(["note.txt", "stderr", "stdout"]);
  });

  test("has stdout rotated: bounded files, nothing lost but the oldest", async () => {
    const { spec, status } = await scene.running("chatty");
    const sandbox = status?.container?.sandbox ?? "";
    await until("all is written", async () => (await scene.output("chatty")).includes("END"), {
      timeout: 90_000,
    });
    const listing = await scene.cluster.onNode(spec.agent ?? "", `cd '${sandbox}' && wc -c stdout*`);
    const sizes = new Map(
      listing
        .trim()
        .split("\n")
        .map((line) => line.trim().split(/\s+/))
        .map(([size, name]) => [name ?? "", Number(size)]),
    );
    expect([...sizes.keys()]).toEqual(expect.arrayContaining(["stdout", "stdout.1", "stdout.2"]));
    expect(sizes.get("total")).toBe(26 * MIB + "END\n".length);
    for (const [name, size] of sizes) {
      // The agent looks every few seconds; in between a file may grow beyond its size.
      if (name !== "total") expect(size, name).toBeLessThan(MAX_SIZE + 12 * MIB);
    }
    expect(sizes.get("stdout")).toBeLessThan(MAX_SIZE);
  });
});
