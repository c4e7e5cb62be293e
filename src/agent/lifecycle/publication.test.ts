import { describe, expect, test } from "vitest";
import type { StatusUpdate, Task, TaskStatus } from "../../api/task.ts";
import type { TaskState } from "../../api/taskstate.ts";
import type { Live } from "../../cluster/object.ts";
import { recordWith, runningWith, specWith } from "./fixture.ts";
import { publication } from "./publication.ts";

const update = (uuid: string, state: TaskState): StatusUpdate => ({
  uuid,
  state,
  source: "SOURCE_EXECUTOR",
  timestamp: "1970-01-01T00:00:00Z",
});
const running = update("r", "TASK_RUNNING");
const finished = update("f", "TASK_FINISHED");

const task = (status: TaskStatus): Live<Task> => ({
  apiVersion: "mesos.dev/v1alpha1",
  kind: "Task",
  metadata: {
    name: "t1",
    namespace: "default",
    uid: "uid-1",
    resourceVersion: "41",
    creationTimestamp: "",
    generation: 2,
  },
  spec: specWith({ framework: "fw" }),
  status,
});
const starting = task({ state: "TASK_STARTING", updates: [update("s", "TASK_STARTING")] });

describe("publication", () => {
  test("adds what is missing, on condition that nothing changed", () => {
    const record = runningWith({ pending: [running], latest: running, image: "busybox" });
    const made = publication(record, starting);
    expect(made).toMatchObject({
      kind: "write",
      patch: {
        metadata: { resourceVersion: "41" },
        status: {
          state: "TASK_RUNNING",
          reason: null,
          observedGeneration: 2,
          updates: [{ uuid: "s" }, { uuid: "r" }],
          container: { id: "uid-1", pid: 7, image: "busybox" },
        },
      },
    });
  });

  test("knows a write whose answer was lost", () => {
    const there = task({ state: "TASK_RUNNING", updates: [running] });
    const made = publication(runningWith({ pending: [running], latest: running }), there);
    expect(made).toEqual({ kind: "known", uuids: new Set(["r"]) });
  });

  test("two updates between two writes are both kept", () => {
    const record = runningWith({ pending: [running, finished], latest: finished });
    expect(publication(record, starting)).toMatchObject({
      patch: { status: { state: "TASK_FINISHED", updates: [{ uuid: "s" }, { uuid: "r" }, { uuid: "f" }] } },
    });
  });

  test("yields to a terminal state of someone else's", () => {
    const other = task({ state: "TASK_GONE_BY_OPERATOR", updates: [] });
    expect(publication(runningWith({ pending: [running], latest: running }), other).kind).toBe("overruled");
    expect(publication(recordWith({ pending: [finished], latest: finished }), other).kind).toBe("overruled");
  });

  test("takes a task back that was called lost while the agent was away", () => {
    const lost = task({ state: "TASK_LOST", unreachableSince: "2026-01-01T00:00:00Z", updates: [] });
    expect(publication(runningWith({ pending: [running], latest: running }), lost)).toMatchObject({
      patch: { status: { state: "TASK_RUNNING", unreachableSince: null } },
    });
  });
});
