import type { Explanation, Reason } from "../../allocator/index.ts";

/** What the condition Placed says of a task that waits. */
export interface WaitingReason {
  readonly reason: string;
  readonly message: string;
}

/** One word for all agents together: what stands in the way whoever the agent is, else what most agents lack. */
export function waitingReason(explanation: Explanation): WaitingReason {
  return { reason: word(explanation), message: explanation.message };
}

function word({ agents, fitting, reasons }: Explanation): string {
  const obstacle = reasons.find((reason) => reason.agents === undefined);
  if (obstacle !== undefined) return obstacle.reason;
  if (agents === 0) return "NoAgents";
  if (fitting > 0) return "Waiting";
  const words = new Set(reasons.map(({ reason }) => group(reason)));
  const [only] = words;
  return words.size === 1 && only !== undefined ? only : "NoAgentFits";
}

function group(reason: Reason["reason"]): string {
  if (reason === "Short" || reason === "TooSmall" || reason === "Reserved") return "InsufficientResources";
  if (reason === "Taint") return "UntoleratedTaint";
  if (reason === "Constraint") return "ConstraintNotMet";
  return `Agent${reason}`;
}
