import { describe, expect, test } from "vitest";
import type { StatusUpdate } from "../../api/task.ts";
import type { TaskState } from "../../api/taskstate.ts";
import type { TaskRecord } from "../checkpoint/record.ts";
import type { TaskEvent } from "./event.ts";
import { executorTaskTransition, recoverExecutorTask } from "./executorTask.ts";
import { recordWith, specWith, stampAt } from "./fixture.ts";
import { failed } from "./outcome.ts";
import { REASON } from "./reason.ts";
import { transition } from "./transition.ts";

const record = (fields: Partial<TaskRecord> = {}): TaskRecord => {
  const { sandbox: _none, ...rest } = recordWith({
    spec: specWith({ executor: { name: "x", executorId: "x" } }),
    phase: "running",
    ...fields,
  });
  return rest;
};
const update = (uuid: string, state: TaskState, more: Partial<StatusUpdate> = {}): StatusUpdate => ({
  uuid,
  state,
  source: "SOURCE_EXECUTOR",
  timestamp: "1970-01-01T00:00:00.000Z",
  ...more,
});
const told = (uuid: string, state: TaskState) => ({ type: "told", update: update(uuid, state) }) as const;
const through = (start: TaskRecord, ...events: readonly TaskEvent[]) => {
  let current = start;
  const effects: string[] = [];
  for (const event of events) {
    const step = executorTaskTransition(current, event, stampAt());
    current = step.record;
    effects.push(...step.effects.map(({ type }) => type));
  }
  return { record: current, effects };
};
const kill = (cause: "request" | "drain" | "drainGone" | "preempt", graceMs = 5_000) =>
  ({ type: "kill", cause, graceMs }) as const;

describe("a task that an executor runs", () => {
  test("waits for it, is handed over once, and is what the executor says", () => {
    const { record: ended, effects } = through(
      record({ phase: "claiming" }),
      { type: "claimed" },
      { type: "executorReady" },
      { type: "executorReady" },
      told("a", "TASK_RUNNING"),
      told("b", "TASK_FINISHED"),
      { type: "published", uuids: new Set(["a", "b"]) },
      { type: "released" },
    );
    expect(effects).toEqual(["await", "handOver", "publish", "publish", "release"]);
    expect(ended).toMatchObject({ phase: "settled", latest: { state: "TASK_FINISHED", uuid: "b" } });
  });

  test("takes an update once, and none after its end", () => {
    const { record: ended } = through(
      record(),
      told("a", "TASK_RUNNING"),
      told("a", "TASK_RUNNING"),
      told("b", "TASK_FAILED"),
      told("c", "TASK_FINISHED"),
    );
    expect(ended.pending.map(({ uuid }) => uuid)).toEqual(["a", "b"]);
  });

  test("ends with its executor, handed over or not", () => {
    const outcome = failed(REASON.executorTerminated, "gone");
    for (const phase of ["launching", "running"] as const) {
      const { record: ended } = through(record({ phase }), { type: "executorEnded", outcome });
      expect(ended).toMatchObject({ phase: "ended", latest: { state: "TASK_FAILED" } });
    }
    expect(through(record({ phase: "ended" }), { type: "executorEnded", outcome }).effects).toEqual([]);
  });

  test("is killed by its executor, and at once if that does not have it", () => {
    expect(through(record(), kill("request"))).toMatchObject({
      effects: ["askToKill"],
      record: { phase: "running" },
    });
    expect(through(record({ phase: "launching" }), kill("request")).record.latest).toMatchObject({
      state: "TASK_KILLED",
      reason: "REASON_TASK_KILLED_DURING_LAUNCH",
    });
    // Only a shorter grace is news.
    expect(through(record(), kill("request"), kill("request"), kill("request", 0)).effects).toEqual([
      "askToKill",
      "askToKill",
    ]);
  });

  test.each([
    ["request", "TASK_KILLED", undefined],
    ["drain", "TASK_KILLED", "REASON_AGENT_DRAINING"],
    ["drainGone", "TASK_GONE_BY_OPERATOR", "REASON_AGENT_DRAINING"],
    ["preempt", "TASK_KILLED", "REASON_CONTAINER_PREEMPTED"],
  ] as const)("killed by %s is %s for %s", (cause, state, reason) => {
    const { latest } = through(record(), kill(cause), told("a", "TASK_KILLED")).record;
    expect([latest?.state, latest?.reason]).toEqual([state, reason]);
    // That it finished all the same is its own affair.
    expect(through(record(), kill(cause), told("a", "TASK_FINISHED")).record.latest?.reason).toBeUndefined();
  });

  test("whose object is gone ends in silence", () => {
    const gone = { type: "overruled", graceMs: 0 } as const;
    const { record: ended, effects } = through(record(), gone, gone, told("a", "TASK_KILLED"));
    expect(effects).toEqual(["askToKill", "release"]);
    expect(ended.pending).toEqual([]);
  });

  test("tells its own state when the agent has come back", () => {
    const known = through(record(), told("a", "TASK_STARTING"), { type: "reregistered" }).record;
    expect(known.latest).toMatchObject({ state: "TASK_STARTING", reason: "REASON_AGENT_REREGISTERED" });
  });
});

test.each([
  ["claiming", ["claim"]],
  ["launching", ["publish", "await"]],
  ["running", ["publish"]],
  ["ended", ["publish", "release"]],
] as const)("after a restart of the agent one that was %s goes on with %j", (phase, effects) => {
  const pending = phase === "claiming" ? [] : [update("a", "TASK_RUNNING")];
  expect(recoverExecutorTask(record({ phase, pending })).effects.map(({ type }) => type)).toEqual(effects);
});

describe("an executor that subscribes", () => {
  const executor = { spec: {} as never, token: "secret", subscribed: false };
  const subscribed = (phase: TaskRecord["phase"]) =>
    transition(recordWith({ phase, executor }), { type: "subscribed" }, stampAt());

  test("is told of, once", () => {
    const { record: known, effects } = subscribed("running");
    expect(effects).toEqual([{ type: "publish" }]);
    expect(known.executor?.subscribed).toBe(true);
    expect(transition(known, { type: "subscribed" }, stampAt()).effects).toEqual([]);
  });

  test("may be faster than the word of its launch", () => {
    const { record: known, effects } = subscribed("launching");
    expect([known.executor?.subscribed, effects]).toEqual([true, []]);
    const container = { startedAt: "1970-01-01T00:00:00.000Z", addresses: [] };
    expect(transition(known, { type: "launched", container }, stampAt()).record.latest?.state).toBe(
      "TASK_RUNNING",
    );
  });
});
