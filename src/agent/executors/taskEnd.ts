import { isTerminal } from "../../api/taskstate.ts";
import type { FrameworkFacts, TaskRecord } from "../checkpoint/record.ts";
import { failed, gone, type Outcome } from "../lifecycle/outcome.ts";
import { REASON, type Reason } from "../lifecycle/reason.ts";

/** Ends of an executor that say more of its tasks than that it is gone. */
const TELLING: ReadonlySet<string> = new Set<Reason>([
  REASON.launchFailed,
  REASON.memory,
  REASON.disk,
  REASON.executorRegistration,
  REASON.executorReregistration,
]);

/** The end of a task of the framework whose executor has ended (Mesos: Slave::sendExecutorTerminatedStatusUpdate). */
export function endWithExecutor(framework: FrameworkFacts, executor: TaskRecord): Outcome {
  const { latest } = executor;
  const why = latest?.message ?? "";
  const message = why === "" ? "The executor has ended" : `The executor has ended: ${why}`;
  const reason = latest?.reason ?? "";
  switch (latest?.state) {
    // The node, or the slot Pod, took it along.
    case "TASK_GONE":
    case "TASK_LOST":
    case "TASK_DROPPED":
      return gone(framework, knownReason(reason), message);
    case "TASK_ERROR":
      return { state: "TASK_ERROR", reason: knownReason(reason), source: "SOURCE_AGENT", message };
    default:
      return failed(TELLING.has(reason) ? (reason as Reason) : REASON.executorTerminated, message);
  }
}

const KNOWN: ReadonlySet<string> = new Set(Object.values(REASON));
const knownReason = (reason: string): Reason =>
  KNOWN.has(reason) ? (reason as Reason) : REASON.executorTerminated;

/** Whether the record says that it is over. */
export const isOver = ({ phase, latest }: TaskRecord): boolean =>
  phase === "ended" || phase === "settled" || (latest !== undefined && isTerminal(latest.state));
