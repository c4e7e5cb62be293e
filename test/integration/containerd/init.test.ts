import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TINI } from "../../../hack/devcluster/systemlayers.ts";
import type { ContainerRuntime } from "../../../src/agent/containerizer/open.ts";
import type { ContainerSpec } from "../../../src/agent/containerizer/spec.ts";
import type { ImageConfig } from "../../../src/agent/provisioner/provisioner.ts";
import { BUSYBOX_IMAGE, PrivateContainerd } from "./privateContainerd.ts";
import { shellTask, until } from "./taskSpec.ts";

let containerd: PrivateContainerd;
let runtime: ContainerRuntime;
let image: ImageConfig;

beforeAll(async () => {
  containerd = await PrivateContainerd.start();
  runtime = await containerd.client({ init: TINI });
  await containerd.importBusybox("mesos");
  image = await runtime.provisioner.pull(BUSYBOX_IMAGE, { policy: "Never" });
});
afterAll(() => containerd?.stop());

async function launch(script: string, overrides: Partial<ContainerSpec> = {}): Promise<string> {
  const spec = shellTask(containerd, script, { init: true, cwd: "/mnt/mesos/sandbox", ...overrides });
  await runtime.containerizer.launch(spec, image);
  return spec.id;
}

/** A file of the sandbox, empty while it is not there. */
function file(id: string, name: string): string {
  const path = join(containerd.sandbox(id), name);
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

async function end(id: string) {
  const status = await runtime.containerizer.wait(id);
  await runtime.containerizer.remove(id);
  return status;
}

test("SIGTERM ends what has no handler, and a shell does not go on to its next command", async () => {
  const id = await launch("echo > ready; sleep 1000; echo > next; sleep 1000");
  await until("the shell runs", () => file(id, "ready") !== "");
  await runtime.containerizer.kill(id, "SIGTERM", { all: true });
  expect(await end(id)).toMatchObject({ code: 143, signal: "SIGTERM" });
  expect(file(id, "next")).toBe("");
});

test("each process gets a signal once", async () => {
  // Without a pause in it, for signals that come while a shell waits for a program count as one.
  const id = await launch("trap 'echo got >> got' TERM; echo > ready; while [ ! -e leave ]; do :; done");
  await until("the trap is set", () => file(id, "ready") !== "");
  const count = () => file(id, "got").split("\n").length - 1;
  for (const round of [1, 2, 3, 4, 5, 6, 7, 8]) {
    await runtime.containerizer.kill(id, "SIGTERM", { all: true });
    await until("it has come", () => count() >= round);
  }
  await runtime.containerizer.exec(id, ["/bin/touch", "/mnt/mesos/sandbox/leave"], {}, { timeoutMs: 20_000 });
  expect(await end(id)).toMatchObject({ code: 0 });
  expect(count()).toBe(8);
});

test("the exit code is the command's, 127 when there is no such program", async () => {
  expect(await end(await launch("exit 7"))).toMatchObject({ code: 7 });
  const id = await launch("", { command: ["no-such-program"] });
  expect(await end(id)).toMatchObject({ code: 127 });
  expect(file(id, "stderr")).toContain("no-such-program");
});

test("the init is not one of the task's processes", async () => {
  const limits = { cpus: 0.1, memoryBytes: 64 << 20, pids: 3 };
  const id = await launch("sleep 1000 & sleep 1000 & echo > ready; wait", { limits });
  await until("all have been forked", () => file(id, "ready") !== "");
  await until("they run", async () => (await runtime.containerizer.pids(id)).length === 4);
  await runtime.containerizer.update(id, limits);
  const { path, version } = containerd.cgroup;
  const root = version === "v1" ? "/sys/fs/cgroup/pids" : "/sys/fs/cgroup";
  expect(readFileSync(join(root, path, `mesos-${id}`, "pids.max"), "utf8").trim()).toBe("4");
  await runtime.containerizer.kill(id, "SIGTERM", { all: true });
  await end(id);
});

test("a later agent, with another init or none, still signals a container rightly", async () => {
  const id = await launch("echo > ready; sleep 1000; echo > next; sleep 1000");
  await until("the shell runs", () => file(id, "ready") !== "");
  const later = await containerd.client();
  await later.containerizer.recover();
  await later.containerizer.kill(id, "SIGTERM", { all: true });
  expect(await end(id)).toMatchObject({ code: 143, signal: "SIGTERM" });
});
