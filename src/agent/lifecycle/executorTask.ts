import type { StatusUpdate, TaskSpec } from "../../api/task.ts";
import { isTerminal } from "../../api/taskstate.ts";
import type { Kill, TaskRecord } from "../checkpoint/record.ts";
import type { Effect, Stamp, Step, TaskEvent } from "./event.ts";
import { killedBeforeStart, type Outcome } from "./outcome.ts";
import { REASON } from "./reason.ts";
import { abandoned, end, killedMessage, published, settle, withUpdate } from "./transition.ts";

type EventOf<Type extends TaskEvent["type"]> = Extract<TaskEvent, { type: Type }>;

/** So many updates of an executor are known again. */
const REMEMBERED = 64;

/** Whether a program of the framework runs the task; those of DEFAULT executors are run by the agent itself. */
export const isRunByExecutor = ({ executor, group }: Pick<TaskSpec, "executor" | "group">): boolean =>
  executor !== undefined && (executor.type ?? (group === undefined ? "CUSTOM" : "DEFAULT")) === "CUSTOM";

/**
 * The life of one task that an executor runs: `launching` until the executor is there, `running` from when it is handed over. What it
 * does then, the executor says; its end is the executor's word, or the executor's own end (Mesos: src/slave/slave.cpp, Framework's queued
 * and launched tasks).
 */
export function executorTaskTransition(record: TaskRecord, event: TaskEvent, stamp: Stamp): Step {
  const { phase } = record;
  switch (event.type) {
    case "claimed":
      return phase === "claiming" ? claimed(record, stamp) : same(record);
    case "refused":
      return phase === "claiming" ? step(abandoned(record)) : same(record);
    case "failed":
      return phase === "claiming" ? end({ ...record, pending: [] }, event.outcome, stamp) : same(record);
    case "executorReady":
      return phase === "launching"
        ? step({ ...record, phase: "running" }, { type: "handOver" })
        : same(record);
    case "told":
      return told(record, event, stamp);
    case "executorEnded":
      return phase === "launching" || phase === "running" ? end(record, event.outcome, stamp) : same(record);
    case "kill":
      return kill(record, event, stamp);
    case "reregistered":
      return reregistered(record, stamp);
    case "published":
      return published(record, event);
    case "overruled":
      return overruled(record, event, stamp);
    case "released":
      return step(settle({ ...record, released: true }));
    default:
      return same(record);
  }
}

function claimed(record: TaskRecord, stamp: Stamp): Step {
  const known: TaskRecord = { ...record, pending: [] };
  if (known.kill) return end(known, killedBeforeStart(killedMessage(known.kill)), stamp);
  return step({ ...known, phase: "launching" }, { type: "await" });
}

/** One that came before, or comes after the end, changes nothing. */
function told(record: TaskRecord, { update }: EventOf<"told">, stamp: Stamp): Step {
  const { told: before = [] } = record;
  if (record.phase !== "running" || before.includes(update.uuid)) return same(record);
  const known: TaskRecord = {
    ...record,
    told: [...before, update.uuid].slice(-REMEMBERED),
    ...(update.healthy === undefined ? {} : { healthy: update.healthy }),
  };
  const final = isTerminal(update.state) ? becauseOfKill(record, update) : update;
  if (!isTerminal(final.state)) {
    return step({ ...known, latest: final, pending: [...known.pending, final] }, { type: "publish" });
  }
  const silent = record.kill?.cause === "overruled";
  return step(
    {
      ...known,
      phase: "ended",
      latest: final,
      pending: silent ? [] : [...known.pending, final],
      finishedAt: new Date(stamp.now).toISOString(),
    },
    ...(silent ? [] : [{ type: "publish" } as const]),
    { type: "release" },
  );
}

/** Of a kill that was the agent's own the agent says why (Mesos: Slave::statusUpdate, of an agent that is drained). */
function becauseOfKill({ kill, framework }: TaskRecord, update: StatusUpdate): StatusUpdate {
  if (update.state !== "TASK_KILLED" || kill === undefined) return update;
  switch (kill.cause) {
    case "drainGone":
      return {
        ...update,
        reason: REASON.agentDraining,
        ...(framework.partitionAware ? { state: "TASK_GONE_BY_OPERATOR" as const } : {}),
      };
    case "drain":
      return { ...update, reason: REASON.agentDraining };
    case "preempt":
      return { ...update, reason: REASON.preempted };
    default:
      return update;
  }
}

function kill(record: TaskRecord, event: EventOf<"kill">, stamp: Stamp): Step {
  const wanted: Kill = {
    cause: event.cause,
    killAt: stamp.now + event.graceMs,
    ...(event.message === undefined ? {} : { message: event.message }),
  };
  switch (record.phase) {
    case "claiming":
      return record.kill ? same(record) : step({ ...record, kill: wanted });
    case "launching":
      return end({ ...record, kill: wanted }, killedBeforeStart(killedMessage(wanted)), stamp);
    case "running":
      // Each kill is passed on: what an earlier one comes to is the executor's.
      return record.kill && record.kill.killAt <= wanted.killAt
        ? same(record)
        : step({ ...record, kill: wanted }, { type: "askToKill" });
    default:
      return same(record);
  }
}

function reregistered(record: TaskRecord, stamp: Stamp): Step {
  if (record.phase !== "launching" && record.phase !== "running") return same(record);
  const state = record.latest?.state ?? "TASK_STARTING";
  const message = "The agent has come back";
  const update = { state, source: "SOURCE_AGENT", reason: REASON.agentReregistered, message } as const;
  return step(withUpdate(record, update, stamp), { type: "publish" });
}

function overruled(record: TaskRecord, { graceMs }: EventOf<"overruled">, stamp: Stamp): Step {
  const silent: TaskRecord = { ...record, pending: [] };
  const wanted: Kill = { cause: "overruled", killAt: stamp.now + graceMs };
  const none: Outcome = killedBeforeStart("");
  switch (record.phase) {
    case "claiming":
      return step(abandoned(record));
    case "launching":
      return end({ ...silent, kill: wanted }, none, stamp);
    case "running":
      return record.kill?.cause === "overruled"
        ? same(record)
        : step({ ...silent, kill: wanted }, { type: "askToKill" });
    case "ended":
      return step(settle(silent));
    default:
      return same(record);
  }
}

/**
 * Where such a task stands after a restart of the agent: what was said goes on being said; whether a task that was handed over got there,
 * its executor will tell when it subscribes again.
 */
export function recoverExecutorTask(record: TaskRecord): Step {
  const publish: readonly Effect[] = record.pending.length > 0 ? [{ type: "publish" }] : [];
  switch (record.phase) {
    case "claiming":
      return step(record, { type: "claim" });
    case "launching":
      return step(record, ...publish, { type: "await" });
    case "ended":
      return step({ ...record, released: false }, ...publish, { type: "release" });
    default:
      return step(record, ...publish);
  }
}

const same = (record: TaskRecord): Step => ({ record, effects: [] });

const step = (record: TaskRecord, ...effects: readonly Effect[]): Step => ({ record, effects });
