/**
 * What taking back is decided from: plain data, made anew for each decision. Amounts are scalars in milli-units. Times are
 * milliseconds of one clock, which is passed in.
 */
import type { Quantities } from "../../resources/index.ts";

/** A task that holds something, of whatever role; what does not run in gangs is a gang of its own. */
export interface HeldTask {
  readonly id: string;
  readonly role: string;
  readonly agent: string;
  readonly resources: Quantities;
  /** Lower is taken first. */
  readonly priority: number;
  readonly startedAt: number;
  /** Tasks of one gang are taken together or not at all. */
  readonly gang?: string;
  /** The framework has said that it may be taken back. A gang is revocable if all its tasks are. */
  readonly revocable: boolean;
  /** It is being killed already, by whomever: what it holds comes free without anyone's doing. */
  readonly ending?: boolean;
  /** Id of the executor that runs it. */
  readonly executor?: string;
}

/** A task that waits, of a role that could use more. Leave out what limits forbid the role. */
export interface Demand {
  readonly id: string;
  readonly role: string;
  /** On one agent. */
  readonly resources: Quantities;
  /** Demands of one gang are met together or not at all. */
  readonly gang?: string;
  /** Constraints and taints; absent: any agent. */
  readonly admits?: (agent: string) => boolean;
}

export interface ReclaimSnapshot {
  /** Of all agents. */
  readonly total: Quantities;
  /** Agents that may be offered, with what is free or offered but not accepted there, and not reserved. */
  readonly agents: readonly { readonly name: string; readonly free: Quantities }[];
  /** A role that is missing has weight 1. */
  readonly roles: readonly { readonly path: string; readonly weight: number }[];
  readonly guarantees: readonly { readonly role: string; readonly guarantees: Quantities }[];
  readonly tasks: readonly HeldTask[];
  /** Executors that hold something themselves: taken with the last of their tasks, or alone when they have none. */
  readonly executors?: readonly HeldTask[];
  /** Of one role in the order in which it wants them. */
  readonly demand: readonly Demand[];
}
