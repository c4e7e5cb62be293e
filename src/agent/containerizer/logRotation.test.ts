import {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createLog, rotateLog } from "./logRotation.ts";

let folder: string;
let log: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "logs-"));
  log = join(folder, "stdout");
});
afterEach(() => rmSync(folder, { recursive: true }));

const read = (name: string) => readFileSync(join(folder, name), "utf8");

test("an open writer goes on at the start", async () => {
  await createLog(log);
  const writer = openSync(log, "a");
  writeSync(writer, "first part ");
  expect(await rotateLog(log, { maxBytes: 10, keep: 2 })).toBe(true);
  writeSync(writer, "second");
  expect(read("stdout")).toBe("second");
  expect(read("stdout.1")).toBe("first part ");
});

test("keeps so many, the newest first", async () => {
  for (const text of ["one", "two", "three", "four"]) {
    appendFileSync(log, text);
    expect(await rotateLog(log, { maxBytes: 3, keep: 2 })).toBe(true);
  }
  expect(readdirSync(folder).sort()).toEqual(["stdout", "stdout.1", "stdout.2"]);
  expect([read("stdout"), read("stdout.1"), read("stdout.2")]).toEqual(["", "four", "three"]);
});

test("none kept means thrown away", async () => {
  writeFileSync(log, "text");
  expect(await rotateLog(log, { maxBytes: 1, keep: 0 })).toBe(true);
  expect(readdirSync(folder)).toEqual(["stdout"]);
  expect(read("stdout")).toBe("");
});

test("small and missing files are left", async () => {
  expect(await rotateLog(log, { maxBytes: 0, keep: 1 })).toBe(false);
  writeFileSync(log, "1234");
  expect(await rotateLog(log, { maxBytes: 5, keep: 1 })).toBe(false);
  expect(await rotateLog(log, { maxBytes: 4, keep: 1 })).toBe(true);
});

test("of a file that grew far beyond its bound the end is kept", async () => {
  writeFileSync(log, `${"x".repeat(1_000)}the end`);
  await rotateLog(log, { maxBytes: 10, keep: 1 });
  expect(read("stdout.1")).toHaveLength(20);
  expect(read("stdout.1")).toMatch(/the end$/);
});

test("what a task puts in the way is not followed", async () => {
  const victim = join(folder, "victim");
  writeFileSync(victim, "precious");
  symlinkSync(victim, log);
  expect(await rotateLog(log, { maxBytes: 1, keep: 1 })).toBe(false);
  await expect(createLog(log)).rejects.toThrow("ELOOP");
  rmSync(log);

  linkSync(victim, log);
  expect(await rotateLog(log, { maxBytes: 1, keep: 1 })).toBe(false);
  rmSync(log);

  writeFileSync(log, "text");
  symlinkSync(victim, `${log}.1`);
  symlinkSync(victim, `${log}.2`);
  mkdirSync(`${log}.3`);
  expect(await rotateLog(log, { maxBytes: 4, keep: 3 })).toBe(true);
  expect(readFileSync(victim, "utf8")).toBe("precious");
  expect(read("stdout.1")).toBe("text");
  expect(existsSync(`${log}.4`)).toBe(false);
});
