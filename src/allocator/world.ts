/**
 * What the allocator is told: plain data. `allocate` (allocate.ts) decides whom to offer what, `explain` (explain.ts) says why a
 * request gets nothing, `sharesOf` (shares.ts) tells who has how much; all only read it. Keep an AgentState that has not
 * changed as the same object from one world to the next: what is worked out of it is kept with it.
 */
import type { Attribute, Limits, Quantities, Resources } from "../resources/index.ts";
import type { OfferConstraints } from "./constraints.ts";

export type Capability =
  | "MULTI_ROLE"
  | "GPU_RESOURCES"
  | "REVOCABLE_RESOURCES"
  | "SHARED_RESOURCES"
  | "RESERVATION_REFINEMENT"
  | "PARTITION_AWARE"
  | "TASK_KILLING_STATE"
  | "REGION_AWARE";

/** Why an agent gets no offers whoever asks. Exclusive: a task has it for itself. */
export type Withheld = "Cordoned" | "Draining" | "Disconnected" | "Maintenance" | "Exclusive";

/** Held by tasks, executors and operations, or by an outstanding offer: both are gone for others. */
export interface Allocation {
  readonly framework: string;
  readonly role: string;
  readonly resources: Resources;
}

export interface AgentState {
  readonly name: string;
  /** All that may be offered, with its reservations and volumes; shared volumes once. */
  readonly total: Resources;
  readonly allocations: readonly Allocation[];
  readonly attributes: readonly Attribute[];
  readonly hostname?: string;
  readonly region?: string;
  readonly zone?: string;
  readonly withheld?: Withheld;
  /** Taints as opaque words, say `key=value:NoSchedule`; only frameworks that tolerate all are offered the agent. */
  readonly taints?: readonly string[];
}

export interface RoleState {
  readonly path: string;
  /** Against its siblings; above 0. A role that is not listed has 1. */
  readonly weight: number;
}

/** Of a role with all below it; ports count one by one. Any role may have one, at every depth of the tree. */
export interface QuotaState {
  readonly role: string;
  readonly guarantees: Quantities;
  readonly limits: Limits;
}

export interface FrameworkState {
  /** Unique in the world, and the last tie-breaker. */
  readonly id: string;
  readonly roles: readonly string[];
  readonly suppressedRoles?: ReadonlySet<string>;
  readonly capabilities: ReadonlySet<Capability>;
  /** Connected and not being removed. */
  readonly active: boolean;
  readonly tolerated?: ReadonlySet<string>;
  readonly constraints?: OfferConstraints;
  /** By role: an offer has all of one of these. A role that is missing takes the option's. */
  readonly minAllocatable?: ReadonlyMap<string, readonly Quantities[]>;
  readonly offersOutstanding?: number;
  /** Instead of the option maxOffersPerFramework. */
  readonly maxOffers?: number;
  /** By role, how many offers were ever made: among equal shares the one with fewer comes first. */
  readonly offersMade?: ReadonlyMap<string, number>;
}

/** Declined resources that are not offered again yet: see filters.ts. */
export interface Refusals {
  refuses(framework: string, role: string, agent: string, offered: Resources, now: number): boolean;
}

export interface AllocationWorld {
  readonly agents: readonly AgentState[];
  readonly roles: readonly RoleState[];
  readonly quotas: readonly QuotaState[];
  readonly frameworks: readonly FrameworkState[];
  readonly refusals: Refusals;
}
