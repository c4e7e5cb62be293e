import type { StatusUpdate } from "../../api/task.ts";
import type { FrameworkFacts, TaskRecord } from "../checkpoint/record.ts";
import type { ExitStatus } from "../containerizer/containerizer.ts";
import { REASON, type Reason } from "./reason.ts";
import { describeExit } from "./signals.ts";

/** The end of a task, in Mesos's words. */
export interface Outcome {
  readonly state:
    | "TASK_GONE_BY_OPERATOR"
    | "TASK_FINISHED"
    | "TASK_FAILED"
    | "TASK_KILLED"
    | "TASK_ERROR"
    | "TASK_LOST"
    | "TASK_DROPPED"
    | "TASK_GONE";
  readonly reason?: Reason;
  readonly source: StatusUpdate["source"];
  readonly message: string;
  readonly healthy?: boolean;
}

const agentSays = (state: Outcome["state"], reason: Reason, message: string): Outcome => ({
  state,
  reason,
  source: "SOURCE_AGENT",
  message,
});

/** Never started: DROPPED, for frameworks that know it. */
export const dropped = (framework: FrameworkFacts, reason: Reason, message: string): Outcome =>
  agentSays(framework.partitionAware ? "TASK_DROPPED" : "TASK_LOST", reason, message);

/** It ran and is no longer there: GONE, for frameworks that know it. */
export const gone = (framework: FrameworkFacts, reason: Reason, message: string): Outcome =>
  agentSays(framework.partitionAware ? "TASK_GONE" : "TASK_LOST", reason, message);

export const failed = (reason: Reason, message: string): Outcome => agentSays("TASK_FAILED", reason, message);

/** The task's description cannot be honoured, now or later. */
export const refused = (reason: Reason, message: string): Outcome => agentSays("TASK_ERROR", reason, message);

export const killedBeforeStart = (message: string): Outcome =>
  agentSays("TASK_KILLED", REASON.killedDuringLaunch, message);

/** What a task's process left behind. */
export interface ProcessEnd {
  readonly exit: ExitStatus;
  /** The slot Pod that the task ran under has ended: the kubelet killed everything below its cgroup. */
  readonly slotEnd?: SlotEnd;
}

/** How a slot Pod ended. */
export interface SlotEnd {
  /** For another Pod or by the kubelet's eviction, not by someone's hand. */
  readonly preempted: boolean;
  /** A sentence. */
  readonly message: string;
}

/**
 * State and reason of a process that has ended, as Mesos's command executor and agent give them (src/launcher/executor.cpp
 * reaped(); a limit that was hit goes before what the executor says, src/launcher/default_executor.cpp waited()).
 */
export function outcomeOf(record: TaskRecord, { exit, slotEnd }: ProcessEnd): Outcome {
  const message = `Command ${describeExit(exit)}`;
  const { kill, framework } = record;
  if (exit.oomKilled && exit.code !== 0) {
    return failed(REASON.memory, `Memory limit exceeded: ${memoryLimit(record)}${message}`);
  }
  const because = (text: string | undefined) => (text === undefined ? message : `${text}: ${message}`);
  switch (kill?.cause) {
    case "disk":
      return failed(REASON.disk, because(kill.message));
    case "memory":
      return failed(REASON.memory, because(kill.message));
    case "registration":
      return failed(REASON.executorRegistration, because(kill.message));
    case "reregistration":
      return failed(REASON.executorReregistration, because(kill.message));
    case "deadline":
      return { ...executorSays("TASK_FAILED", because(kill.message)), reason: REASON.deadline };
    case "health":
      return {
        ...executorSays("TASK_KILLED", because(kill.message)),
        reason: REASON.healthCheck,
        healthy: false,
      };
    case "drain":
    case "drainGone": {
      const forGood = kill.cause === "drainGone" && framework.partitionAware;
      return {
        ...executorSays(forGood ? "TASK_GONE_BY_OPERATOR" : "TASK_KILLED", because(kill.message)),
        reason: REASON.agentDraining,
      };
    }
    case "preempt":
      return { ...executorSays("TASK_KILLED", because(kill.message)), reason: REASON.preempted };
    case "executor":
      if (slotEnd) return lostWithSlot(framework, slotEnd);
      return failed(REASON.executorTerminated, because(kill.message));
    case "request":
    case "group":
    case "overruled":
      return executorSays("TASK_KILLED", because(kill.message));
    case undefined:
      break;
  }
  if (exit.code === 0) return executorSays("TASK_FINISHED", message);
  if (slotEnd && exit.signal === "SIGKILL") return lostWithSlot(framework, slotEnd);
  return { ...executorSays("TASK_FAILED", message), reason: REASON.commandFailed };
}

/** The end of a task whose slot Pod took it along. */
export const lostWithSlot = (framework: FrameworkFacts, { preempted, message }: SlotEnd): Outcome =>
  gone(framework, preempted ? REASON.preempted : REASON.executorTerminated, message);

function executorSays(state: Outcome["state"], message: string): Outcome {
  return { state, source: "SOURCE_EXECUTOR", message };
}

function memoryLimit({ spec }: TaskRecord): string {
  const mem = spec.resources.find(({ name }) => name === "mem");
  const limit =
    spec.limits?.mem ?? mem?.quantity ?? (mem?.scalar === undefined ? undefined : `${mem.scalar}Mi`);
  return limit === undefined ? "" : `limit ${limit}: `;
}
