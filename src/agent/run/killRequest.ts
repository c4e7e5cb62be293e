import type { Agent } from "../../api/agent.ts";
import type { Task } from "../../api/task.ts";
import type { KillCause } from "../checkpoint/record.ts";
import { graceOf } from "../lifecycle/transition.ts";

export interface KillRequest {
  readonly cause: KillCause;
  readonly graceMs: number;
}

/**
 * What the API asks for: spec.kill, or the deletion of the Task. While the agent is drained, or its slot Pod is being ended, it counts as
 * part of that (Mesos's REASON_AGENT_DRAINING).
 */
export function killRequest(
  { metadata, spec }: Pick<Task, "metadata" | "spec">,
  agent: Agent | undefined,
  slotEnding: boolean,
): KillRequest | undefined {
  if (spec.kill === undefined && metadata.deletionTimestamp === undefined) return undefined;
  const draining = agent?.spec.draining;
  const cause: KillCause = draining?.markGone ? "drainGone" : draining || slotEnding ? "drain" : "request";
  return { cause, graceMs: graceOf(spec, spec.kill?.gracePeriod) };
}
