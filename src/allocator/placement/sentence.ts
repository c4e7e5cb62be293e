/** Why a task was not placed, for people. */
import type { Misfit } from "./place.ts";

/** "none of 5 agents will do: 3 short of cpus, 2 outside rack Unique, 1 with a taint"; most frequent first. */
export function misfitSentence(misfits: readonly Misfit[], agents: number): string {
  if (agents === 0) return "there is no agent";
  const parts = [...misfits]
    .sort((a, b) => b.agents - a.agents)
    .map(({ reason, resource, constraint, agents: some }) => {
      if (reason === "Short") return `${some} short of ${resource}`;
      if (reason === "Taint") return `${some} with a taint that is not tolerated`;
      return `${some} outside ${constraint ?? "the constraints"}`;
    });
  return `none of ${agents} agents will do: ${parts.join(", ")}`;
}
