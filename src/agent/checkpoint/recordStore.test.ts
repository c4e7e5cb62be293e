import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { recordWith } from "../lifecycle/fixture.ts";
import { CorruptRecordError, decode, encode } from "./encoding.ts";
import { RecordStore } from "./recordStore.ts";

let folder = "";
let store: RecordStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "records-"));
  store = new RecordStore(folder);
  await store.open();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const file = (uid: string) => join(folder, `${uid}.task`);

test("what was saved last is loaded", async () => {
  await Promise.all([
    store.save(recordWith({ phase: "claiming" })),
    store.save(recordWith({ phase: "running" })),
  ]);
  const { records, quarantined } = await new RecordStore(folder).load();
  expect(records).toEqual([recordWith({ phase: "running" })]);
  expect(quarantined).toEqual([]);
});

test("a deleted record does not come back", async () => {
  await store.save(recordWith());
  await store.delete("uid-1");
  expect((await store.load()).records).toEqual([]);
});

test("a torn record is put aside, the others are loaded", async () => {
  await store.save(recordWith({ uid: "a" }));
  await store.save(recordWith({ uid: "b" }));
  await truncate(file("a"), 200);
  const { records, quarantined } = await store.load();
  expect(records.map(({ uid }) => uid)).toEqual(["b"]);
  expect(quarantined).toMatchObject([{ uid: "a" }]);
  expect(await readdir(join(folder, "corrupt"))).toEqual(["a.task"]);
  expect((await store.load()).quarantined).toEqual([]);
});

test("an altered bit is noticed", async () => {
  await store.save(recordWith());
  const text = await readFile(file("uid-1"), "utf8");
  await writeFile(file("uid-1"), text.replace("preparing", "launching"));
  expect((await store.load()).quarantined).toHaveLength(1);
});

test("a write that was cut short leaves the old record", async () => {
  await store.save(recordWith());
  await writeFile(`${file("uid-1")}.tmp`, "half");
  expect((await store.load()).records).toEqual([recordWith()]);
  expect(await readdir(folder)).not.toContain("uid-1.task.tmp");
});

test("a record under another task's name is not believed", async () => {
  await writeFile(file("other"), encode(recordWith()));
  expect((await store.load()).quarantined).toMatchObject([{ uid: "other" }]);
});

test.each(["", "\n", "12345678\n{}\n", "not a record at all"])("decode refuses %j", (text) => {
  expect(() => decode(text)).toThrow(CorruptRecordError);
});
