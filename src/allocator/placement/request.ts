/** A task to be placed, and an agent that it may be placed on. */
import type { Resources } from "../../resources/index.ts";
import type { ConstrainedAgent } from "../constraints.ts";
import type { PlacementAgent } from "./situation.ts";
import type { PlacementTerms } from "./terms.ts";

export interface TaskRequest {
  readonly id: string;
  /**
   * What is reserved or a volume is meant exactly; of all else the amount counts, whatever it is reserved to, and ranges are
   * meant exactly (ports 8080-8080).
   */
  readonly resources: Resources;
  /** So many ports, whichever are free, beside those in `resources`. */
  readonly portCount?: number;
  /** What else an agent must be like; absent: any agent will do. */
  readonly accepts?: (agent: ConstrainedAgent) => boolean;
  /** Names of the hard constraints that fail on an agent, for `explain`: a Judge's. */
  readonly failures?: (agent: PlacementAgent) => readonly string[];
  /** Constraints (`compileTerms`), for `place`. */
  readonly terms?: PlacementTerms;
  /** As of RunningTask, once it is placed. */
  readonly groups?: readonly string[];
  /** Taints, as in AgentState, that the task tolerates. */
  readonly tolerated?: ReadonlySet<string>;
}

/** Resources of one agent that may be used now, say of an offer. */
export interface Candidate {
  readonly agent: PlacementAgent;
  readonly role: string;
  readonly available: Resources;
  /** All that the agent has: what bin packing and spreading measure against. */
  readonly total: Resources;
}
