import { expect, test } from "vitest";
import type { KillCause } from "../checkpoint/record.ts";
import { exitWith, runningWith } from "./fixture.ts";
import { outcomeOf } from "./outcome.ts";

const killed = (cause: KillCause, message?: string) =>
  runningWith({ kill: { cause, killAt: 0, ...(message === undefined ? {} : { message }) } });

test.each([
  ["exit 0", runningWith(), exitWith(0), "TASK_FINISHED", undefined, "Command exited with status 0"],
  [
    "exit 3",
    runningWith(),
    exitWith(3),
    "TASK_FAILED",
    "REASON_COMMAND_EXECUTOR_FAILED",
    "Command exited with status 3",
  ],
  [
    "exit 127",
    runningWith(),
    exitWith(127),
    "TASK_FAILED",
    "REASON_COMMAND_EXECUTOR_FAILED",
    "Command exited with status 127: a program was not found",
  ],
  [
    "a signal",
    runningWith(),
    exitWith(139, "SIGSEGV"),
    "TASK_FAILED",
    "REASON_COMMAND_EXECUTOR_FAILED",
    "Command terminated with signal Segmentation fault",
  ],
  [
    "a kill",
    killed("request"),
    exitWith(143, "SIGTERM"),
    "TASK_KILLED",
    undefined,
    "Command terminated with signal Terminated",
  ],
  [
    "a kill that exits 0",
    killed("request"),
    exitWith(0),
    "TASK_KILLED",
    undefined,
    "Command exited with status 0",
  ],
  [
    "the deadline",
    killed("deadline"),
    exitWith(137, "SIGKILL"),
    "TASK_FAILED",
    "REASON_MAX_COMPLETION_TIME_REACHED",
    "Command terminated with signal Killed",
  ],
  [
    "disk",
    killed("disk", "too much"),
    exitWith(137, "SIGKILL"),
    "TASK_FAILED",
    "REASON_CONTAINER_LIMITATION_DISK",
    "too much: Command terminated with signal Killed",
  ],
  [
    "health",
    killed("health", "3 failures"),
    exitWith(143, "SIGTERM"),
    "TASK_KILLED",
    "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED",
    "3 failures: Command terminated with signal Terminated",
  ],
  [
    "memory",
    runningWith(),
    exitWith(137, "SIGKILL", true),
    "TASK_FAILED",
    "REASON_CONTAINER_LIMITATION_MEMORY",
    "Memory limit exceeded: limit 64Mi: Command terminated with signal Killed",
  ],
  [
    "memory while it is killed",
    killed("request"),
    exitWith(137, "SIGKILL", true),
    "TASK_FAILED",
    "REASON_CONTAINER_LIMITATION_MEMORY",
    "Memory limit exceeded: limit 64Mi: Command terminated with signal Killed",
  ],
])("%s", (_name, record, exit, state, reason, message) => {
  const outcome = outcomeOf(record, { exit });
  expect(outcome).toMatchObject({ state, message });
  expect(outcome.reason).toBe(reason);
});

const plain = { id: "f", partitionAware: false, killingState: false };

test("SIGKILL that came with the end of the slot Pod is the slot's doing", () => {
  const end = {
    exit: exitWith(137, "SIGKILL"),
    slotEnd: { preempted: true, message: "The slot Pod was evicted" },
  };
  expect(outcomeOf(runningWith(), end)).toMatchObject({
    state: "TASK_GONE",
    reason: "REASON_CONTAINER_PREEMPTED",
    message: "The slot Pod was evicted",
  });
  expect(outcomeOf(runningWith({ framework: plain }), end).state).toBe("TASK_LOST");
  const deleted = { ...end, slotEnd: { preempted: false, message: "" } };
  expect(outcomeOf(runningWith(), deleted).reason).toBe("REASON_EXECUTOR_TERMINATED");
  expect(outcomeOf(runningWith(), { ...end, exit: exitWith(1) }).state).toBe("TASK_FAILED");
  expect(outcomeOf(killed("request"), end).state).toBe("TASK_KILLED");
});

test("a kill for another role says so", () => {
  expect(outcomeOf(killed("preempt"), { exit: exitWith(143, "SIGTERM") })).toMatchObject({
    state: "TASK_KILLED",
    reason: "REASON_CONTAINER_PREEMPTED",
  });
});

test("a kill by a drain says so, and whether it is for good", () => {
  const end = { exit: exitWith(143, "SIGTERM") };
  const reason = "REASON_AGENT_DRAINING";
  expect(outcomeOf(killed("drain"), end)).toMatchObject({ state: "TASK_KILLED", reason });
  expect(outcomeOf(killed("drainGone"), end)).toMatchObject({ state: "TASK_GONE_BY_OPERATOR", reason });
  const legacy = { ...killed("drainGone"), framework: plain };
  expect(outcomeOf(legacy, end)).toMatchObject({ state: "TASK_KILLED", reason });
});

test("with its executor a task has failed, or went with the slot that took both", () => {
  const lost = killed("executor", "The executor's container has ended");
  const end = { exit: exitWith(137, "SIGKILL") };
  expect(outcomeOf(lost, end)).toMatchObject({
    state: "TASK_FAILED",
    source: "SOURCE_AGENT",
    reason: "REASON_EXECUTOR_TERMINATED",
  });
  expect(
    outcomeOf(lost, { ...end, slotEnd: { preempted: true, message: "The slot Pod was evicted" } }),
  ).toMatchObject({ state: "TASK_GONE", reason: "REASON_CONTAINER_PREEMPTED" });
});
