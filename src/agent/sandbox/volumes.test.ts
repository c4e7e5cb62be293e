import { lstat, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { TaskSpec } from "../../api/task.ts";
import { specWith } from "../lifecycle/fixture.ts";
import { Layout } from "./layout.ts";
import { persistentVolumes, prepareVolumes, sandboxLimit, targetOf } from "./volumes.ts";

const volume = (id: string, fields: object = {}): TaskSpec["resources"][number] => ({
  name: "disk",
  scalar: 64,
  reservations: [{ type: "DYNAMIC", role: "eng/ads" }],
  disk: { persistence: { id }, volume: { containerPath: "data", mode: "RW" } },
  ...fields,
});

test("persistent volumes are read from the resources, as allocated if the operator says", () => {
  const spec = specWith({ resources: [{ name: "disk", quantity: "10Mi" }, volume("v1")] });
  const v1 = {
    role: "eng/ads",
    id: "v1",
    containerPath: "data",
    readOnly: false,
    shared: false,
    bytes: 64 << 20,
  };
  expect(persistentVolumes(spec)).toEqual([v1]);
  const allocated = specWith({ allocated: [volume("v2", { shared: true })] });
  expect(persistentVolumes(allocated)).toEqual([{ ...v1, id: "v2", shared: true }]);
});

test.each([".", "..", "a/b"])("%s is no id of a volume", (id) => {
  expect(() => persistentVolumes(specWith({ resources: [volume(id)] }))).toThrow("cannot be the id");
});

test("the sandbox's limit is the disk that is no volume; none is no limit", () => {
  expect(sandboxLimit(specWith({ resources: [{ name: "disk", quantity: "10Mi" }, volume("v1")] }))).toBe(
    10 << 20,
  );
  expect(sandboxLimit(specWith({ resources: [volume("v1")] }))).toBeUndefined();
});

test("a relative path lies in the sandbox", () => {
  expect(targetOf("data/x")).toBe("/mnt/mesos/sandbox/data/x");
  expect(targetOf("/data")).toBe("/data");
});

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "volumes-"));
  await mkdir(join(folder, "sandbox"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const request = (
  volumes: Parameters<typeof prepareVolumes>[0]["volumes"],
  resources = specWith().resources,
) => ({
  volumes,
  persistent: persistentVolumes({ resources }),
  sandbox: join(folder, "sandbox"),
  owner: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
  layout: new Layout(folder),
  secrets: new Map([["creds", "/secrets/creds"]]),
});

test("each kind of volume becomes a mount, its folder and mount point are made", async () => {
  const mounts = await prepareVolumes(
    request(
      [
        { containerPath: "/host", mode: "RO", hostPath: "/srv" },
        { containerPath: "/scratch", mode: "RW", sandboxPath: "tmp/scratch" },
        { containerPath: "/creds", mode: "RW", secret: "creds" },
      ],
      [volume("v1")],
    ),
  );
  expect(mounts).toEqual([
    { source: join(folder, "volumes/roles/eng ads/v1"), target: "/mnt/mesos/sandbox/data", readOnly: false },
    { source: "/srv", target: "/host", readOnly: true },
    { source: join(folder, "sandbox/tmp/scratch"), target: "/scratch", readOnly: false },
    { source: "/secrets/creds", target: "/creds", readOnly: true },
  ]);
  for (const path of ["volumes/roles/eng ads/v1", "sandbox/tmp/scratch", "sandbox/data"]) {
    expect((await lstat(join(folder, path))).isDirectory()).toBe(true);
  }
});

test("a sandbox path cannot leave the sandbox, not even through a fetched link", async () => {
  const through = (sandboxPath: string) =>
    prepareVolumes(request([{ containerPath: "/x", mode: "RW", sandboxPath }]));
  await expect(through("../other")).rejects.toThrow("out of the sandbox");
  await symlink("/etc", join(folder, "sandbox/link"));
  await expect(through("link/ssl")).rejects.toThrow("no folder");
});
