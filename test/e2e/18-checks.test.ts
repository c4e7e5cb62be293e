import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Task } from "../../src/api/task.ts";
import { on, ports, resources, Scene, sh } from "./scene.ts";
import { history, type TaskInput } from "./tasks.ts";

const FAST = { delay: "200ms", interval: "500ms", timeout: "2s" };
/** Serves `/` at once and `/later` after two seconds; the port opens after one. */
const server = (port: string) =>
  sh(
    `mkdir www && echo here > www/index.html && (sleep 3; echo now > www/later) & sleep 1; exec httpd -f -p ${port} -h www`,
  );
const reason = "REASON_TASK_CHECK_STATUS_UPDATED";
const healthReason = "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED";
const onPort = (port: number): Partial<TaskInput> => ({
  ...server("$PORT0"),
  ...resources(0.02, 32, ports(port)),
  ...on(scene.node1),
});
const web = { ...server("8080"), container: { network: { mode: "CNI" as const } } };

let scene: Scene;
beforeAll(async () => {
  scene = await Scene.open("checks");
  await scene.start({
    command: {
      ...sh("sleep 2; touch ready; sleep 600"),
      check: { type: "COMMAND", command: { value: "test -e ready" }, ...FAST },
    },
    environment: {
      ...sh("sleep 600"),
      env: [{ name: "WORD", value: "secret word" }],
      check: { type: "COMMAND", command: { value: '[ "$WORD" = "secret word" ] && exit 42' }, ...FAST },
    },
    http: { ...onPort(20400), check: { type: "HTTP", http: { port: 20400, path: "/later" }, ...FAST } },
    tcp: { ...onPort(20401), check: { type: "TCP", tcp: { port: 20401 }, ...FAST } },
    unchecked: { ...sh("sleep 600"), check: { type: "COMMAND", command: { value: "exit 1" }, ...FAST } },
    healthy: {
      ...onPort(20402),
      healthCheck: { type: "HTTP", http: { port: 20402 }, gracePeriod: "20s", ...FAST },
    },
    cni: { ...web, healthCheck: { type: "HTTP", http: { port: 8080 }, gracePeriod: "20s", ...FAST } },
    cnitcp: { ...web, healthCheck: { type: "TCP", tcp: { port: 8080 }, gracePeriod: "20s", ...FAST } },
    sick: {
      ...onPort(20403),
      healthCheck: {
        type: "HTTP",
        http: { port: 20403, path: "/absent" },
        gracePeriod: "0s",
        consecutiveFailures: 3,
        ...FAST,
      },
    },
    closed: {
      ...sh("sleep 600"),
      ...on(scene.node1),
      healthCheck: { type: "TCP", tcp: { port: 20404 }, gracePeriod: "0s", consecutiveFailures: 2, ...FAST },
    },
    falls: {
      ...sh("touch well; sleep 3; rm well; sleep 600"),
      healthCheck: {
        type: "COMMAND",
        command: { value: "test -e well" },
        gracePeriod: "0s",
        consecutiveFailures: 2,
        ...FAST,
      },
    },
    slow: {
      ...sh("sleep 600"),
      healthCheck: {
        type: "COMMAND",
        command: { value: "sleep 30" },
        gracePeriod: "0s",
        consecutiveFailures: 1,
        ...FAST,
        timeout: "500ms",
      },
    },
    forgiven: {
      ...sh("sleep 3; touch well; sleep 600"),
      healthCheck: {
        type: "COMMAND",
        command: { value: "test -e well" },
        gracePeriod: "30s",
        consecutiveFailures: 1,
        ...FAST,
      },
    },
  });
});
afterAll(() => scene?.close());

const updatesWith = ({ status }: Task, why: string) =>
  (status?.updates ?? []).filter((update) => update.reason === why);

describe("a check reports what it sees and kills nothing", () => {
  test("COMMAND, in the task's container: the exit code, when it changes", async () => {
    const task = await scene.becomes(
      "command",
      "exits with 0",
      ({ status }) => status?.checkStatus?.exitCode === 0,
    );
    expect(task.status?.state).toBe("TASK_RUNNING");
    // 1, then 0, each told once however often it was seen.
    expect(updatesWith(task, reason)).toHaveLength(2);
    expect(history(task)).toEqual(["TASK_STARTING", "TASK_RUNNING", "TASK_RUNNING", "TASK_RUNNING"]);
  });

  test("COMMAND with the task's environment", async () => {
    await scene.becomes("environment", "exits with 42", ({ status }) => status?.checkStatus?.exitCode === 42);
  });

  test("HTTP: the status code", async () => {
    const task = await scene.becomes(
      "http",
      "answers 200",
      ({ status }) => status?.checkStatus?.statusCode === 200,
    );
    // No answer, 404, 200.
    expect(updatesWith(task, reason).length).toBeGreaterThanOrEqual(2);
  });

  test("TCP: whether it connects", async () => {
    await scene.becomes("tcp", "connects", ({ status }) => status?.checkStatus?.succeeded === true);
  });

  test("that fails for ever leaves the task running", async () => {
    const task = await scene.becomes(
      "unchecked",
      "exits with 1",
      ({ status }) => status?.checkStatus?.exitCode === 1,
    );
    expect(task.status?.healthy).toBeUndefined();
    await scene.ends("sick");
    expect((await scene.get("unchecked")).status?.state).toBe("TASK_RUNNING");
  });
});

describe("a health check", () => {
  test.for([
    ["HTTP", "healthy"],
    ["HTTP on a network of its own", "cni"],
    ["TCP on a network of its own", "cnitcp"],
  ])("%s tells that the task is healthy", async ([, name = ""]) => {
    const task = await scene.becomes(name, "is healthy", ({ status }) => status?.healthy === true);
    expect(task.status?.state).toBe("TASK_RUNNING");
    expect(updatesWith(task, healthReason).at(-1)).toMatchObject({ healthy: true });
  });

  test("kills after so many failures in a row, and says so", async () => {
    const task = await scene.ends("sick");
    expect(task.status).toMatchObject({ state: "TASK_KILLED", reason: healthReason, healthy: false });
    expect(task.status?.message).toContain("404");
    const failures = updatesWith(task, healthReason).filter(({ state }) => state === "TASK_RUNNING");
    expect(failures.map(({ healthy }) => healthy)).toEqual(failures.map(() => false));
    expect(failures.length).toBeGreaterThanOrEqual(3);
  });

  test("TCP fails where nobody listens", async () => {
    const { status } = await scene.ends("closed");
    expect(status).toMatchObject({ state: "TASK_KILLED", reason: healthReason, healthy: false });
  });

  test("COMMAND that fails after it passed: healthy, then not, then killed", async () => {
    const task = await scene.ends("falls");
    expect(task.status).toMatchObject({ state: "TASK_KILLED", reason: healthReason });
    const told = updatesWith(task, healthReason).filter(({ state }) => state === "TASK_RUNNING");
    expect(told.map(({ healthy }) => healthy)).toEqual([true, false, false]);
  });

  test("that takes longer than its timeout has failed", async () => {
    const { status } = await scene.ends("slow");
    expect(status).toMatchObject({ state: "TASK_KILLED", reason: healthReason });
    expect(status?.message).toContain("500 ms");
  });

  test("forgives failures in the grace period", async () => {
    const task = await scene.becomes("forgiven", "is healthy", ({ status }) => status?.healthy === true);
    expect(updatesWith(task, healthReason).map(({ healthy }) => healthy)).toEqual([true]);
  });
});
