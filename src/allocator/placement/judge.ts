/** Whether the constraints of a task hold on an agent, and how well. */

import type { Stepwise } from "../stepwise.ts";
import type { TaskRequest } from "./request.ts";
import type { Eligible, PlacementAgent, Situation } from "./situation.ts";
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

/** Whom a request's hard constraints on agents alone and its tolerations let it have. */
function eligibleFor({ terms, tolerated }: TaskRequest): Eligible {
  const words = tolerated === undefined ? "" : [...tolerated].sort().join("\n");
  return {
    admits: (agent) =>
      (terms?.admits(agent) ?? true) && (agent.taints ?? []).every((taint) => tolerated?.has(taint) ?? false),
    key: `${terms?.key ?? ""}\n${words}`,
  };
}

/** As `judgeOf`, and what it has to find out of all agents is found in steps. */
export function* judgeStepwise(request: TaskRequest, situation: Situation): Stepwise<Judge> {
  const { hard = [], soft = [] } = request.terms ?? {};
  if (hard.length + soft.length > 0) yield* situation.load();
  for (const { balances } of [...hard, ...soft]) {
    if (balances !== undefined) yield* situation.gather(balances, eligibleFor(request));
  }
  return judgeOf(request, situation);
}

/** Judges by the situation as it is when asked. */
export function judgeOf(request: TaskRequest, situation: Situation): Judge {
  const { terms } = request;
  const context: TermContext = { situation, eligible: eligibleFor(request) };
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
