/** Which of the agents that a task fits on it goes to (Fenzo's fitness calculators: bin packing and spreading by cpu, memory, both). */
import type { Quantities } from "../../resources/index.ts";
import type { Candidate, TaskRequest } from "./request.ts";

export interface Fit {
  readonly candidate: Candidate;
  readonly request: TaskRequest;
  /** Scalars of the agent that are in use once the task is there. */
  readonly used: Quantities;
  readonly total: Quantities;
}

export type PlacementPolicyName =
  | "first-fit"
  | "bin-pack"
  | "bin-pack-cpu"
  | "bin-pack-mem"
  | "spread"
  | "spread-cpu"
  | "spread-mem";

export interface PlacementPolicy {
  readonly name: PlacementPolicyName;
  /** The highest score wins, among equals the first candidate. */
  score(fit: Fit): number;
}

/** The mean of how much of each is used, 0 to 1; what an agent has none of does not count. */
function fullness({ used, total }: Fit, names: readonly string[]): number {
  const measured = names.filter((name) => total.get(name) > 0);
  const sum = measured.reduce((parts, name) => parts + used.get(name) / total.get(name), 0);
  return sum / Math.max(1, measured.length);
}

const BOTH = ["cpus", "mem"];

/** Fills the fullest agents, so that others stay free for large tasks. */
const packing = (name: PlacementPolicyName, names: readonly string[]): PlacementPolicy => ({
  name,
  score: (fit) => fullness(fit, names),
});
/** Takes the emptiest agent. */
const spreading = (name: PlacementPolicyName, names: readonly string[]): PlacementPolicy => ({
  name,
  score: (fit) => -fullness(fit, names),
});

const POLICIES: Readonly<Record<PlacementPolicyName, PlacementPolicy>> = {
  "first-fit": { name: "first-fit", score: () => 0 },
  "bin-pack": packing("bin-pack", BOTH),
  "bin-pack-cpu": packing("bin-pack-cpu", ["cpus"]),
  "bin-pack-mem": packing("bin-pack-mem", ["mem"]),
  spread: spreading("spread", BOTH),
  "spread-cpu": spreading("spread-cpu", ["cpus"]),
  "spread-mem": spreading("spread-mem", ["mem"]),
};

export function placementPolicy(name: PlacementPolicyName): PlacementPolicy {
  return POLICIES[name];
}
