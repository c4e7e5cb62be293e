import type { Agent } from "../../api/agent.ts";
import type { Node } from "../../cluster/core.ts";
import type { Live } from "../../cluster/object.ts";

/**
 * alive: the agent alone says what becomes of its tasks. lapsed: it has not shown itself for too long and may come back.
 * gone: it will not; its Node or its Agent object was deleted.
 */
export type Presence = "alive" | "lapsed" | "gone";

export interface PresenceFacts {
  readonly agent: Live<Agent> | undefined;
  readonly node: Live<Node> | undefined;
  readonly lease: "fresh" | "lapsed" | "absent" | "unknown";
  /** Milliseconds for which the Lease has been absent. */
  readonly absentFor: number;
  /** Milliseconds after which an agent without a sign of life is away. */
  readonly timeout: number;
}

export function presenceOf({ agent, node, lease, absentFor, timeout }: PresenceFacts): Presence {
  if (lease === "fresh" || lease === "unknown") return "alive";
  // An agent that starts makes its Agent object before its Lease.
  if (lease === "absent" && absentFor < timeout) return "alive";
  const removed = node === undefined || agent === undefined || agent.metadata.deletionTimestamp !== undefined;
  return removed ? "gone" : "lapsed";
}
