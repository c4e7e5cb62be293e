import type { Task } from "../../api/task.ts";
import { hasEnded, type TaskState } from "../../api/taskstate.ts";
import { masterStatus, reconciledStatus } from "../../convert/status.ts";
import type { TaskStatus } from "../../wire/gen/mesos/v1/mesos_pb.ts";
import type { Call_Reconcile } from "../../wire/gen/mesos/v1/scheduler/scheduler_pb.ts";

/** What a master knows of an agent. "unknown": it never was, or is gone without a trace. */
export type AgentStanding = "registered" | "unreachable" | "unknown";

export interface Knowledge {
  /** All tasks of the framework. */
  readonly tasks: () => readonly Task[];
  /** Those with a Mesos id, ended ones too. */
  readonly task: (taskId: string) => readonly Task[];
  readonly agent: (agent: string) => AgentStanding;
  readonly partitionAware: boolean;
  /** Wall clock, ms. */
  readonly now: number;
}

/** The answers to a RECONCILE (Mesos: Master::reconcile). Without tasks: all that have not ended. */
export function reconcile({ tasks }: Call_Reconcile, known: Knowledge): TaskStatus[] {
  const { partitionAware, now } = known;
  if (tasks.length === 0) {
    return known
      .tasks()
      .filter(({ status }) => !hasEnded(status))
      .map((task) => reconciledStatus(task, partitionAware, now));
  }
  return tasks.map(({ taskId, agentId }) => {
    const id = taskId?.value ?? "";
    const task = newest(known.task(id));
    if (task !== undefined) return reconciledStatus(task, partitionAware, now);
    const [state, message] = unknownTask(agentId && known.agent(agentId.value));
    const answer = { taskId: id, agent: agentId?.value, state, reason: "REASON_RECONCILIATION", message };
    return masterStatus(answer, partitionAware, now);
  });
}

/** The one that has not ended; of ended ones the last made. */
function newest(tasks: readonly Task[]): Task | undefined {
  const live = tasks.find(({ status }) => !hasEnded(status));
  const made = ({ metadata }: Task) => Date.parse(metadata.creationTimestamp ?? "");
  return live ?? [...tasks].sort((a, b) => made(b) - made(a))[0];
}

function unknownTask(agent: AgentStanding | undefined): [TaskState, string] {
  switch (agent) {
    case "registered":
      return ["TASK_GONE", "Reconciliation: Task is unknown to the agent"];
    case "unreachable":
      return ["TASK_UNREACHABLE", "Reconciliation: Task is unreachable"];
    default:
      return ["TASK_UNKNOWN", "Reconciliation: Task is unknown"];
  }
}
