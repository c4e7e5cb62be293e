import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { layerFolders, RootFiles } from "./rootFiles.ts";

let root: string;
let upper: string;
let lower: string;
let files: RootFiles;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "layers-"));
  [upper, lower] = [join(root, "upper"), join(root, "lower")];
  for (const layer of [upper, lower]) mkdirSync(join(layer, "etc"), { recursive: true });
  writeFileSync(join(root, "secret"), "the node's own");
  files = new RootFiles([upper, lower]);
});
afterEach(() => rmSync(root, { recursive: true }));

describe("RootFiles", () => {
  test("the topmost layer that has the file gives it", async () => {
    writeFileSync(join(lower, "etc/passwd"), "lower");
    expect(await files.read("/etc/passwd")).toBe("lower");
    writeFileSync(join(upper, "etc/passwd"), "upper");
    expect(await files.read("/etc/passwd")).toBe("upper");
    expect(await files.read("/etc/none")).toBe("");
  });

  test("links are followed within the image and not out of it", async () => {
    mkdirSync(join(lower, "usr/lib"), { recursive: true });
    writeFileSync(join(lower, "usr/lib/passwd"), "inside");
    symlinkSync("/usr/lib/passwd", join(upper, "etc/absolute"));
    symlinkSync("../usr/./lib/passwd", join(upper, "etc/relative"));
    symlinkSync("../../../../../../../../usr/lib/passwd", join(upper, "etc/climbing"));
    for (const name of ["absolute", "relative", "climbing"])
      expect(await files.read(`/etc/${name}`)).toBe("inside");

    symlinkSync(join(root, "secret"), join(upper, "etc/escape"));
    symlinkSync("../../secret", join(upper, "etc/escape2"));
    expect(await files.read("/etc/escape")).toBe("");
    expect(await files.read("/etc/escape2")).toBe("");
  });

  test("a folder that is a link to the node's does not lead there", async () => {
    symlinkSync(root, join(upper, "out"));
    expect(await files.read("/out/secret")).toBe("");
  });

  test("links in a ring end", async () => {
    symlinkSync("b", join(upper, "etc/a"));
    symlinkSync("a", join(upper, "etc/b"));
    await expect(files.read("/etc/a")).rejects.toThrow("too many symbolic links");
  });

  test("folders, pipes and large files are refused, and never waited for", async () => {
    execFileSync("mkfifo", [join(upper, "etc/fifo")]);
    writeFileSync(join(upper, "etc/large"), Buffer.alloc(2 << 20));
    await expect(files.read("/etc")).rejects.toThrow("folder");
    await expect(files.read("/etc/fifo")).rejects.toThrow("plain file");
    await expect(files.read("/etc/large")).rejects.toThrow("plain file");
    expect(await files.read("/etc/large/below")).toBe("");
  });
});

describe("layerFolders", () => {
  test("knows overlay and bind mounts", () => {
    const options = ["index=off", "workdir=/w", "upperdir=/u", "lowerdir=/a:/b"];
    expect(layerFolders([{ type: "overlay", source: "overlay", options }])).toEqual(["/u", "/a", "/b"]);
    expect(layerFolders([{ type: "overlay", source: "overlay", options: ["lowerdir=/a"] }])).toEqual(["/a"]);
    expect(layerFolders([{ type: "bind", source: "/s", options: ["rbind", "ro"] }])).toEqual(["/s"]);
  });

  test("and no others", () => {
    expect(layerFolders([{ type: "ext4", source: "/dev/dm-1", options: [] }])).toBeUndefined();
    expect(layerFolders([])).toBeUndefined();
  });
});
