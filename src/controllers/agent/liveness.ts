import type { Task } from "../../api/task.ts";
import { hasBegun, hasEnded } from "../../api/taskstate.ts";
import type { Live } from "../../cluster/object.ts";
import { dropState, type Transition } from "../task/ending.ts";
import type { Presence } from "./presence.ts";

export interface Absence {
  readonly presence: Presence;
  /** Whether the slot Pod has ended: every process under it is dead, though the agent cannot say so. */
  readonly slotEnded: boolean;
  readonly partitionAware: boolean;
  /** RFC 3339. */
  readonly now: string;
}

/**
 * What the operator says of a task while its agent cannot (Mesos: master.cpp,
 * where agents are removed: UNREACHABLE, GONE_BY_OPERATOR or, without PARTITION_AWARE, LOST). Nothing while the agent is alive, and nothing twice.
 */
export function absenceTransition(task: Live<Task>, absence: Absence): Transition | undefined {
  const { status, spec } = task;
  if (absence.presence === "alive" || hasEnded(status)) return undefined;
  const agent = spec.agent ?? "";
  const { partitionAware } = absence;
  if (!hasBegun(status)) {
    const reason = absence.presence === "gone" ? "REASON_AGENT_REMOVED" : "REASON_AGENT_DISCONNECTED";
    const message = `the agent ${agent} is ${absence.presence === "gone" ? "gone" : "unreachable"}; the task has not started`;
    return { state: dropState(partitionAware), reason, message };
  }
  if (absence.presence === "gone") {
    return {
      state: partitionAware ? "TASK_GONE_BY_OPERATOR" : "TASK_LOST",
      reason: partitionAware ? "REASON_AGENT_REMOVED_BY_OPERATOR" : "REASON_AGENT_REMOVED",
      message: `the agent ${agent} is gone: its Node or its Agent object was deleted`,
    };
  }
  if (absence.slotEnded) {
    return {
      state: partitionAware ? "TASK_GONE" : "TASK_LOST",
      reason: "REASON_AGENT_REMOVED",
      message: `the slot Pod of ${agent} has ended, and the agent is unreachable`,
    };
  }
  if (status?.unreachableSince !== undefined) return undefined;
  return {
    state: partitionAware ? "TASK_UNREACHABLE" : "TASK_LOST",
    reason: "REASON_AGENT_REMOVED",
    message: `the agent ${agent} is unreachable: it has not renewed its Lease; the task may still run`,
    unreachableSince: absence.now,
  };
}
