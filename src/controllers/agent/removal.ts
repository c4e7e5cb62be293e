import { AGENT_FINALIZER } from "../../api/group.ts";
import type { Presence } from "./presence.ts";
import type { AgentSnapshot } from "./snapshot.ts";

/** What is to be done about the Agent object itself. */
export type RemovalStep = "keep" | "hold" | "delete" | "release";

/**
 * An Agent whose Node was deleted goes once its Lease has lapsed; deleted by whomever, it stays until each of its tasks and executors has ended. (An
 * agent program that is still there makes its object again.)
 */
export function removalStep(
  { agent, node, tasks, executors }: AgentSnapshot,
  presence: Presence,
): RemovalStep {
  if (agent === undefined) return "keep";
  const held = agent.metadata.finalizers?.includes(AGENT_FINALIZER) === true;
  if (agent.metadata.deletionTimestamp !== undefined) {
    return held && tasks.length + executors.length === 0 ? "release" : "keep";
  }
  if (node === undefined && presence === "gone") return "delete";
  return held ? "keep" : "hold";
}
