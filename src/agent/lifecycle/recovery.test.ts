import { describe, expect, test } from "vitest";
import { PHASES } from "../checkpoint/record.ts";
import type { RecoveredContainer } from "../containerizer/containerizer.ts";
import { exitWith, recordWith, runningWith, stampAt } from "./fixture.ts";
import { recover } from "./recovery.ts";

const container = (state: RecoveredContainer["state"]): RecoveredContainer => ({
  id: "uid-1",
  state,
  labels: {},
  createdAt: new Date(0),
  addresses: ["10.0.0.1"],
  pid: 9,
  ...(state === "exited" ? { exit: exitWith(3) } : {}),
});
const found = (state?: RecoveredContainer["state"], bootId = "boot-1") => ({
  container: state === undefined ? undefined : container(state),
  bootId,
});
const legacy = { id: "f", partitionAware: false, killingState: false };

describe("a task that was running", () => {
  test("goes on", () => {
    const { record, effects } = recover(runningWith(), found("running"), stampAt());
    expect(effects.map(({ type }) => type)).toEqual(["wait", "monitor"]);
    expect(record.pending).toEqual([]);
  });

  test("has ended meanwhile: its exit is asked for", () => {
    const { effects } = recover(runningWith(), found("exited"), stampAt());
    expect(effects.map(({ type }) => type)).toEqual(["wait"]);
  });

  test.each([
    ["its container is gone", found(), "TASK_GONE", "REASON_EXECUTOR_TERMINATED"],
    ["its process is gone", found("gone"), "TASK_GONE", "REASON_EXECUTOR_TERMINATED"],
    ["the node was restarted", found(undefined, "boot-2"), "TASK_GONE", "REASON_AGENT_RESTARTED"],
  ])("%s", (_name, left, state, reason) => {
    expect(recover(runningWith(), left, stampAt()).record.latest).toMatchObject({ state, reason });
    const { record } = recover(runningWith({ framework: legacy }), left, stampAt());
    expect(record.latest?.state).toBe("TASK_LOST");
  });

  test("and was being killed: the kill goes on with what is left of the grace period", () => {
    const killing = runningWith({ kill: { cause: "request", killAt: 500 } });
    expect(recover(killing, found("running"), stampAt(100)).effects).toEqual([
      { type: "wait" },
      { type: "signal", signal: "SIGTERM" },
      { type: "escalateAt", time: 500 },
    ]);
    expect(recover(killing, found("running"), stampAt(600)).effects).toEqual([
      { type: "wait" },
      { type: "signal", signal: "SIGKILL" },
    ]);
  });
});

describe("an intent", () => {
  const begun = PHASES.slice(0, 4);

  test.each(begun)("%s without a container is dropped, not launched", (phase) => {
    for (const left of [found(), found("created"), found(undefined, "boot-2")]) {
      const { record, effects } = recover(recordWith({ phase }), left, stampAt());
      expect(record.latest).toMatchObject({ state: "TASK_DROPPED", reason: "REASON_AGENT_RESTARTED" });
      expect(effects.map(({ type }) => type)).toEqual(["unmonitor", "publish", "release"]);
    }
    const plain = recover(recordWith({ phase, framework: legacy }), found(), stampAt()).record;
    expect(plain.latest?.state).toBe("TASK_LOST");
  });

  test("whose container runs goes on as running", () => {
    const { record, effects } = recover(recordWith({ phase: "launching" }), found("running"), stampAt());
    expect(record).toMatchObject({ phase: "running", container: { pid: 9, addresses: ["10.0.0.1"] } });
    expect(effects.map(({ type }) => type)).toEqual(["publish", "wait", "monitor"]);
  });

  test("whose container ran and ended is running until its exit is known", () => {
    const { record, effects } = recover(recordWith({ phase: "launching" }), found("exited"), stampAt());
    expect(record.pending.map(({ state }) => state)).toEqual(["TASK_RUNNING"]);
    expect(effects.map(({ type }) => type)).toEqual(["publish", "wait"]);
  });

  test("whose process may have run is gone", () => {
    const { record } = recover(recordWith({ phase: "launching" }), found("gone", "boot-2"), stampAt());
    expect(record.latest?.state).toBe("TASK_GONE");
  });
});

test("an end that was not reported is reported", () => {
  const end = { uuid: "e", state: "TASK_FINISHED", source: "SOURCE_AGENT", timestamp: "" } as const;
  const { record, effects } = recover(
    runningWith({ phase: "ended", pending: [end], latest: end }),
    found("exited"),
    stampAt(),
  );
  expect(effects.map(({ type }) => type)).toEqual(["publish", "release"]);
  expect(record.pending).toEqual([end]);
});

test("a settled task is left alone", () => {
  expect(recover(runningWith({ phase: "settled" }), found(), stampAt()).effects).toEqual([]);
});
