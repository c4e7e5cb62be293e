import { mkdir, mkdtemp, readlink, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createExecutorSandbox, nameSandbox, nestedSandbox, sharedFolder } from "./executorSandbox.ts";
import { createSandbox } from "./sandbox.ts";

let folder = "";
let path = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "executor-"));
  path = join(folder, "fw/executors/e1-uid");
  await createExecutorSandbox(path);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const data = {
  role: "dev",
  id: "v1",
  containerPath: "data",
  readOnly: true,
  shared: false,
  bytes: 1,
};
const shared = (name: string) => sharedFolder({ path, persistent: [data] }, name);

test("is made once and holds its tasks' sandboxes, by their ids too", async () => {
  await createExecutorSandbox(path);
  for (const uid of ["u1", "u2"]) {
    const own = nestedSandbox(path, { name: "server", uid });
    await createSandbox(own);
    await nameSandbox(path, "server.1", own);
    expect(await readlink(join(path, "tasks/server.1"))).toBe(own);
  }
});

test("a shared folder is one, and anybody's", async () => {
  const { path: source } = await shared("./cache/");
  expect(source).toBe(join(path, "cache"));
  expect((await stat(source ?? "")).mode & 0o7777).toBe(0o777);
  expect(await shared("cache")).toEqual({ path: source });
  expect(await shared("a/b")).toEqual({ path: join(path, "a%2Fb") });
  expect(await shared("a/c")).toEqual({ path: join(path, "a%2Fc") });
});

test("the mode that a task gave a shared folder stays", async () => {
  await mkdir(join(path, "kept"), { mode: 0o700 });
  await shared("kept");
  expect((await stat(join(path, "kept"))).mode & 0o7777).toBe(0o700);
});

test("a persistent volume of the executor goes by its containerPath", async () => {
  expect(await shared("data/")).toEqual({ volume: data });
});

test("nothing in what tasks can write is a mount of its own", async () => {
  await shared("cache");
  await symlink("/etc", join(path, "cache/out"));
  await expect(shared("cache/out")).rejects.toThrow("one lies in the other");
  await expect(shared("data/x")).rejects.toThrow("one lies in the other");
  await shared("x/y/z");
  await expect(shared("x/y")).rejects.toThrow("one lies in the other");
});

test.each([".", "./", "tasks", "tasks/x", "containers", "stdout", "../x"])(
  "%s is not for tasks",
  async (name) => {
    await expect(shared(name)).rejects.toThrow("not for tasks");
  },
);

test("without a default executor there is nothing to share", async () => {
  await expect(sharedFolder(undefined, "cache")).rejects.toThrow("needs an executor");
});
