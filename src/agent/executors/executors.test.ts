import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { executorSpec } from "../../api/executor.ts";
import { uuidBytes } from "../../convert/status.ts";
import { Call_Type, CallSchema, Event_Type } from "../../wire/gen/mesos/v1/executor/executor_pb.ts";
import {
  TaskInfoSchema,
  TaskState,
  TaskStatus_Source,
  TaskStatusSchema,
} from "../../wire/gen/mesos/v1/mesos_pb.ts";
import { executorEnvironment, mesosDuration } from "../environment/executor.ts";
import { recordWith, specWith } from "../lifecycle/fixture.ts";
import { callProblem } from "./callCheck.ts";
import { isToken, launchEvent } from "./hub.ts";
import { executorObstacle } from "./obstacle.ts";
import { endWithExecutor } from "./taskEnd.ts";
import { statusUpdate } from "./update.ts";

const uuid = "0b5e8a4e-6a1c-4c62-9d0a-3f6d6b1f2a11";
const spec = executorSpec.parse({
  framework: "fw",
  agent: "n1",
  executorId: "x",
  command: { value: "./executor" },
});
const executor = (fields: Parameters<typeof recordWith>[0] = {}) =>
  recordWith({ phase: "running", executor: { spec, token: "secret", subscribed: true }, ...fields });
const ended = (state: "TASK_FINISHED" | "TASK_FAILED" | "TASK_GONE" | "TASK_ERROR", reason?: string) =>
  executor({
    phase: "ended",
    latest: {
      uuid,
      state,
      source: "SOURCE_AGENT",
      timestamp: "1970-01-01T00:00:00.000Z",
      message: "it is gone",
      ...(reason === undefined ? {} : { reason }),
    },
  });

describe("calls", () => {
  const call = (init: object) =>
    callProblem(
      create(CallSchema, {
        executorId: { value: "x" },
        frameworkId: { value: "f" },
        ...init,
      } as MessageInitShape<typeof CallSchema>),
    );
  const status = {
    taskId: { value: "t" },
    state: TaskState.TASK_RUNNING,
    source: TaskStatus_Source.EXECUTOR,
    uuid: uuidBytes(uuid),
  };
  const update = (more: object) =>
    call({ type: Call_Type.UPDATE, update: { status: { ...status, ...more } } });

  test("that are complete are taken, a SUBSCRIBE without anything too", () => {
    expect([call({ type: Call_Type.SUBSCRIBE }), update({}), update({ executorId: { value: "x" } })]).toEqual(
      [undefined, undefined, undefined],
    );
  });

  test.each([
    [() => call({}), "Expecting 'type' to be present"],
    [() => call({ type: Call_Type.UPDATE }), "Expecting 'update' to be present"],
    [() => call({ type: Call_Type.MESSAGE }), "Expecting 'message' to be present"],
    [() => update({ uuid: new Uint8Array(3) }), "Not a valid UUID"],
    [() => update({ executorId: { value: "y" } }), "does not match ExecutorID in TaskStatus: y"],
    [() => update({ source: TaskStatus_Source.MASTER }), "expecting 'SOURCE_EXECUTOR'"],
    [() => update({ state: TaskState.TASK_STAGING }), "TASK_STAGING"],
  ])("that are wrong are told so: %s", (made, words) => {
    expect(made()).toContain(words);
  });
});

describe("an update", () => {
  const of = (init: MessageInitShape<typeof TaskStatusSchema>) =>
    statusUpdate(
      create(TaskStatusSchema, { state: TaskState.TASK_RUNNING, uuid: uuidBytes(uuid), ...init }),
      1_000,
    );

  test("has what the executor said, and no more", () => {
    expect(of({})).toEqual({
      uuid,
      state: "TASK_RUNNING",
      source: "SOURCE_EXECUTOR",
      timestamp: "1970-01-01T00:00:01.000Z",
    });
    expect(of({ timestamp: 2, healthy: false, data: new Uint8Array([1]) })).toMatchObject({
      timestamp: "1970-01-01T00:00:02.000Z",
      healthy: false,
      data: "AQ==",
    });
  });

  test("leaves out what no Task can have", () => {
    const labels = [
      { key: "k", value: "v" },
      { key: "k".repeat(64), value: "v" },
      { key: "long", value: "v".repeat(1025) },
    ];
    expect(of({ labels: { labels } }).labels).toEqual({ k: "v" });
    expect(of({ message: "m".repeat(5_000) }).message).toHaveLength(4096);
    expect(of({ timestamp: Number.NaN }).timestamp).toBe("1970-01-01T00:00:01.000Z");
  });
});

describe("the end of an executor", () => {
  const { framework } = executor();
  test.each([
    [ended("TASK_FINISHED"), "TASK_FAILED", "REASON_EXECUTOR_TERMINATED"],
    [ended("TASK_FAILED", "REASON_COMMAND_EXECUTOR_FAILED"), "TASK_FAILED", "REASON_EXECUTOR_TERMINATED"],
    [
      ended("TASK_FAILED", "REASON_CONTAINER_LIMITATION_MEMORY"),
      "TASK_FAILED",
      "REASON_CONTAINER_LIMITATION_MEMORY",
    ],
    [
      ended("TASK_FAILED", "REASON_EXECUTOR_REGISTRATION_TIMEOUT"),
      "TASK_FAILED",
      "REASON_EXECUTOR_REGISTRATION_TIMEOUT",
    ],
    [ended("TASK_GONE", "REASON_AGENT_RESTARTED"), "TASK_GONE", "REASON_AGENT_RESTARTED"],
    [ended("TASK_ERROR", "REASON_TASK_UNAUTHORIZED"), "TASK_ERROR", "REASON_TASK_UNAUTHORIZED"],
  ])("is that of its tasks", (record, state, reason) => {
    expect(endWithExecutor(framework, record)).toMatchObject({
      state,
      reason,
      message: "The executor has ended: it is gone",
    });
  });
});

describe("a task waits for its executor", () => {
  const task = {
    apiVersion: "",
    kind: "Task",
    metadata: { name: "t", uid: "t", resourceVersion: "1", creationTimestamp: "1970-01-01T00:00:00Z" },
    spec: specWith({ executor: { name: "x", executorId: "x" } }),
  };
  const object = { ...task, kind: "Executor", spec };
  const facts = { object: undefined, record: undefined, now: 1_000 };

  test("until the node has begun it", () => {
    expect(executorObstacle(task, facts)).toBe("wait");
    expect(executorObstacle(task, { ...facts, object })).toBe("wait");
    expect(executorObstacle(task, { ...facts, object, record: executor() })).toBeUndefined();
    expect(executorObstacle({ ...task, spec: specWith() }, facts)).toBeUndefined();
  });

  test("but not for one that is over, or does not come", () => {
    const state = (more: object) =>
      (executorObstacle(task, { ...facts, ...more }) as { state?: string }).state;
    expect(state({ object, record: ended("TASK_FAILED") })).toBe("TASK_FAILED");
    expect(state({ object: { ...object, status: { state: "Ended" } } })).toBe("TASK_DROPPED");
    expect(state({ now: 61_000 })).toBe("TASK_DROPPED");
  });
});

test("tasks of a group come in one event, others each in one", () => {
  const infos = ["a", "b"].map((value) => create(TaskInfoSchema, { taskId: { value } }));
  expect(launchEvent(infos.slice(0, 1), false)).toEqual({
    type: Event_Type.LAUNCH,
    launch: { task: infos[0] },
  });
  expect(launchEvent(infos, true)).toEqual({
    type: Event_Type.LAUNCH_GROUP,
    launchGroup: { taskGroup: { tasks: infos } },
  });
});

test("a token is the executor's own, and not nothing", () => {
  expect(isToken(executor(), "secret")).toBe(true);
  expect(isToken(executor(), "secreT")).toBe(false);
  expect(isToken(executor({ executor: { spec, token: "", subscribed: true } }), "")).toBe(false);
  expect(isToken(recordWith(), "")).toBe(false);
});

describe("the environment of an executor", () => {
  test.each([
    ["5s", "5secs"],
    ["1m", "60secs"],
    ["1500ms", "1500ms"],
  ])("has %s as %s", (duration, text) => {
    expect(mesosDuration(duration)).toBe(text);
  });

  test("lets nobody be another executor", () => {
    const env = executorEnvironment({
      spec: specWith({
        env: [
          { name: "MESOS_EXECUTOR_ID", value: "other" },
          { name: "COLOUR", value: "green" },
        ],
      }),
      executorId: "x",
      token: "secret",
      shutdownGracePeriod: "5s",
      frameworkId: "f",
      agent: "n1",
      nodeAddress: "10.0.0.1",
      port: 5051,
      hostNetwork: true,
      sandbox: "/sandbox",
      secrets: new Map(),
    });
    expect(env).toMatchObject({
      COLOUR: "green",
      MESOS_EXECUTOR_ID: "x",
      MESOS_AGENT_ENDPOINT: "10.0.0.1:5051",
      MESOS_SLAVE_PID: "slave(1)@10.0.0.1:5051",
      LIBPROCESS_IP: "10.0.0.1",
    });
  });
});
