import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { collectable, keptFor, listSandboxes, listVolumes, removeSandbox } from "./collect.ts";
import { createExecutorSandbox, nestedSandbox } from "./executorSandbox.ts";
import { Layout, uidOfSandbox } from "./layout.ts";
import { createSandbox } from "./sandbox.ts";

const UID = "0b8a4a3e-5f6f-4a7e-9a55-0d6a6b8a3b10";
const WEEK = 7 * 86_400_000;

test.each([
  [0.3, WEEK],
  [0.8, WEEK],
  [0.875, WEEK / 2],
  [0.95, 0],
  [1, 0],
])("at %d full, a sandbox is kept for %d ms", (usage, kept) => {
  expect(Math.round(keptFor(WEEK, usage))).toBe(kept);
});

test("only old sandboxes of tasks that are no longer here are collected", () => {
  const at = (uid: string, changedAt: number) => ({ path: uid, uid, changedAt });
  const sandboxes = [at("old", 0), at("live", 0), at("young", 950)];
  expect(collectable(sandboxes, new Set(["live"]), 1_000, 100).map(({ uid }) => uid)).toEqual(["old"]);
});

test("a sandbox's folder ends with the task's uid", () => {
  expect(uidOfSandbox(`web-1-${UID}`)).toBe(UID);
  expect(uidOfSandbox("web-1")).toBeUndefined();
});

describe("on disk", () => {
  let folder = "";
  let layout: Layout;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "collect-"));
    layout = new Layout(folder);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test("nothing there is nothing to collect", async () => {
    expect(await listSandboxes(layout)).toEqual([]);
    expect(await listVolumes(layout)).toEqual([]);
  });

  test("a sandbox is found and removed with the folders that it alone was in, links not followed", async () => {
    const path = layout.sandbox({ namespace: "default", name: "t", uid: UID });
    await createSandbox(path);
    await writeFile(join(folder, "kept"), "kept");
    await symlink(folder, join(path, "up"));
    const [found] = await listSandboxes(layout);
    expect(found).toMatchObject({ path, uid: UID });
    expect(Math.abs((found?.changedAt ?? 0) - Date.now())).toBeLessThan(60_000);
    if (found) await removeSandbox(found);
    expect(await readdir(layout.sandboxes)).toEqual([]);
    expect(await readFile(join(folder, "kept"), "utf8")).toBe("kept");
  });

  test("a sandbox is made once", async () => {
    const path = layout.sandbox({ namespace: "default", framework: "fw", name: "t", uid: UID });
    await createSandbox(path);
    expect((await readdir(path)).sort()).toEqual(["stderr", "stdout"]);
    await expect(createSandbox(path)).rejects.toThrow("EEXIST");
  });

  test("sandboxes of executors and those of their tasks are found, what tasks made in theirs is not", async () => {
    const other = UID.replace("0b", "1c");
    const executor = layout.executorSandbox({ namespace: "default", framework: "fw", name: "e", uid: UID });
    const task = nestedSandbox(executor, { name: "t", uid: other });
    await createExecutorSandbox(executor);
    await createSandbox(task);
    await mkdir(join(task, "containers", `x-${UID}`), { recursive: true });
    expect((await listSandboxes(layout)).map(({ path }) => path)).toEqual([executor, task]);
    for (const sandbox of await listSandboxes(layout)) await removeSandbox(sandbox);
    expect(await readdir(join(layout.sandboxes, "default"))).toEqual([]);
  });

  test("volumes are found by role and id", async () => {
    await mkdir(layout.volume({ role: "eng/ads", id: "v1" }), { recursive: true });
    expect(await listVolumes(layout)).toEqual([{ role: "eng/ads", id: "v1" }]);
  });
});
