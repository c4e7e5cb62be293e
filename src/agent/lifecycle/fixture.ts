import type { TaskSpec } from "../../api/task.ts";
import type { TaskRecord } from "../checkpoint/record.ts";
import type { ExitStatus } from "../containerizer/containerizer.ts";
import type { Stamp } from "./event.ts";

/** For tests: a spec with what the schema asks for. */
export function specWith(fields: Partial<TaskSpec> = {}): TaskSpec {
  return {
    role: "dev",
    agent: "node-1",
    resources: [
      { name: "cpus", scalar: 1 },
      { name: "mem", quantity: "64Mi" },
    ],
    command: { shell: true, value: "sleep 100" },
    ...fields,
  };
}

/** For tests: a task of a framework with all capabilities, whose TASK_STARTING is in the API. */
export function recordWith(fields: Partial<TaskRecord> = {}): TaskRecord {
  return {
    version: 1,
    uid: "uid-1",
    namespace: "default",
    name: "t1",
    spec: specWith(),
    framework: { id: "fw-1", partitionAware: true, killingState: true },
    bootId: "boot-1",
    sandbox: "/var/lib/mesos/sandboxes/default/fw/t1-uid-1",
    phase: "preparing",
    pending: [],
    released: false,
    ...fields,
  };
}

/** For tests: running since the epoch. */
export function runningWith(fields: Partial<TaskRecord> = {}): TaskRecord {
  return recordWith({
    phase: "running",
    container: { pid: 7, startedAt: "1970-01-01T00:00:00.000Z", addresses: [] },
    ...fields,
  });
}

/** For tests: uuids u1, u2, … */
export function stampAt(now = 0): Stamp {
  let made = 0;
  return {
    now,
    uuid: () => {
      made += 1;
      return `u${made}`;
    },
  };
}

export function exitWith(code: number, signal?: string, oomKilled = false): ExitStatus {
  return { code, exitedAt: new Date(0), oomKilled, ...(signal === undefined ? {} : { signal }) };
}
