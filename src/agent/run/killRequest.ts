import type { Agent } from "../../api/agent.ts";
import type { Task } from "../../api/task.ts";
import type { KillCause } from "../checkpoint/record.ts";
import { graceOf } from "../lifecycle/transition.ts";

export interface KillRequest {
  readonly cause: KillCause;
  readonly graceMs: number;
  readonly message?: string;
}

/**
 * What the API asks for: spec.kill, or the deletion of the Task. While the agent is drained, or its slot Pod is being ended, it counts as
 * part of that (Mesos's REASON_AGENT_DRAINING), and so does one that says it is: the operator's, of a task that has to leave. One that is
 * taken back for another role says that.
 */
export function killRequest(
  { metadata, spec }: Pick<Task, "metadata" | "spec">,
  agent: Agent | undefined,
  slotEnding: boolean,
): KillRequest | undefined {
  if (spec.kill === undefined && metadata.deletionTimestamp === undefined) return undefined;
  const draining = agent?.spec.draining;
  const leaves = draining !== undefined || slotEnding || spec.kill?.reason === "REASON_AGENT_DRAINING";
  const preempted = spec.kill?.reason === "REASON_CONTAINER_PREEMPTED";
  const asked = preempted ? "preempt" : "request";
  const cause: KillCause = draining?.markGone ? "drainGone" : leaves ? "drain" : asked;
  const message = spec.kill?.message;
  return {
    cause,
    graceMs: graceOf(spec, spec.kill?.gracePeriod),
    ...(message !== undefined && { message }),
  };
}
