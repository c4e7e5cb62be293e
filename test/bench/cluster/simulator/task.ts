import { randomUUID } from "node:crypto";
import type { TaskRecord } from "../../../../src/agent/checkpoint/record.ts";
import type { StatusWriter } from "../../../../src/agent/run/statusWriter.ts";
import { amountsOf } from "../../../../src/agent/slot/grant.ts";
import type { Amounts } from "../../../../src/agent/slot/slotState.ts";
import type { StatusUpdate, Task } from "../../../../src/api/task.ts";
import type { TaskState } from "../../../../src/api/taskstate.ts";
import type { Live } from "../../../../src/cluster/object.ts";
import { sleep, systemClock } from "../../../../src/cluster/time.ts";
import { sleepTime } from "./life.ts";

/** What the agent's slot must have room for. */
export const wants = (task: Live<Task>): Amounts => amountsOf(task.spec.allocated ?? task.spec.resources);

/**
 * One task as an agent tells of it, by the agent's own StatusWriter: TASK_STARTING before anything else, TASK_RUNNING, and
 * TASK_FINISHED when its `sleep` is over, or TASK_KILLED. Rejects only with the signal's reason.
 */
export class SimulatedTask {
  readonly #writer: StatusWriter;
  readonly #kill = new AbortController();
  #record: TaskRecord;

  constructor(task: Live<Task>, writer: StatusWriter) {
    this.#writer = writer;
    this.#record = recordOf(task);
  }

  kill(): void {
    this.#kill.abort();
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#enter("TASK_STARTING", {});
    if ((await this.#writer.claim(this.#record, signal)) !== "claimed") return;
    const startedAt = new Date().toISOString();
    const container = { pid: 1, startedAt, addresses: ["127.0.0.1"] };
    this.#enter("TASK_RUNNING", { container, phase: "running" });
    if ((await this.#writer.publish(this.#record, signal)).kind === "gone") return;
    const killed = await this.#sleep(signal);
    const finishedAt = new Date().toISOString();
    const exit = killed ? { signal: 15 } : { code: 0 };
    this.#enter(killed ? "TASK_KILLED" : "TASK_FINISHED", { exit, finishedAt, phase: "ended" });
    await this.#writer.publish(this.#record, signal);
  }

  /** Whether it was killed. */
  async #sleep(signal: AbortSignal): Promise<boolean> {
    const time = sleepTime(this.#record.spec.command?.value) ?? Number.POSITIVE_INFINITY;
    const either = AbortSignal.any([signal, this.#kill.signal]);
    await sleep(systemClock, Math.min(time, 2 ** 31 - 1), either).catch(() => {});
    signal.throwIfAborted();
    return this.#kill.signal.aborted;
  }

  #enter(state: TaskState, change: Partial<TaskRecord>): void {
    const update: StatusUpdate = {
      uuid: randomUUID(),
      state,
      source: "SOURCE_EXECUTOR",
      timestamp: new Date().toISOString(),
    };
    this.#record = { ...this.#record, ...change, latest: update, pending: [update] };
  }
}

function recordOf(task: Live<Task>): TaskRecord {
  const { uid, namespace = "", name } = task.metadata;
  return {
    version: 1,
    uid,
    namespace,
    name,
    spec: task.spec,
    framework: { id: "simulated", partitionAware: true, killingState: false },
    nodeAddress: "127.0.0.1",
    bootId: "simulated",
    sandbox: `/var/lib/mesos/sandboxes/${uid}`,
    phase: "claiming",
    pending: [],
    released: false,
  };
}
