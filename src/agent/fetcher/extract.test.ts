import { execFileSync } from "node:child_process";
import { createWriteStream } from "node:fs";
import { lstat, mkdir, mkdtemp, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { gzipSync } from "node:zlib";
import { type Header, pack } from "tar-stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { archiveKind } from "./archiveKind.ts";
import { Budget } from "./budget.ts";
import { TooLargeError, UnsafePathError } from "./errors.ts";
import { extract } from "./extract.ts";
import { SafeFolder } from "./safeFolder.ts";
import { zipOf } from "./zipFixture.ts";

let folder = "";
let sandbox = "";
const outside = () => join(folder, "outside");

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "extract-"));
  sandbox = join(folder, "sandbox");
  await mkdir(sandbox);
  await mkdir(outside());
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const into = (maxBytes = 1 << 20, maxEntries?: number) =>
  new SafeFolder(sandbox, new Budget(maxBytes, maxEntries));

async function tarOf(
  entries: readonly (Partial<Header> & { name: string; content?: string })[],
): Promise<string> {
  const path = join(folder, "a.tar");
  const archive = pack();
  for (const { content, ...header } of entries) archive.entry(header, content ?? "");
  archive.finalize();
  await pipeline(archive, createWriteStream(path));
  return path;
}
const untar = async (
  entries: readonly (Partial<Header> & { name: string; content?: string })[],
  to = into(),
) => extract(await tarOf(entries), { type: "tar", compression: "none" }, to);
const content = (name: string) => readFile(join(sandbox, name), "utf8");

test.each([
  ["a.tar", { type: "tar", compression: "none" }],
  ["a.tar.gz", { type: "tar", compression: "gzip" }],
  ["a.tgz", { type: "tar", compression: "gzip" }],
  ["a.tar.bz2", { type: "tar", compression: "bzip2" }],
  ["a.txz", { type: "tar", compression: "xz" }],
  ["a.zip", { type: "zip" }],
  ["a.gz", { type: "gz", name: "a" }],
  ["a.txt", undefined],
  ["tar", undefined],
])("%s is %j", (name, kind) => {
  expect(archiveKind(name)).toEqual(kind);
});

describe("tar", () => {
  test("files, folders, links and modes come out as they were", async () => {
    await untar([
      { name: "./dir/", type: "directory", mode: 0o555 },
      { name: "dir/run", content: "#!/bin/sh", mode: 0o4755 },
      { name: "/abs", content: "x" },
      { name: "ln", type: "symlink", linkname: "dir/run" },
      { name: "hard", type: "link", linkname: "dir/run" },
    ]);
    expect(await content("dir/run")).toBe("#!/bin/sh");
    expect(await content("abs")).toBe("x");
    expect(await readlink(join(sandbox, "ln"))).toBe("dir/run");
    expect((await lstat(join(sandbox, "dir/run"))).mode & 0o7777).toBe(0o755);
    expect((await lstat(join(sandbox, "hard"))).nlink).toBe(2);
  });

  test("a later entry replaces an earlier one", async () => {
    await untar([
      { name: "a", type: "symlink", linkname: "/etc/passwd" },
      { name: "a", content: "mine" },
    ]);
    expect(await content("a")).toBe("mine");
  });

  test.each([
    ["a path upwards", [{ name: "../evil", content: "x" }]],
    ["a path upwards in between", [{ name: "a/../../evil", content: "x" }]],
    ["a hard link upwards", [{ name: "a", type: "link" as const, linkname: "../outside/f" }]],
    [
      "a hard link through a link",
      [
        { name: "l", type: "symlink" as const, linkname: "../outside" },
        { name: "a", type: "link" as const, linkname: "l/f" },
      ],
    ],
    [
      "a hard link to a link",
      [
        { name: "l", type: "symlink" as const, linkname: "../outside/f" },
        { name: "a", type: "link" as const, linkname: "l" },
      ],
    ],
    [
      "a file through a link",
      [
        { name: "l", type: "symlink" as const, linkname: "../outside" },
        { name: "l/evil", content: "x" },
      ],
    ],
    [
      "a folder through a link",
      [
        { name: "l", type: "symlink" as const, linkname: "../outside" },
        { name: "l/dir/", type: "directory" as const },
      ],
    ],
    ["a device", [{ name: "d", type: "character-device" as const }]],
    ["a pipe", [{ name: "p", type: "fifo" as const }]],
  ])("%s is refused and writes nothing outside", async (_name, entries) => {
    await writeFile(join(outside(), "f"), "secret");
    await expect(untar(entries)).rejects.toThrow(UnsafePathError);
    expect(await readFile(join(outside(), "f"), "utf8")).toBe("secret");
    expect((await lstat(join(outside(), "f"))).nlink).toBe(1);
    await expect(lstat(join(outside(), "evil"))).rejects.toThrow("ENOENT");
    await expect(lstat(join(folder, "evil"))).rejects.toThrow("ENOENT");
  });

  test("a folder mode is never set through a link", async () => {
    await symlink(outside(), join(sandbox, "dir"));
    await expect(untar([{ name: "dir/", type: "directory", mode: 0o777 }])).rejects.toThrow(UnsafePathError);
  });

  test("bytes and entries are bounded", async () => {
    await expect(untar([{ name: "a", content: "x".repeat(101) }], into(100))).rejects.toThrow(TooLargeError);
    const many = Array.from({ length: 5 }, (_, index) => ({ name: `f${index}`, content: "" }));
    await expect(untar(many, into(100, 4))).rejects.toThrow(TooLargeError);
  });

  test.each(["gzip", "bzip2", "xz"] as const)("%s is undone", async (compression) => {
    const path = await tarOf([{ name: "a", content: "hello" }]);
    const compressed = execFileSync(compression, ["-c", path]);
    await writeFile(path, compressed);
    await extract(path, { type: "tar", compression }, into());
    expect(await content("a")).toBe("hello");
  });

  test.each(["none", "gzip", "bzip2", "xz"] as const)(
    "rubbish as %s is an error with a sentence",
    async (compression) => {
      const path = join(folder, "rubbish");
      await writeFile(path, "rubbish".repeat(1000));
      await expect(extract(path, { type: "tar", compression }, into())).rejects.toThrow(/unpacked|failed/);
    },
  );
});

test("a gzip bomb stops at the bound", async () => {
  const path = join(folder, "bomb.gz");
  await writeFile(path, gzipSync(Buffer.alloc(10 << 20)));
  await expect(extract(path, { type: "gz", name: "bomb" }, into(1 << 20))).rejects.toThrow(TooLargeError);
});

describe("zip", () => {
  const unzip = async (entries: Parameters<typeof zipOf>[0]) => {
    const path = join(folder, "a.zip");
    await writeFile(path, zipOf(entries));
    await extract(path, { type: "zip" }, into());
  };

  test("files, folders, links and modes come out as they were", async () => {
    await unzip([
      { name: "dir/", mode: 0o040755 },
      { name: "dir/run", content: "hi", mode: 0o100755 },
      { name: "plain", content: "x", mode: 0 },
      { name: "ln", content: "/etc/passwd", mode: 0o120777 },
    ]);
    expect(await content("dir/run")).toBe("hi");
    expect((await lstat(join(sandbox, "dir/run"))).mode & 0o777).toBe(0o755);
    expect((await lstat(join(sandbox, "plain"))).mode & 0o777).toBe(0o644);
    expect(await readlink(join(sandbox, "ln"))).toBe("/etc/passwd");
  });

  test.each([
    ["a path upwards", [{ name: "../evil" }]],
    ["an absolute path", [{ name: "/evil" }]],
    ["a file through a link", [{ name: "l", content: "../outside", mode: 0o120777 }, { name: "l/evil" }]],
    ["a device", [{ name: "d", mode: 0o020666 }]],
  ])("%s is refused", async (_name, entries) => {
    await expect(unzip(entries)).rejects.toThrow();
    await expect(lstat(join(outside(), "evil"))).rejects.toThrow("ENOENT");
    await expect(lstat(join(folder, "evil"))).rejects.toThrow("ENOENT");
  });
});
