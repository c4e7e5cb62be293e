import { durationMs } from "../../api/duration.ts";
import type { StatusUpdate, TaskSpec } from "../../api/task.ts";
import type { Kill, TaskRecord } from "../checkpoint/record.ts";
import type { Effect, NewUpdate, Stamp, Step, TaskEvent } from "./event.ts";
import { gone, killedBeforeStart, lostWithSlot, type Outcome, outcomeOf } from "./outcome.ts";
import { REASON } from "./reason.ts";
import { signalNumber } from "./signals.ts";

type EventOf<Type extends TaskEvent["type"]> = Extract<TaskEvent, { type: Type }>;

/** Mesos's default (src/launcher/executor.cpp kill()). */
const DEFAULT_GRACE = "3s";
/** Characters of a message that the schema takes. */
const MAX_MESSAGE = 4096;

/** Milliseconds from SIGTERM to SIGKILL: a kill's own, else the kill policy's, else 3 s. */
export function graceOf(spec: Pick<TaskSpec, "killPolicy">, override?: string): number {
  return durationMs(override ?? spec.killPolicy?.gracePeriod ?? DEFAULT_GRACE);
}

/** `record` with one more update, which the API does not have yet. */
export function withUpdate(record: TaskRecord, update: NewUpdate, stamp: Stamp): TaskRecord {
  const latest: StatusUpdate = {
    ...update,
    ...(update.message === undefined ? {} : { message: update.message.slice(0, MAX_MESSAGE) }),
    uuid: stamp.uuid(),
    timestamp: new Date(stamp.now).toISOString(),
  };
  return { ...record, latest, pending: [...record.pending, latest] };
}

/**
 * The life of one task on this node. Pure: what comes out is the record to put on disk and, once it is there, what to do.
 * Events that do not fit the phase change nothing: they come late or twice after a restart.
 */
export function transition(record: TaskRecord, event: TaskEvent, stamp: Stamp): Step {
  switch (event.type) {
    case "claimed":
      return record.phase === "claiming" ? claimed(record, stamp) : same(record);
    case "refused":
      return record.phase === "claiming" ? step(abandoned(record)) : same(record);
    case "prepared":
      return record.phase === "preparing" ? prepared(record, event) : same(record);
    case "groupReady":
      return record.phase === "prepared"
        ? step({ ...record, phase: "launching" }, { type: "launch" })
        : same(record);
    case "launched":
      return record.phase === "launching" ? launched(record, event, stamp) : same(record);
    case "failed":
      return isBeforeRunning(record) ? failedToStart(record, event, stamp) : same(record);
    case "kill":
      return kill(record, event, stamp);
    case "escalate":
      return record.phase === "running" && record.kill
        ? step(record, { type: "signal", signal: "SIGKILL" })
        : same(record);
    case "exited":
      return record.phase === "running" ? exited(record, event, stamp) : same(record);
    case "vanished":
      return record.phase === "running" ? vanished(record, event, stamp) : same(record);
    case "checked":
      return isUndisturbed(record) ? checked(record, event, stamp) : same(record);
    case "health":
      return isUndisturbed(record) ? health(record, event, stamp) : same(record);
    case "reregistered":
      return reregistered(record, stamp);
    case "published":
      return published(record, event);
    case "overruled":
      return overruled(record, event, stamp);
    case "subscribed":
      return subscribed(record, stamp);
    case "released":
      return step(settle({ ...record, released: true }));
    default:
      return same(record);
  }
}

/** The task's end: its terminal update goes to disk, then to the API, and the node lets go of it. */
export function end(record: TaskRecord, outcome: Outcome, stamp: Stamp): Step {
  const ended: TaskRecord = { ...record, phase: "ended" };
  const silent = record.kill?.cause === "overruled";
  const told = silent ? { ...ended, pending: [] } : withUpdate(ended, outcome, stamp);
  return step(
    { ...told, finishedAt: record.finishedAt ?? new Date(stamp.now).toISOString() },
    { type: "unmonitor" },
    ...(silent ? [] : [{ type: "publish" } as const]),
    { type: "release" },
  );
}

function claimed(record: TaskRecord, stamp: Stamp): Step {
  const known: TaskRecord = { ...record, pending: [] };
  if (known.kill) return end(known, killedBeforeStart(killedMessage(known.kill)), stamp);
  return step({ ...known, phase: "preparing" }, { type: "prepare" });
}

function prepared(record: TaskRecord, { image }: EventOf<"prepared">): Step {
  const ready: TaskRecord = { ...record, image };
  if (record.spec.group !== undefined) return step({ ...ready, phase: "prepared" });
  return step({ ...ready, phase: "launching" }, { type: "launch" });
}

function launched(record: TaskRecord, { container }: EventOf<"launched">, stamp: Stamp): Step {
  const running = withUpdate(
    { ...record, phase: "running", container },
    { state: "TASK_RUNNING", source: "SOURCE_EXECUTOR" },
    stamp,
  );
  if (!running.kill) return step(running, { type: "publish" }, { type: "wait" }, { type: "monitor" });
  const { record: killing, effects } = startKilling(running, running.kill, stamp);
  return step(killing, { type: "wait" }, ...effects);
}

function failedToStart(record: TaskRecord, { outcome }: EventOf<"failed">, stamp: Stamp): Step {
  // A TASK_STARTING that the API does not have yet would only be followed by the end.
  const silent: TaskRecord = record.phase === "claiming" ? { ...record, pending: [] } : record;
  return end(silent, record.kill ? killedBeforeStart(killedMessage(record.kill)) : outcome, stamp);
}

function kill(record: TaskRecord, event: EventOf<"kill">, stamp: Stamp): Step {
  const killAt = stamp.now + event.graceMs;
  const wanted: Kill = {
    cause: event.cause,
    killAt,
    ...(event.message === undefined ? {} : { message: event.message }),
  };
  switch (record.phase) {
    case "claiming":
      return record.kill ? same(record) : step({ ...record, kill: wanted });
    case "preparing":
    case "prepared":
      return withEffect(end({ ...record, kill: wanted }, killedBeforeStart(killedMessage(wanted)), stamp), {
        type: "abort",
      });
    case "launching":
      return record.kill ? same(record) : step({ ...record, kill: wanted }, { type: "abort" });
    case "running":
      return record.kill ? hasten(record, record.kill, killAt) : startKilling(record, wanted, stamp);
    default:
      return same(record);
  }
}

/** A second kill can shorten the grace period, never lengthen it (src/launcher/executor.cpp kill()). */
function hasten(record: TaskRecord, before: Kill, killAt: number): Step {
  if (killAt >= before.killAt) return same(record);
  return step({ ...record, kill: { ...before, killAt } }, { type: "escalateAt", time: killAt });
}

function startKilling(record: TaskRecord, wanted: Kill, stamp: Stamp): Step {
  const drains = wanted.cause === "drain" || wanted.cause === "drainGone";
  const reason = drains ? REASON.agentDraining : wanted.cause === "preempt" ? REASON.preempted : undefined;
  const tells =
    record.framework.killingState &&
    (reason !== undefined || ["request", "group", "health"].includes(wanted.cause));
  const killing: TaskRecord = { ...record, kill: wanted };
  const told = tells
    ? withUpdate(
        killing,
        {
          state: "TASK_KILLING",
          source: "SOURCE_EXECUTOR",
          ...(reason === undefined ? {} : { reason }),
          ...(wanted.message === undefined ? {} : { message: wanted.message }),
        },
        stamp,
      )
    : killing;
  const now = wanted.killAt <= stamp.now;
  return step(
    told,
    { type: "unmonitor" },
    { type: "signal", signal: now ? "SIGKILL" : "SIGTERM" },
    ...(now ? [] : [{ type: "escalateAt", time: wanted.killAt } as const]),
    { type: "publish" },
  );
}

function exited(record: TaskRecord, event: EventOf<"exited">, stamp: Stamp): Step {
  const { exit } = event;
  const signal = exit.signal === undefined ? undefined : signalNumber(exit.signal);
  const known: TaskRecord = {
    ...record,
    finishedAt: exit.exitedAt.toISOString(),
    exit: {
      ...(signal === undefined ? { code: exit.code } : { signal }),
      ...(exit.oomKilled ? { oom: true } : {}),
    },
  };
  return end(known, outcomeOf(record, event), stamp);
}

function vanished(record: TaskRecord, { message, slotEnd }: EventOf<"vanished">, stamp: Stamp): Step {
  const outcome: Outcome = record.kill
    ? { state: "TASK_KILLED", source: "SOURCE_AGENT", reason: REASON.executorTerminated, message }
    : slotEnd
      ? lostWithSlot(record.framework, slotEnd)
      : gone(record.framework, REASON.executorTerminated, message);
  return end(record, outcome, stamp);
}

function checked(record: TaskRecord, { status }: EventOf<"checked">, stamp: Stamp): Step {
  const updated = withUpdate(
    { ...record, checkStatus: status },
    {
      state: "TASK_RUNNING",
      source: "SOURCE_EXECUTOR",
      reason: REASON.check,
      ...(record.healthy === undefined ? {} : { healthy: record.healthy }),
    },
    stamp,
  );
  return step(updated, { type: "publish" });
}

function health(record: TaskRecord, event: EventOf<"health">, stamp: Stamp): Step {
  const updated = withUpdate(
    { ...record, healthy: event.healthy },
    {
      state: "TASK_RUNNING",
      source: "SOURCE_EXECUTOR",
      reason: REASON.healthCheck,
      healthy: event.healthy,
      message: event.message,
    },
    stamp,
  );
  if (!event.kill) return step(updated, { type: "publish" });
  const killAt = stamp.now + graceOf(record.spec);
  return startKilling(updated, { cause: "health", message: event.message, killAt }, stamp);
}

function reregistered(record: TaskRecord, stamp: Stamp): Step {
  if (record.phase === "ended" || record.phase === "settled" || record.phase === "claiming") {
    return same(record);
  }
  const killing = record.kill !== undefined && record.framework.killingState;
  const state = record.phase !== "running" ? "TASK_STARTING" : killing ? "TASK_KILLING" : "TASK_RUNNING";
  const updated = withUpdate(
    record,
    {
      state,
      source: "SOURCE_AGENT",
      reason: REASON.agentReregistered,
      message: "The agent has come back",
      ...(record.healthy === undefined ? {} : { healthy: record.healthy }),
    },
    stamp,
  );
  return step(updated, { type: "publish" });
}

export function published(record: TaskRecord, { uuids }: EventOf<"published">): Step {
  const pending = record.pending.filter(({ uuid }) => !uuids.has(uuid));
  if (pending.length === record.pending.length) return same(record);
  return step(settle({ ...record, pending }));
}

function overruled(record: TaskRecord, { graceMs }: EventOf<"overruled">, stamp: Stamp): Step {
  const silent: TaskRecord = { ...record, pending: [] };
  const wanted: Kill = { cause: "overruled", killAt: stamp.now + graceMs };
  switch (record.phase) {
    case "claiming":
      return step(abandoned(record));
    case "preparing":
    case "prepared":
      return withEffect(end({ ...silent, kill: wanted }, killedBeforeStart(""), stamp), { type: "abort" });
    case "launching":
      return step({ ...silent, kill: wanted }, { type: "abort" });
    case "running": {
      const killAt = Math.min(record.kill?.killAt ?? Number.POSITIVE_INFINITY, wanted.killAt);
      if (record.kill?.cause === "overruled") return same(record);
      return startKilling(silent, { ...wanted, killAt }, stamp);
    }
    case "ended":
      return step(settle(silent));
    case "settled":
      return same(record);
  }
}

/** Nothing of it ever was on the node, and nobody waits for word of it. */
export function abandoned(record: TaskRecord): TaskRecord {
  return { ...record, phase: "settled", pending: [], released: true };
}

/** The API is told that an executor has subscribed, the first time. */
function subscribed(record: TaskRecord, stamp: Stamp): Step {
  const { executor } = record;
  if (executor === undefined || executor.subscribed) return same(record);
  const known = { ...record, executor: { ...executor, subscribed: true } };
  // It may be faster than the word of its launch, which tells it then.
  if (record.phase === "launching") return step(known);
  if (record.phase !== "running") return same(record);
  const update = { state: "TASK_RUNNING", source: "SOURCE_EXECUTOR" } as const;
  return step(withUpdate(known, update, stamp), { type: "publish" });
}

export function settle(record: TaskRecord): TaskRecord {
  const done = record.phase === "ended" && record.released && record.pending.length === 0;
  return done ? { ...record, phase: "settled" } : record;
}

const isBeforeRunning = ({ phase }: TaskRecord): boolean =>
  phase === "claiming" || phase === "preparing" || phase === "prepared" || phase === "launching";

const isUndisturbed = ({ phase, kill }: TaskRecord): boolean => phase === "running" && kill === undefined;

export const killedMessage = ({ message }: Kill): string =>
  message ?? "The task was killed before it started";

const same = (record: TaskRecord): Step => ({ record, effects: [] });

function step(record: TaskRecord, ...effects: readonly Effect[]): Step {
  return { record, effects };
}

const withEffect = ({ record, effects }: Step, first: Effect): Step => ({
  record,
  effects: [first, ...effects],
});
