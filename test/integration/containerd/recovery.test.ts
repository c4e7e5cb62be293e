import { readFileSync, readlinkSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ContainerNotFoundError, RuntimeUnavailableError } from "../../../src/agent/containerizer/errors.ts";
import type { ContainerRuntime } from "../../../src/agent/containerizer/open.ts";
import type { ImageConfig } from "../../../src/agent/provisioner/provisioner.ts";
import { BUSYBOX_IMAGE, PrivateContainerd } from "./privateContainerd.ts";
import { shellTask, until } from "./taskSpec.ts";

let containerd: PrivateContainerd;
let runtime: ContainerRuntime;
let image: ImageConfig;

beforeAll(async () => {
  containerd = await PrivateContainerd.start();
  runtime = await containerd.client();
  await containerd.importBusybox("mesos");
  image = await runtime.provisioner.pull(BUSYBOX_IMAGE, { policy: "Never" });
});
afterAll(() => containerd?.stop());

async function launch(script: string): Promise<{ id: string; pid: number }> {
  const spec = shellTask(containerd, script);
  const { pid } = await runtime.containerizer.launch(spec, image);
  return { id: spec.id, pid };
}

/** The agent dies and another takes its place. */
async function restartAgent(): Promise<void> {
  runtime.close();
  runtime = await containerd.client();
}

async function restartContainerd(): Promise<void> {
  await containerd.kill("SIGKILL");
  await containerd.up();
}

async function recovered(id: string) {
  return (await runtime.containerizer.recover()).find((each) => each.id === id);
}

describe("an agent that comes back", () => {
  test("finds running tasks and those that ended meanwhile, with output and exit code", async () => {
    const running = await launch("sleep 1000");
    const ends = await launch(
      "while [ ! -e /mnt/mesos/sandbox/go ]; do sleep 0.05; done; echo after; exit 5",
    );
    runtime.close();
    const go = shellTask(containerd, "true", { id: ends.id }).sandbox?.source;
    await import("node:fs/promises").then(({ writeFile }) => writeFile(`${go}/go`, ""));
    await until("the task has ended", () => !isRunning(ends.pid));
    runtime = await containerd.client();
    expect(await recovered(running.id)).toMatchObject({
      state: "running",
      pid: running.pid,
      labels: { "mesos.dev/task": "test" },
      addresses: [],
    });
    // The shim may be about to take note.
    await until("it is known", async () => (await recovered(ends.id))?.state === "exited");
    expect(await recovered(ends.id)).toMatchObject({ state: "exited", exit: { code: 5 } });
    expect(containerd.output(ends.id)).toBe("after\n");
    expect(await runtime.containerizer.wait(ends.id)).toMatchObject({ code: 5 });
    await runtime.containerizer.remove(running.id);
    await runtime.containerizer.remove(ends.id);
    expect(await runtime.containerizer.recover()).toEqual([]);
  });
});

test("a wait ends with the runtime that was closed", async () => {
  const task = await launch("sleep 1000");
  const other = await containerd.client();
  const end = other.containerizer.wait(task.id).catch((error: unknown) => error);
  await other.containerizer.pids(task.id);
  other.close();
  expect(await end).toBeInstanceOf(RuntimeUnavailableError);
  await runtime.containerizer.remove(task.id);
});

describe("kill -9 of containerd", () => {
  test("leaves tasks running, and a wait that was under way gives the end", async () => {
    const task = await launch("while [ ! -e /mnt/mesos/sandbox/go ]; do sleep 0.05; done; exit 9");
    const end = runtime.containerizer.wait(task.id);
    await restartContainerd();
    expect(readFileSync(`/proc/${task.pid}/stat`, "utf8")).toContain(`${task.pid} (`);
    expect(await recovered(task.id)).toMatchObject({ state: "running", pid: task.pid });
    const { exitCode } = await runtime.containerizer
      .exec(task.id, ["/bin/sh", "-c", "touch /mnt/mesos/sandbox/go"], {}, { timeoutMs: 20_000 })
      .then(({ code }) => ({ exitCode: code }));
    expect(exitCode).toBe(0);
    expect(await end).toMatchObject({ code: 9 });
    await runtime.containerizer.remove(task.id);
  });

  test("an end that came while neither containerd nor the agent was there is found", async () => {
    const task = await launch("sleep 1000");
    runtime.close();
    await containerd.kill("SIGKILL");
    process.kill(task.pid, "SIGKILL");
    await until("the process is gone", () => !isRunning(task.pid));
    await containerd.up();
    runtime = await containerd.client();
    expect(await recovered(task.id)).toMatchObject({
      state: "exited",
      exit: { code: 137, signal: "SIGKILL" },
    });
    expect(await runtime.containerizer.wait(task.id)).toMatchObject({ code: 137 });
    await runtime.containerizer.remove(task.id);
  });

  test("calls made while it is away go through once it is back", async () => {
    await containerd.kill("SIGKILL");
    const launched = launch("sleep 1000");
    await containerd.up();
    const task = await launched;
    expect(await recovered(task.id)).toMatchObject({ state: "running" });
    await runtime.containerizer.remove(task.id);
  });
});

test("a task whose shim was killed is gone, and its wait says so", async () => {
  const task = await launch("sleep 1000");
  const end = runtime.containerizer.wait(task.id).catch((error: unknown) => error);
  const shim = Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${task.pid}/status`, "utf8"))?.[1]);
  expect(readlinkSync(`/proc/${shim}/exe`)).toContain("containerd-shim-runc-v2");
  process.kill(shim, "SIGKILL");
  // containerd cleans up after a dead shim: it may still record the end that this brought.
  const seen = await end;
  if (!(seen instanceof ContainerNotFoundError)) expect(seen).toMatchObject({ code: 137 });
  await until("containerd has noticed", async () => (await recovered(task.id))?.state !== "running");
  expect(await recovered(task.id)).toMatchObject({ state: "gone" });
  await until("the process is gone", () => !isRunning(task.pid));
  await runtime.containerizer.remove(task.id);
  await restartAgent();
  expect(await runtime.containerizer.recover()).toEqual([]);
});

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
