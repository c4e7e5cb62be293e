import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isTerminal } from "../../api/taskstate.ts";
import type { TaskRecord } from "../checkpoint/record.ts";
import type { Effect, TaskEvent } from "./event.ts";
import { exitWith, recordWith, runningWith, specWith, stampAt } from "./fixture.ts";
import { failed } from "./outcome.ts";
import { transition } from "./transition.ts";

const container = { pid: 7, startedAt: "1970-01-01T00:00:00.000Z", addresses: [] };
const kill: TaskEvent = { type: "kill", cause: "request", graceMs: 3_000 };

function play(record: TaskRecord, ...events: readonly TaskEvent[]) {
  const stamp = stampAt();
  const effects: Effect[] = [];
  let now = record;
  for (const event of events) {
    const step = transition(now, event, stamp);
    now = step.record;
    effects.push(...step.effects);
  }
  return { record: now, effects: effects.map((effect) => effect.type), raw: effects };
}

const states = (record: TaskRecord) => record.pending.map(({ state }) => state);

describe("from intent to the end", () => {
  test("a task is claimed, prepared, launched, awaited, and let go of", () => {
    const start = recordWith({ phase: "claiming" });
    const { record, effects } = play(
      start,
      { type: "claimed" },
      { type: "prepared", image: "busybox" },
      { type: "launched", container },
      { type: "exited", exit: exitWith(0) },
      { type: "released" },
      { type: "published", uuids: new Set(["u1", "u2"]) },
    );
    expect(effects).toEqual([
      "prepare",
      "launch",
      "publish",
      "wait",
      "monitor",
      "unmonitor",
      "publish",
      "release",
    ]);
    expect(record).toMatchObject({ phase: "settled", exit: { code: 0 }, latest: { state: "TASK_FINISHED" } });
  });

  test("a refused claim leaves nothing to report", () => {
    const { record, effects } = play(recordWith({ phase: "claiming" }), { type: "refused" });
    expect(record).toMatchObject({ phase: "settled", pending: [] });
    expect(effects).toEqual([]);
  });

  test("what cannot be prepared ends with the reason given", () => {
    const outcome = failed("REASON_CONTAINER_LAUNCH_FAILED", "no such image");
    const { record, effects } = play(recordWith(), { type: "failed", outcome });
    expect(record.latest).toMatchObject({ state: "TASK_FAILED", message: "no such image" });
    expect(effects).toEqual(["unmonitor", "publish", "release"]);
  });

  test("a member of a group waits until all are prepared", () => {
    const member = recordWith({ spec: specWith({ group: { id: "g", size: 2 } }) });
    const waiting = play(member, { type: "prepared", image: "busybox" });
    expect(waiting.record.phase).toBe("prepared");
    expect(waiting.effects).toEqual([]);
    expect(play(waiting.record, { type: "groupReady" }).effects).toEqual(["launch"]);
  });

  test("the record stays until both the API and the node are done with it", () => {
    const ended = play(runningWith(), { type: "exited", exit: exitWith(0) }).record;
    expect(play(ended, { type: "released" }).record.phase).toBe("ended");
    expect(play(ended, { type: "published", uuids: new Set(["u1"]) }).record.phase).toBe("ended");
  });
});

describe("kill", () => {
  test("before the claim is through: the task never starts", () => {
    const { record, effects } = play(recordWith({ phase: "claiming" }), kill, { type: "claimed" });
    expect(effects).not.toContain("prepare");
    expect(record.latest).toMatchObject({
      state: "TASK_KILLED",
      reason: "REASON_TASK_KILLED_DURING_LAUNCH",
    });
  });

  test("while it is prepared: what is under way is stopped", () => {
    const { record, effects } = play(recordWith(), kill, { type: "prepared", image: "busybox" });
    expect(effects).toEqual(["abort", "unmonitor", "publish", "release"]);
    expect(states(record)).toEqual(["TASK_KILLED"]);
  });

  test("while it is launched: the container that came all the same is killed", () => {
    const { record, effects } = play(recordWith({ phase: "launching" }), kill, {
      type: "launched",
      container,
    });
    expect(effects).toEqual(["abort", "wait", "unmonitor", "signal", "escalateAt", "publish"]);
    expect(states(record)).toEqual(["TASK_RUNNING", "TASK_KILLING"]);
  });

  test("while it is launched: no container came", () => {
    const outcome = failed("REASON_CONTAINER_LAUNCH_FAILED", "aborted");
    const { record } = play(recordWith({ phase: "launching" }), kill, { type: "failed", outcome });
    expect(states(record)).toEqual(["TASK_KILLED"]);
  });

  test("while it runs: SIGTERM, and SIGKILL when the grace period is over", () => {
    const { raw, record } = play(runningWith(), kill, { type: "escalate" });
    expect(raw).toContainEqual({ type: "signal", signal: "SIGTERM" });
    expect(raw).toContainEqual({ type: "escalateAt", time: 3_000 });
    expect(raw.at(-1)).toEqual({ type: "signal", signal: "SIGKILL" });
    expect(states(record)).toEqual(["TASK_KILLING"]);
  });

  test("a framework without TASK_KILLING_STATE is not told TASK_KILLING", () => {
    const framework = { id: "fw", partitionAware: false, killingState: false };
    expect(states(play(runningWith({ framework }), kill).record)).toEqual([]);
  });

  test("without grace: SIGKILL at once", () => {
    const { raw } = play(runningWith(), { type: "kill", cause: "disk", graceMs: 0, message: "full" });
    expect(raw).toContainEqual({ type: "signal", signal: "SIGKILL" });
    expect(raw.map(({ type }) => type)).not.toContain("escalateAt");
  });

  test("a second one shortens the grace period and never lengthens it", () => {
    const killed = play(runningWith(), kill).record;
    expect(play(killed, { type: "kill", cause: "request", graceMs: 9_000 }).effects).toEqual([]);
    const { raw } = play(killed, { type: "kill", cause: "request", graceMs: 1_000 });
    expect(raw).toEqual([{ type: "escalateAt", time: 1_000 }]);
  });

  test("an exit by itself during the grace period is still TASK_KILLED", () => {
    const { record } = play(runningWith(), kill, { type: "exited", exit: exitWith(0) });
    expect(record.latest?.state).toBe("TASK_KILLED");
  });
});

describe("health", () => {
  test("failures are reported, the last one kills", () => {
    const { record } = play(
      runningWith({ spec: specWith({ killPolicy: { gracePeriod: "9s" } }) }),
      { type: "health", healthy: false, message: "1", kill: false },
      { type: "health", healthy: false, message: "2", kill: true },
      { type: "exited", exit: exitWith(143, "SIGTERM") },
    );
    expect(states(record)).toEqual(["TASK_RUNNING", "TASK_RUNNING", "TASK_KILLING", "TASK_KILLED"]);
    expect(record.latest?.healthy).toBe(false);
    expect(record.kill?.killAt).toBe(9_000);
  });

  test("nothing is reported once the task is being killed", () => {
    const killed = play(runningWith(), kill).record;
    expect(play(killed, { type: "health", healthy: true, message: "", kill: false }).record).toBe(killed);
    expect(play(killed, { type: "checked", status: { exitCode: 1 } }).record).toBe(killed);
  });
});

describe("overruled by the API", () => {
  test("a running task is killed and says nothing more", () => {
    const { record, raw } = play(
      runningWith(),
      { type: "overruled", graceMs: 1_000 },
      { type: "exited", exit: exitWith(143, "SIGTERM") },
      { type: "released" },
    );
    expect(raw).toContainEqual({ type: "signal", signal: "SIGTERM" });
    expect(record).toMatchObject({ phase: "settled", pending: [] });
  });

  test("a task that is being launched is stopped", () => {
    const { record, effects } = play(
      recordWith({ phase: "launching" }),
      { type: "overruled", graceMs: 0 },
      { type: "launched", container },
    );
    expect(effects).toEqual(["abort", "wait", "unmonitor", "signal", "publish"]);
    expect(record.kill?.cause).toBe("overruled");
  });
});

test("a return after the operator called it unreachable is told once more", () => {
  const { record } = play(runningWith(), { type: "reregistered" });
  expect(record.latest).toMatchObject({ state: "TASK_RUNNING", reason: "REASON_AGENT_REREGISTERED" });
});

describe("whatever happens, in whatever order", () => {
  const anyEvent: fc.Arbitrary<TaskEvent> = fc.oneof(
    fc.constantFrom<TaskEvent>(
      { type: "claimed" },
      { type: "refused" },
      { type: "prepared", image: "i" },
      { type: "groupReady" },
      { type: "launched", container },
      { type: "failed", outcome: failed("REASON_CONTAINER_LAUNCH_FAILED", "") },
      { type: "escalate" },
      { type: "vanished", message: "" },
      { type: "reregistered" },
      { type: "overruled", graceMs: 5 },
      { type: "released" },
      { type: "checked", status: {} },
    ),
    fc.record({
      type: fc.constant("kill" as const),
      cause: fc.constantFrom("request" as const, "group" as const, "deadline" as const),
      graceMs: fc.nat(10),
    }),
    fc.record({
      type: fc.constant("exited" as const),
      exit: fc.constantFrom(exitWith(0), exitWith(1), exitWith(137, "SIGKILL", true)),
    }),
    fc.record({
      type: fc.constant("health" as const),
      healthy: fc.boolean(),
      message: fc.constant(""),
      kill: fc.boolean(),
    }),
  );

  test("it is launched at most once, ends at most once, and nothing starts after the end", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 30 }), fc.boolean(), (events, grouped) => {
        const spec = specWith(grouped ? { group: { id: "g", size: 2 } } : {});
        const { record, effects } = play(recordWith({ phase: "claiming", spec }), ...events);
        expect(effects.filter((type) => type === "launch").length).toBeLessThanOrEqual(1);
        expect(effects.filter((type) => type === "release").length).toBeLessThanOrEqual(1);
        const terminal = record.pending.findIndex(({ state }) => isTerminal(state));
        if (terminal >= 0) expect(terminal).toBe(record.pending.length - 1);
        const over = effects.indexOf("release");
        if (over >= 0) expect(effects.slice(over + 1)).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });
});
