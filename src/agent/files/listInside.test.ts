import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listInside } from "./listInside.ts";

let sandbox = "";

beforeEach(async () => {
  sandbox = await mkdtemp(join(tmpdir(), "sandbox-"));
  await mkdir(join(sandbox, "logs"));
  await writeFile(join(sandbox, "stdout"), "one\n");
  await symlink("/etc", join(sandbox, "elsewhere"));
});

afterEach(() => rm(sandbox, { recursive: true }));

const names = async (path: string) => (await listInside(sandbox, path)).map(({ name }) => name);

test("a folder is listed by name", async () => {
  expect(await names("")).toEqual(["elsewhere", "logs", "stdout"]);
  expect(await names("logs/")).toEqual([]);
  const [link, folder, file] = (await listInside(sandbox, "")).map(({ stats }) => stats);
  expect([link?.isSymbolicLink(), folder?.isDirectory(), file?.size]).toEqual([true, true, 4]);
});

test("a file has nothing in it", async () => {
  expect(await names("stdout")).toEqual([]);
});

test.each(["elsewhere", "..", "absent"])("%s is not listed", async (path) => {
  await expect(listInside(sandbox, path)).rejects.toThrow(/sandbox/);
});
