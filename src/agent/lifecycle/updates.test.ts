import { describe, expect, test } from "vitest";
import type { StatusUpdate } from "../../api/task.ts";
import type { TaskState } from "../../api/taskstate.ts";
import { trimUpdates } from "./updates.ts";

const update = (uuid: string, state: TaskState = "TASK_RUNNING", reason?: string): StatusUpdate => ({
  uuid,
  state,
  source: "SOURCE_AGENT",
  timestamp: "1970-01-01T00:00:00Z",
  ...(reason === undefined ? {} : { reason }),
});
const many = (count: number, reason?: string) =>
  Array.from({ length: count }, (_, index) => update(`m${index}`, "TASK_RUNNING", reason));
const uuids = (list: readonly StatusUpdate[]) => list.map(({ uuid }) => uuid);
const framework = "fw";

describe("with a framework", () => {
  test("what is acknowledged goes, with what came before it", () => {
    const list = [update("a"), update("b"), update("c")];
    expect(uuids(trimUpdates(list, { framework, acknowledged: "b" }))).toEqual(["c"]);
  });

  test("the newest stays although it is acknowledged", () => {
    const list = [update("a"), update("b", "TASK_FINISHED")];
    expect(uuids(trimUpdates(list, { framework, acknowledged: "b" }))).toEqual(["b"]);
  });

  test("nothing goes for an acknowledgement of something trimmed before", () => {
    const list = [update("b"), update("c")];
    expect(uuids(trimUpdates(list, { framework, acknowledged: "a" }))).toEqual(["b", "c"]);
  });

  test("beyond 64, reports of checks go first, then the oldest, never the end", () => {
    const reports = many(63, "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED");
    const list = [
      update("first"),
      ...reports,
      update("killing", "TASK_KILLING"),
      update("end", "TASK_KILLED"),
    ];
    const kept = trimUpdates(list, { framework });
    expect(kept).toHaveLength(64);
    expect(uuids(kept).slice(0, 2)).toEqual(["first", "m2"]);
    expect(uuids(kept).at(-1)).toBe("end");

    const plain = trimUpdates([...many(70), update("end", "TASK_FAILED")], { framework });
    expect(plain).toHaveLength(64);
    expect(uuids(plain).at(0)).toBe("m7");
    expect(uuids(plain).at(-1)).toBe("end");
  });
});

test("without a framework the last 16 are kept", () => {
  expect(uuids(trimUpdates(many(20), {}))).toEqual(uuids(many(20).slice(4)));
});
