import type { TaskRecord } from "../checkpoint/record.ts";
import type { RecoveredContainer } from "../containerizer/containerizer.ts";
import type { Stamp, Step } from "./event.ts";
import { dropped, gone } from "./outcome.ts";
import { REASON } from "./reason.ts";
import { end, withUpdate } from "./transition.ts";

/** What is left of a task when the agent starts. */
export interface Found {
  /** Undefined: containerd knows no such container. */
  readonly container: RecoveredContainer | undefined;
  /** Of the boot that the agent runs in. */
  readonly bootId: string;
}

/**
 * Where a task stands after the agent, or the node, was started again. A task that may have been launched is never launched
 * once more: an intent without a process ends as DROPPED, a process that is gone as GONE (LOST for frameworks
 * that are not PARTITION_AWARE), each with Mesos's REASON_AGENT_RESTARTED where the restart is the cause.
 */
export function recover(record: TaskRecord, found: Found, stamp: Stamp): Step {
  const { container } = found;
  const rebooted = record.bootId !== found.bootId;
  switch (record.phase) {
    case "settled":
      return { record, effects: container ? [{ type: "release" }] : [] };
    case "ended":
      return {
        record: { ...record, released: false },
        effects: [...publishing(record), { type: "release" }],
      };
    case "running":
      return recoverRunning(record, found, rebooted, stamp);
    default:
      return recoverIntent(record, found, rebooted, stamp);
  }
}

function recoverIntent(record: TaskRecord, found: Found, rebooted: boolean, stamp: Stamp): Step {
  const { container } = found;
  const state = container?.state;
  if (container && (state === "running" || state === "exited")) {
    // The agent ended between the launch and the record of it.
    const launched = withUpdate(
      {
        ...record,
        phase: "running",
        container: {
          startedAt: container.createdAt.toISOString(),
          addresses: [...container.addresses],
          ...(container.pid === undefined ? {} : { pid: container.pid }),
        },
      },
      { state: "TASK_RUNNING", source: "SOURCE_EXECUTOR" },
      stamp,
    );
    return recoverRunning(launched, found, rebooted, stamp);
  }
  const why = rebooted
    ? "The node was restarted before the task was started"
    : "The agent was restarted before the task was started";
  const outcome =
    state === "gone"
      ? gone(record.framework, REASON.agentRestarted, lostMessage(rebooted))
      : dropped(record.framework, REASON.agentRestarted, why);
  return end({ ...record, pending: [] }, outcome, stamp);
}

function recoverRunning(record: TaskRecord, found: Found, rebooted: boolean, stamp: Stamp): Step {
  const { container } = found;
  // Its exit status comes by the usual way.
  if (container?.state === "exited") return { record, effects: [...publishing(record), { type: "wait" }] };
  if (container?.state !== "running") {
    const outcome = record.kill
      ? {
          state: "TASK_KILLED" as const,
          source: "SOURCE_AGENT" as const,
          reason: REASON.agentRestarted,
          message: lostMessage(rebooted),
        }
      : gone(
          record.framework,
          rebooted ? REASON.agentRestarted : REASON.executorTerminated,
          lostMessage(rebooted),
        );
    return end(record, outcome, stamp);
  }
  if (!record.kill) {
    return { record, effects: [...publishing(record), { type: "wait" }, { type: "monitor" }] };
  }
  // The signal may not have been sent before the agent ended; sent twice it does no harm.
  const signal = record.kill.killAt <= stamp.now ? "SIGKILL" : "SIGTERM";
  return {
    record,
    effects: [
      ...publishing(record),
      { type: "wait" },
      { type: "signal", signal },
      ...(signal === "SIGTERM" ? [{ type: "escalateAt", time: record.kill.killAt } as const] : []),
    ],
  };
}

const publishing = (record: TaskRecord): Step["effects"] =>
  record.pending.length > 0 ? [{ type: "publish" }] : [];

const lostMessage = (rebooted: boolean): string =>
  rebooted
    ? "The node was restarted while the task ran"
    : "The task's process is gone, and how it ended is not known";
