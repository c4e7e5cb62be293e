import { mkdir, mkdtemp, readdir, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { putLink, removeLink } from "./sandboxLink.ts";

const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
let folder = "";
let sandbox = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "links-"));
  sandbox = join(folder, "sandbox");
  await mkdir(sandbox);
});
afterEach(() => rm(folder, { recursive: true }));

test("a link is made with the folders above it, once, and removed", async () => {
  await putLink(sandbox, "a/b/data", "/elsewhere/1", owner);
  await putLink(sandbox, "a/b/data", "/elsewhere/1", owner);
  expect(await readlink(join(sandbox, "a/b/data"))).toBe("/elsewhere/1");
  await removeLink(sandbox, "a/b/data", "/elsewhere/2");
  expect(await readdir(join(sandbox, "a/b"))).toEqual(["data"]);
  await removeLink(sandbox, "a/b/data", "/elsewhere/1");
  await removeLink(sandbox, "a/b/data", "/elsewhere/1");
  expect(await readdir(join(sandbox, "a/b"))).toEqual([]);
});

test("what is there is let be", async () => {
  await writeFile(join(sandbox, "data"), "mine");
  await expect(putLink(sandbox, "data", "/elsewhere", owner)).rejects.toThrow(
    '"data" of the sandbox is there',
  );
  await removeLink(sandbox, "data", "/elsewhere");
  expect(await readdir(sandbox)).toEqual(["data"]);
});

test("no way leads out of the sandbox", async () => {
  await mkdir(join(folder, "outside"));
  await symlink(join(folder, "outside"), join(sandbox, "way"));
  await expect(putLink(sandbox, "way/data", "/elsewhere", owner)).rejects.toThrow("leads through what is no");
  await removeLink(sandbox, "way/data", "/elsewhere");
  expect(await readdir(join(folder, "outside"))).toEqual([]);
  for (const path of ["", "/data", "../data", "a/../../data", "a/.."]) {
    await expect(putLink(sandbox, path, "/elsewhere", owner)).rejects.toThrow("is no path in the sandbox");
  }
});
