import { describe, expect, it } from "vitest";
import type { StatusUpdate } from "./task.ts";
import { appendUpdate, MAX_UPDATES, unacknowledgedUpdates } from "./taskupdate.ts";

const update = (uuid: string): StatusUpdate => ({
  uuid,
  state: "TASK_RUNNING",
  source: "SOURCE_AGENT",
  timestamp: "2026-01-01T00:00:00Z",
});
const uuids = (list: readonly StatusUpdate[]) => list.map(({ uuid }) => uuid);

describe("appendUpdate", () => {
  it.each([
    ["the first", undefined, undefined, ["new"]],
    ["nothing acknowledged", ["a", "b"], undefined, ["a", "b", "new"]],
    ["all but the last acknowledged", ["a", "b"], "a", ["b", "new"]],
    ["all acknowledged", ["a", "b"], "b", ["new"]],
    ["an acknowledgement of what was trimmed before", ["b"], "a", ["b", "new"]],
  ])("%s", (_name, before, acknowledged, after) => {
    expect(uuids(appendUpdate(before?.map(update), acknowledged, update("new")))).toEqual(after);
  });

  it("drops the oldest beyond the bound", () => {
    const many = Array.from({ length: MAX_UPDATES }, (_, i) => update(`u${i}`));
    const after = appendUpdate(many, undefined, update("new"));
    expect(after).toHaveLength(MAX_UPDATES);
    expect(after[0]?.uuid).toBe("u1");
    expect(after.at(-1)?.uuid).toBe("new");
  });
});

it("unacknowledgedUpdates: an acknowledgement covers those before it", () => {
  const list = ["a", "b", "c"].map(update);
  expect(uuids(unacknowledgedUpdates(list, "b"))).toEqual(["c"]);
  expect(uuids(unacknowledgedUpdates(list, "c"))).toEqual([]);
  expect(uuids(unacknowledgedUpdates(list, undefined))).toEqual(["a", "b", "c"]);
});
