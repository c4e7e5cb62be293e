/** Which of the agents that a task fits on it goes to. */
import type { Quantities } from "../../resources/index.ts";
import type { Candidate, TaskRequest } from "./request.ts";

export interface Fit {
  readonly candidate: Candidate;
  readonly request: TaskRequest;
  /** Scalars of the agent that are in use once the task is there. */
  readonly used: Quantities;
  readonly total: Quantities;
}

export interface PlacementPolicy {
  readonly name: "first-fit" | "bin-pack" | "spread";
  /** The highest score wins, among equals the first candidate. */
  score(fit: Fit): number;
}

const MEASURED = ["cpus", "mem"];

/** The mean of how much of cpus and mem is used, 0 to 1. */
function fullness({ used, total }: Fit): number {
  const parts = MEASURED.filter((name) => total.get(name) > 0).map(
    (name) => used.get(name) / total.get(name),
  );
  return parts.reduce((sum, part) => sum + part, 0) / Math.max(1, parts.length);
}

export const firstFit: PlacementPolicy = { name: "first-fit", score: () => 0 };
/** Fills the fullest agents, so that others stay free for large tasks. */
export const binPack: PlacementPolicy = { name: "bin-pack", score: fullness };
/** Takes the emptiest agent. */
export const spread: PlacementPolicy = { name: "spread", score: (fit) => -fullness(fit) };

export function placementPolicy(name: PlacementPolicy["name"]): PlacementPolicy {
  return { "first-fit": firstFit, "bin-pack": binPack, spread }[name];
}
