/** "Why is my task not placed?", answered from the same world that is allocated. Worked out only when asked. */
import type { AllocationOptions } from "./decision.ts";
import { engineOf } from "./engine/snapshot.ts";
import type { TaskRequest } from "./placement/request.ts";
import type { AllocationWorld, Withheld } from "./world.ts";

/** What a framework wants in a role. */
export interface Question extends TaskRequest {
  readonly framework: string;
  readonly role: string;
}

/** Of the role or the framework as a whole. */
export type Obstacle =
  | "UnknownFramework"
  | "FrameworkInactive"
  | "NotInRole"
  | "RoleSuppressed"
  | "OffersAtLimit"
  | "RoleOverLimit"
  | "HeldForGuarantees";

/** Of an agent. TooSmall: not even if nothing ran there. Short: not now. Reserved: there, but for other roles. */
export type AgentReason =
  | Withheld
  | "Taint"
  | "Constraint"
  | "Gpu"
  | "Region"
  | "TooSmall"
  | "Short"
  | "Reserved"
  | "Refused";

export interface Reason {
  readonly reason: Obstacle | AgentReason;
  readonly resource?: string;
  /** Of Constraint: which one, where it has a name ("rack Unique"). */
  readonly constraint?: string;
  /** How many agents; absent where it is about the role or the framework. */
  readonly agents?: number;
}

export interface Explanation {
  readonly agents: number;
  /** Agents that could be offered and would do. */
  readonly fitting: number;
  /** What is about the whole first, then by count; an agent short of two resources counts for both. */
  readonly reasons: readonly Reason[];
  /** One sentence. */
  readonly message: string;
}

/** Several questions about one world, which must not change in between, cost little more than one. */
export function explain(world: AllocationWorld, question: Question, options: AllocationOptions): Explanation {
  return engineOf(world).explain(question, options);
}

const SENTENCES: Readonly<Record<Obstacle | AgentReason, string>> = {
  UnknownFramework: "the framework is not known",
  FrameworkInactive: "the framework is not connected",
  NotInRole: "the framework is not in the role",
  RoleSuppressed: "the framework has suppressed the role",
  OffersAtLimit: "the framework has as many offers outstanding as it may",
  RoleOverLimit: "the role would be over its limit of {}",
  HeldForGuarantees: "{} is held for the guarantees of other roles",
  Cordoned: "cordoned",
  Draining: "draining",
  Disconnected: "disconnected",
  Maintenance: "in maintenance",
  Exclusive: "that one task has for itself",
  Taint: "with a taint that is not tolerated",
  Constraint: "outside the constraints",
  Gpu: "for frameworks with GPU_RESOURCES only",
  Region: "in another region",
  TooSmall: "too small in {}",
  Short: "short of {}",
  Reserved: "with {} reserved for other roles",
  Refused: "refused lately",
};

export function sentence(agents: number, fitting: number, reasons: readonly Reason[]): string {
  const say = ({ reason, resource, constraint, agents: some }: Reason) => {
    const text =
      constraint === undefined ? SENTENCES[reason].replace("{}", resource ?? "") : `outside ${constraint}`;
    return some === undefined ? text : `${some} ${text}`;
  };
  const whole = reasons.filter((reason) => reason.agents === undefined).map(say);
  const each = reasons.filter((reason) => reason.agents !== undefined).map(say);
  const head = agents === 0 ? "there is no agent" : `${fitting} of ${agents} agents would do`;
  return [...whole, each.length === 0 ? head : `${head}: ${each.join(", ")}`].join("; ");
}
