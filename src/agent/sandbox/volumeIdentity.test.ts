import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Layout } from "./layout.ts";
import { claimVolume, removeVolume } from "./volumeIdentity.ts";

const volume = { role: "eng/ads", id: "data" };
let layout: Layout;
beforeEach(async () => {
  layout = new Layout(await mkdtemp(join(tmpdir(), "volumes-")));
  await mkdir(layout.volume(volume), { recursive: true });
  await writeFile(join(layout.volume(volume), "page"), "kept");
});
afterEach(() => rm(layout.root, { recursive: true }));

const pages = () => readdir(layout.volume(volume)).catch(() => []);

test("a volume keeps its data for as long as it is the same", async () => {
  await claimVolume(layout, volume, "first");
  await claimVolume(layout, volume, "first");
  expect(await pages()).toEqual(["page"]);
});

test("a volume that was made anew shows nothing of the one before", async () => {
  await claimVolume(layout, volume, "first");
  await claimVolume(layout, volume, "second");
  expect(await pages()).toEqual([]);
});

test("one that is removed takes its identity along", async () => {
  await claimVolume(layout, volume, "first");
  await removeVolume(layout, volume);
  expect(await pages()).toEqual([]);
  expect(await readdir(join(layout.volumeIdentities, "eng ads"))).toEqual([]);
});
