import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import type { TaskRecord } from "../../../src/agent/checkpoint/record.ts";
import { specWith } from "../../../src/agent/lifecycle/fixture.ts";
import { TaskStatusWriter } from "../../../src/agent/run/statusWriter.ts";
import type { StatusUpdate, Task, TaskStatus } from "../../../src/api/task.ts";
import { tasks } from "../../../src/client/handles.ts";
import { Connection } from "../../../src/cluster/connection.ts";
import { namespaces } from "../../../src/cluster/core.ts";
import { ApiError } from "../../../src/cluster/errors.ts";
import { createLogger } from "../../../src/cluster/logger.ts";
import type { Live } from "../../../src/cluster/object.ts";
import type { Resource } from "../../../src/cluster/resource.ts";
import { systemClock } from "../../../src/cluster/time.ts";

const namespace = `status-${randomUUID().slice(0, 8)}`;
const log = createLogger({ name: "test", level: "silent" });
const { signal } = new AbortController();
let connection: Connection;
let client: Resource<Task>;
let task: Live<Task>;
/** What the agent's cache holds: as stale as a test wants it. */
let cached: Live<Task> | undefined;
let writer: TaskStatusWriter;

beforeAll(async () => {
  connection = await Connection.load({ userAgent: "status-test", kubeconfig: inject("kubeconfig") });
  await namespaces(connection).create({ metadata: { name: namespace } });
  client = tasks(connection);
});
afterAll(() => connection.close());

beforeEach(async () => {
  task = await client.create({
    apiVersion: "mesos.dev/v1alpha1",
    kind: "Task",
    metadata: { name: `t-${randomUUID().slice(0, 8)}`, namespace },
    spec: specWith(),
  });
  cached = task;
  writer = new TaskStatusWriter({ objects: client, store: { get: () => cached }, clock: systemClock, log });
});

const update = (uuid: string, state: StatusUpdate["state"]): StatusUpdate => ({
  uuid,
  state,
  source: "SOURCE_EXECUTOR",
  timestamp: "2026-01-01T00:00:00Z",
});
const record = (phase: TaskRecord["phase"], ...pending: readonly StatusUpdate[]): TaskRecord => {
  const latest = pending[pending.length - 1];
  return {
    version: 1,
    uid: task.metadata.uid,
    namespace,
    name: task.metadata.name,
    spec: task.spec,
    framework: { id: "mesos", partitionAware: true, killingState: true },
    bootId: "b",
    sandbox: "/sandbox",
    phase,
    pending: [...pending],
    released: false,
    ...(latest ? { latest } : {}),
  };
};
const starting = update("s", "TASK_STARTING");
const intent = () => record("claiming", starting);
const read = async () => (await client.get(task.metadata)).status;
const others = (status: TaskStatus) =>
  client.mergePatch(task.metadata, { status }, { subresource: "status" });

describe("a claim", () => {
  test("writes TASK_STARTING", async () => {
    expect(await writer.claim(intent(), signal)).toBe("claimed");
    expect(await read()).toMatchObject({ state: "TASK_STARTING", updates: [starting] });
  });

  test("is known when its answer was lost", async () => {
    await writer.claim(intent(), signal);
    expect(await writer.claim(intent(), signal)).toBe("claimed");
    cached = undefined;
    expect(await writer.claim(intent(), signal)).toBe("claimed");
    expect((await read())?.updates).toHaveLength(1);
  });

  test("yields to a decision that the cache has not seen", async () => {
    await others({ state: "TASK_DROPPED", reason: "REASON_RESOURCES_UNKNOWN" });
    expect(await writer.claim(intent(), signal)).toBe("refused");
    expect(await read()).toEqual({ state: "TASK_DROPPED", reason: "REASON_RESOURCES_UNKNOWN" });
  });

  test("yields to a kill that the cache has not seen", async () => {
    await client.mergePatch(task.metadata, { spec: { kill: {} } });
    expect(await writer.claim(intent(), signal)).toBe("killed");
    expect(await read()).toBeUndefined();
  });

  test("is refused when the task is gone, or is another one of the same name", async () => {
    await client.delete(task.metadata);
    expect(await writer.claim(intent(), signal)).toBe("refused");
    const { apiVersion, kind, spec } = task;
    await client.create({ apiVersion, kind, metadata: { name: task.metadata.name, namespace }, spec });
    cached = undefined;
    expect(await writer.claim(intent(), signal)).toBe("refused");
    expect(await read()).toBeUndefined();
  });

  test("of a task that was begun before is not made", async () => {
    await others({ state: "TASK_RUNNING" });
    expect(await writer.claim(intent(), signal)).toBe("begun");
  });

  test("and a drop: exactly one wins", async () => {
    const drop = client.mergePatch(
      task.metadata,
      { metadata: { resourceVersion: task.metadata.resourceVersion }, status: { state: "TASK_DROPPED" } },
      { subresource: "status" },
    );
    const [claim, dropped] = await Promise.allSettled([writer.claim(intent(), signal), drop]);
    const claimed = claim.status === "fulfilled" && claim.value === "claimed";
    expect(claimed).toBe(dropped.status === "rejected");
    if (dropped.status === "rejected") expect(dropped.reason).toBeInstanceOf(ApiError);
    expect((await read())?.state).toBe(claimed ? "TASK_STARTING" : "TASK_DROPPED");
  });
});

describe("updates", () => {
  const running = update("r", "TASK_RUNNING");
  const finished = update("f", "TASK_FINISHED");
  beforeEach(() => writer.claim(intent(), signal));

  test("are appended in order, with what others have written left alone", async () => {
    const conditions = [
      {
        type: "Granted",
        status: "True" as const,
        reason: "Granted",
        message: "",
        lastTransitionTime: "2026-01-01T00:00:00Z",
      },
    ];
    await client.apply(
      task.metadata,
      { status: { conditions } },
      {
        fieldManager: "mesos-operator",
        subresource: "status",
      },
    );
    const written = await writer.publish(record("ended", running, finished), signal);
    expect(written).toEqual({ kind: "written", uuids: new Set(["r", "f"]) });
    const status = await read();
    expect(status?.updates?.map(({ uuid }) => uuid)).toEqual(["s", "r", "f"]);
    expect(status).toMatchObject({ state: "TASK_FINISHED", conditions });
  });

  test("written twice are there once", async () => {
    await writer.publish(record("running", running), signal);
    await writer.publish(record("running", running), signal);
    await writer.publish(record("ended", running, finished), signal);
    expect((await read())?.updates?.map(({ uuid }) => uuid)).toEqual(["s", "r", "f"]);
    expect(await writer.publish(record("ended", running, finished), signal)).toMatchObject({
      kind: "written",
    });
  });

  test("end with another's end", async () => {
    await others({ state: "TASK_GONE_BY_OPERATOR" });
    expect(await writer.publish(record("ended", finished), signal)).toEqual({ kind: "gone" });
    expect((await read())?.state).toBe("TASK_GONE_BY_OPERATOR");
  });

  test("take the task back from an operator that called it unreachable", async () => {
    await others({ state: "TASK_LOST", unreachableSince: "2026-01-01T00:00:00Z" });
    await writer.publish(record("ended", finished), signal);
    const status = await read();
    expect(status?.state).toBe("TASK_FINISHED");
    expect(status).not.toHaveProperty("unreachableSince");
  });

  test("that the framework has acknowledged are trimmed", async () => {
    const withFramework = await client.create({
      apiVersion: task.apiVersion ?? "",
      kind: "Task",
      metadata: { name: `${task.metadata.name}-fw`, namespace },
      spec: specWith({ framework: "fw" }),
    });
    task = withFramework;
    cached = undefined;
    await writer.claim(intent(), signal);
    await client.mergePatch(task.metadata, { spec: { acknowledged: "s" } });
    await writer.publish(record("running", running), signal);
    expect((await read())?.updates?.map(({ uuid }) => uuid)).toEqual(["r"]);
  });
});
