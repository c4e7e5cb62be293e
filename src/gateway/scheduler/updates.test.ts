import { describe, expect, it } from "vitest";
import type { StatusUpdate, Task } from "../../api/task.ts";
import { ManualClock } from "../../cluster/manual-clock.ts";
import type { Live } from "../../cluster/object.ts";
import { task } from "../../controllers/objects.fixture.ts";
import { Updates } from "./updates.ts";

const update = (uuid: string, source: StatusUpdate["source"] = "SOURCE_EXECUTOR"): StatusUpdate => ({
  uuid,
  state: "TASK_RUNNING",
  source,
  timestamp: "2026-01-01T00:00:00Z",
});
const taskWith = (updates: StatusUpdate[], acknowledged?: string, name = "t"): Live<Task> =>
  task(name, acknowledged === undefined ? {} : { acknowledged }, { updates });

function setup() {
  const clock = new ManualClock();
  const sent: string[] = [];
  const acknowledged: string[] = [];
  const updates = new Updates({
    clock,
    send: (_task, one) => sent.push(one.uuid),
    acknowledge: (_task, uuid) => acknowledged.push(uuid),
  });
  return { clock, sent, acknowledged, updates };
}

describe("status updates", () => {
  it("are told one at a time, each until it is acknowledged", async () => {
    const { updates, sent, acknowledged, clock } = setup();
    updates.observe(taskWith([update("a")]));
    updates.observe(taskWith([update("a"), update("b")]));
    expect(sent).toEqual(["a"]);
    await clock.advance(9_999);
    expect(sent).toEqual(["a"]);
    await clock.advance(1);
    expect(sent).toEqual(["a", "a"]);
    await clock.advance(20_000);
    expect(sent).toEqual(["a", "a", "a"]);
    expect(updates.acknowledge("other", "a")).toBe(false);
    expect(updates.acknowledge("t", "b")).toBe(false);
    expect(updates.acknowledge("t", "a")).toBe(true);
    expect(updates.acknowledge("t", "a")).toBe(false);
    expect(sent).toEqual(["a", "a", "a", "b"]);
    expect(acknowledged).toEqual(["a"]);
    // The cache still shows the old state, then the new one.
    updates.observe(taskWith([update("a"), update("b")]));
    updates.observe(taskWith([update("a"), update("b")], "a"));
    updates.observe(taskWith([update("b")], "a"));
    expect(sent).toEqual(["a", "a", "a", "b"]);
    updates.acknowledge("t", "b");
    await clock.advance(1_000_000);
    expect(sent).toEqual(["a", "a", "a", "b"]);
  });

  it("come ever less often, at least each ten minutes", async () => {
    const { updates, sent, clock } = setup();
    updates.observe(taskWith([update("a")]));
    for (const seconds of [10, 20, 40, 80, 160, 320, 600, 600]) {
      const before = sent.length;
      await clock.advance(seconds * 1000 - 1);
      expect(sent.length).toBe(before);
      await clock.advance(1);
      expect(sent.length).toBe(before + 1);
    }
  });

  it("of the master are told once, and count as acknowledged", async () => {
    const { updates, sent, acknowledged, clock } = setup();
    updates.observe(taskWith([update("m", "SOURCE_MASTER"), update("n", "SOURCE_MASTER"), update("a")]));
    expect(sent).toEqual(["m", "n", "a"]);
    expect(acknowledged).toEqual(["m", "n"]);
    await clock.advance(10_000);
    expect(sent).toEqual(["m", "n", "a", "a"]);
  });

  it("begin after what was acknowledged before, and end with their task", async () => {
    const { updates, sent, clock } = setup();
    const one = taskWith([update("a"), update("b")], "a");
    updates.observe(one);
    expect(sent).toEqual(["b"]);
    updates.forget(one);
    await clock.advance(100_000);
    expect(sent).toEqual(["b"]);
    updates.observe(taskWith([update("c")]));
    updates.stop();
    updates.observe(taskWith([update("d")], undefined, "u"));
    await clock.advance(100_000);
    expect(sent).toEqual(["b", "c"]);
  });
});
