/** "Why is my task not placed?", answered from the same world that is allocated. Worked out only when asked. */
import type { Resources } from "../resources/index.ts";
import { at } from "./amounts.ts";
import type { AllocationOptions } from "./decision.ts";
import { ineligibility, visibilityMask, visible } from "./eligibility.ts";
import { type AgentBook, type Ledger, openLedger } from "./ledger.ts";
import { matchResources } from "./placement/match.ts";
import type { TaskRequest } from "./placement/request.ts";
import type { RoleNode } from "./roletree.ts";
import type { AllocationWorld, FrameworkState, Withheld } from "./world.ts";

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

export function explain(world: AllocationWorld, question: Question, options: AllocationOptions): Explanation {
  const ledger = openLedger(world);
  const framework = world.frameworks.find(({ id }) => id === question.framework);
  const counts = new Map<string, Reason>();
  let fitting = 0;
  for (const { withheld } of world.agents) if (withheld !== undefined) count(counts, withheld);
  for (const agent of ledger.agents) {
    const reasons = agentReasons(world, agent, question, framework, options);
    if (reasons.length === 0) fitting++;
    for (const { reason, resource } of reasons) count(counts, reason, resource);
  }
  const byCount = [...counts.values()].sort(
    (a, b) => (b.agents ?? 0) - (a.agents ?? 0) || (name(a) < name(b) ? -1 : 1),
  );
  const reasons = [...obstacles(ledger, question, framework, options), ...byCount];
  const agents = world.agents.length;
  return { agents, fitting, reasons, message: sentence(agents, fitting, reasons) };
}

function obstacles(
  ledger: Ledger,
  question: Question,
  framework: FrameworkState | undefined,
  options: AllocationOptions,
): Reason[] {
  const { role } = question;
  if (framework === undefined) return [{ reason: "UnknownFramework" }];
  const found: Reason[] = [];
  if (!framework.active) found.push({ reason: "FrameworkInactive" });
  if (!framework.roles.includes(role)) found.push({ reason: "NotInRole" });
  if (framework.suppressedRoles?.has(role)) found.push({ reason: "RoleSuppressed" });
  const most = framework.maxOffers ?? options.maxOffersPerFramework;
  if ((framework.offersOutstanding ?? 0) >= most) found.push({ reason: "OffersAtLimit" });
  return [...found, ...quotaObstacles(ledger, ledger.tree.get(role), question)];
}

function quotaObstacles({ index, quota }: Ledger, role: RoleNode, question: Question): Reason[] {
  const wanted = index.of(openAmounts(question));
  const [room, surplus, claim] = [quota.room(role), quota.surplus(), quota.claim(role)];
  return index.names.flatMap((resource, i): Reason[] => {
    if (at(wanted, i) > at(room, i)) return [{ reason: "RoleOverLimit", resource }];
    if (at(wanted, i) > at(surplus, i) + at(claim, i)) return [{ reason: "HeldForGuarantees", resource }];
    return [];
  });
}

/** What must come from unreserved resources if nothing is reserved for the role. */
function openAmounts({ resources, portCount }: Question): [string, number][] {
  const amounts = [...resources.unreserved().nonRevocable().quantities()];
  return portCount === undefined ? amounts : [...amounts, ["ports", portCount * 1000]];
}

type Found = { readonly reason: AgentReason; readonly resource?: string };

function agentReasons(
  world: AllocationWorld,
  { state, digest, available }: AgentBook,
  question: Question,
  framework: FrameworkState | undefined,
  { region, now }: AllocationOptions,
): Found[] {
  const { role } = question;
  const tolerated = question.tolerated ?? framework?.tolerated;
  if (state.taints?.some((taint) => !tolerated?.has(taint))) return [{ reason: "Taint" }];
  if (question.accepts?.(state) === false) return [{ reason: "Constraint" }];
  const barred = framework && ineligibility(framework, role, state, digest.hasGpus, region);
  if (barred !== undefined) return [{ reason: barred }];
  const mask = visibilityMask(framework?.capabilities ?? new Set());
  const reach = (resources: Resources) => visible(resources.allocatableTo(role), mask);
  const free = matchResources(reach(available), role, question);
  if (free.fits) {
    const refused = world.refusals.refuses(question.framework, role, state.name, reach(available), now);
    return refused ? [{ reason: "Refused" }] : [];
  }
  const empty = matchResources(reach(state.total), role, question);
  const whoever = matchResources(available.toUnreserved(), role, question);
  return free.short.map((resource) => {
    if (!whoever.fits && whoever.short.includes(resource)) {
      return { reason: !empty.fits && empty.short.includes(resource) ? "TooSmall" : "Short", resource };
    }
    return { reason: "Reserved", resource };
  });
}

function count(counts: Map<string, Reason>, reason: AgentReason, resource?: string): void {
  const key = `${reason} ${resource}`;
  const agents = (counts.get(key)?.agents ?? 0) + 1;
  counts.set(key, { reason, agents, ...(resource !== undefined && { resource }) });
}

function name({ reason, resource = "" }: Reason): string {
  return `${reason} ${resource}`;
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
  Taint: "with a taint that is not tolerated",
  Constraint: "outside the constraints",
  Gpu: "for frameworks with GPU_RESOURCES only",
  Region: "in another region",
  TooSmall: "too small in {}",
  Short: "short of {}",
  Reserved: "with {} reserved for other roles",
  Refused: "refused lately",
};

function sentence(agents: number, fitting: number, reasons: readonly Reason[]): string {
  const say = ({ reason, resource, agents: some }: Reason) => {
    const text = SENTENCES[reason].replace("{}", resource ?? "");
    return some === undefined ? text : `${some} ${text}`;
  };
  const whole = reasons.filter((reason) => reason.agents === undefined).map(say);
  const each = reasons.filter((reason) => reason.agents !== undefined).map(say);
  const head = agents === 0 ? "there is no agent" : `${fitting} of ${agents} agents would do`;
  return [...whole, each.length === 0 ? head : `${head}: ${each.join(", ")}`].join("; ");
}
