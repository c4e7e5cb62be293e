import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { measureDisk } from "./diskUsage.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "disk-"));
});
afterEach(() => rmSync(root, { recursive: true }));

test("counts as du does: blocks, hard links once, links not followed", async () => {
  for (const folder of ["a", "a/b", "c"]) {
    mkdirSync(join(root, folder));
    for (let i = 0; i < 20; i++) writeFileSync(join(root, folder, `f${i}`), Buffer.alloc(3_000 * i));
  }
  linkSync(join(root, "a/f19"), join(root, "c/same"));
  symlinkSync("/usr", join(root, "outside"));
  const du = Number(execFileSync("du", ["-s", "-B1", root], { encoding: "utf8" }).split("\t")[0]);
  expect(await measureDisk(root)).toBe(du);
  expect(await measureDisk(root, { concurrency: 1 })).toBe(du);
});

test("leaves out a folder that is somebody else's", async () => {
  for (const name of ["own", "other"]) {
    mkdirSync(join(root, name));
    writeFileSync(join(root, name, "file"), Buffer.alloc(100_000));
  }
  const all = await measureDisk(root);
  const other = await measureDisk(join(root, "other"));
  expect(await measureDisk(root, { except: join(root, "other") })).toBe(all - other);
});

test("what is not there is nothing, and a file is itself", async () => {
  expect(await measureDisk(join(root, "none"))).toBe(0);
  writeFileSync(join(root, "file"), Buffer.alloc(100_000));
  expect(await measureDisk(join(root, "file"))).toBeGreaterThanOrEqual(100_000);
});

test("stops when told", async () => {
  writeFileSync(join(root, "file"), "");
  await expect(measureDisk(root, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow(
    "enough",
  );
});
