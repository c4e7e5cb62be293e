import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { insideParts, readInside, SandboxFileError } from "./sandboxFile.ts";

let sandbox = "";

beforeEach(async () => {
  sandbox = await mkdtemp(join(tmpdir(), "sandbox-"));
  await mkdir(join(sandbox, "logs"));
  await writeFile(join(sandbox, "stdout"), "one\ntwo\n");
  await writeFile(join(sandbox, "logs/app.log"), "inner");
});

afterEach(() => rm(sandbox, { recursive: true }));

async function read(file: string, options = {}): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of readInside(sandbox, file, options)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test("a file is read whole, from its end, and in a folder", async () => {
  expect(await read("stdout")).toBe("one\ntwo\n");
  expect(await read("stdout", { tail: 4 })).toBe("two\n");
  expect(await read("stdout", { tail: 400 })).toBe("one\ntwo\n");
  expect(await read("./logs/app.log")).toBe("inner");
});

test.each(["../stdout", "/etc/passwd", "logs/../../x", "a\0b"])("%j does not lead out", (file) => {
  expect(() => insideParts(file)).toThrow(SandboxFileError);
});

test("links that the task made are not followed", async () => {
  await symlink("/etc/passwd", join(sandbox, "link"));
  await symlink("/etc", join(sandbox, "folder"));
  await expect(read("link")).rejects.toThrow(SandboxFileError);
  await expect(read("folder/passwd")).rejects.toThrow(SandboxFileError);
});

test("a folder is not a file", async () => {
  await expect(read("")).rejects.toThrow("not a regular file");
  await expect(read("logs")).rejects.toThrow("not a regular file");
});

test("a sandbox that was collected says so", async () => {
  const gone = readInside(join(sandbox, "gone"), "stdout").next();
  await expect(gone).rejects.toThrow("no longer there");
});

test("following yields what is appended, and starts again after a rotation", async () => {
  const stop = new AbortController();
  const stream = readInside(sandbox, "stdout", { follow: stop.signal });
  expect(String((await stream.next()).value)).toBe("one\ntwo\n");
  const next = stream.next();
  await truncate(join(sandbox, "stdout"));
  await writeFile(join(sandbox, "stdout"), "new\n");
  expect(String((await next).value)).toBe("new\n");
  stop.abort();
  expect((await stream.next()).done).toBe(true);
});
