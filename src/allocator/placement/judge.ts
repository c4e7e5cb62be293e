/** Whether the constraints of a task hold on an agent, and how well. */
import type { TaskRequest } from "./request.ts";
import type { PlacementAgent, Situation } from "./situation.ts";
import type { TermContext } from "./terms.ts";

export interface Judge {
  /** Names of the hard constraints that fail there; empty: the agent will do. */
  failures(agent: PlacementAgent): readonly string[];
  /** The sum of what soft constraints give. */
  preference(agent: PlacementAgent): number;
}

const NONE: readonly string[] = [];
/** What fails on an agent that another task has for itself. */
export const KEPT = "Exclusive of another task";

/** Judges by the situation as it is when asked. */
export function judgeOf({ terms, tolerated }: TaskRequest, situation: Situation): Judge {
  const words = tolerated === undefined ? "" : [...tolerated].sort().join("\n");
  const context: TermContext = {
    situation,
    eligible: (agent) =>
      (terms?.admits(agent) ?? true) && (agent.taints ?? []).every((taint) => tolerated?.has(taint) ?? false),
    eligibility: `${terms?.key ?? ""}\n${words}`,
  };
  return {
    failures(agent) {
      if (situation.isClosed(agent.name)) return [KEPT];
      if (terms === undefined) return NONE;
      const failed = terms.hard.filter(({ score }) => score(agent, context) < 1);
      return failed.length === 0 ? NONE : failed.map(({ name }) => name);
    },
    preference: (agent) => terms?.soft.reduce((sum, { score }) => sum + score(agent, context), 0) ?? 0,
  };
}
