/** "Why is my task not placed?" out of the books: see ../explain.ts. Amounts decide for most agents, the algebra for the rest. */
import { isStrictSubroleOf, type Resources } from "../../resources/index.ts";
import type { AllocationOptions } from "../decision.ts";
import type { AgentDigest } from "../digest.ts";
import { ineligibility, visibilityMask, visible } from "../eligibility.ts";
import { type AgentReason, type Explanation, type Question, type Reason, sentence } from "../explain.ts";
import { matchResources } from "../placement/match.ts";
import type { Stepwise } from "../stepwise.ts";
import { type Stratum, strataOf } from "../strata.ts";
import type { AgentState, FrameworkState, Refusals } from "../world.ts";
import type { Books } from "./books.ts";
import type { Declined } from "./declined.ts";
import { obstacles } from "./obstacles.ts";

export interface ExplainedParts {
  readonly books: Books;
  readonly declined: Declined;
  readonly oracle: Refusals | undefined;
}

type Found = Omit<Reason, "reason" | "agents"> & { readonly reason: AgentReason };

/** Agents between two turns of others. */
const STRIDE = 16;

/** What is told meanwhile may be taken in: of each agent it is what was so when its turn came. */
export function* explainFrom(
  parts: ExplainedParts,
  question: Question,
  options: AllocationOptions,
): Stepwise<Explanation> {
  const { books } = parts;
  const framework = books.clients.byId.get(question.framework)?.state;
  const why = new AgentReasons(parts, question, framework, options);
  const counts = new Map<Found, number>();
  let fitting = 0;
  let agents = 0;
  for (let agent = 0; agent < books.fleet.length; agent++) {
    if (agent % STRIDE === 0) yield;
    const state = books.fleet.states[agent];
    if (state === undefined) continue;
    agents++;
    const reasons = state.withheld === undefined ? why.of(agent, state) : [why.found(state.withheld)];
    if (reasons.length === 0) fitting++;
    for (const found of reasons) counts.set(found, (counts.get(found) ?? 0) + 1);
  }
  const byCount: Reason[] = Array.from(counts, ([found, agents]) => ({ ...found, agents }));
  byCount.sort((a, b) => (b.agents ?? 0) - (a.agents ?? 0) || (name(a) < name(b) ? -1 : 1));
  const reasons = [...obstacles(books, question, framework, options), ...byCount];
  return { agents, fitting, reasons, message: sentence(agents, fitting, reasons) };
}

function name({ reason, resource = "", constraint = "" }: Found | Reason): string {
  return `${reason} ${resource} ${constraint}`;
}

interface Amount {
  readonly resource: string;
  readonly milli: number;
  readonly slot: number;
  readonly reserved: Found;
  readonly short: Found;
  readonly tooSmall: Found;
}

const NOTHING: readonly Found[] = [];

class AgentReasons {
  readonly #parts: ExplainedParts;
  readonly #question: Question;
  readonly #framework: FrameworkState | undefined;
  readonly #options: AllocationOptions;
  readonly #founds = new Map<string, Found>();
  readonly #mask: number;
  /** What is wanted by name, if that is all that is wanted. */
  readonly #amounts: readonly Amount[] | undefined;

  constructor(
    parts: ExplainedParts,
    question: Question,
    framework: FrameworkState | undefined,
    options: AllocationOptions,
  ) {
    this.#parts = parts;
    this.#question = question;
    this.#framework = framework;
    this.#options = options;
    this.#mask = visibilityMask(framework?.capabilities ?? new Set());
    this.#amounts = plainAmounts(question)?.map(([resource, milli]) => ({
      resource,
      milli,
      slot: parts.books.space.slot(resource),
      reserved: this.found("Reserved", resource),
      short: this.found("Short", resource),
      tooSmall: this.found("TooSmall", resource),
    }));
  }

  /** One object for each, so that they can be counted. */
  found(reason: AgentReason, resource = "", constraint = ""): Found {
    const key = `${reason} ${resource} ${constraint}`;
    const known = this.#founds.get(key);
    if (known !== undefined) return known;
    const found: Found = {
      reason,
      ...(resource !== "" && { resource }),
      ...(constraint !== "" && { constraint }),
    };
    this.#founds.set(key, found);
    return found;
  }

  of(agent: number, state: AgentState): readonly Found[] {
    const { role, tolerated = this.#framework?.tolerated, accepts, failures } = this.#question;
    const { books } = this.#parts;
    const digest = books.fleet.digests[agent];
    if (digest === undefined) return NOTHING;
    if (state.taints?.some((taint) => !tolerated?.has(taint))) return [this.found("Taint")];
    if (accepts?.(state) === false) return [this.found("Constraint")];
    const failed = failures?.(state) ?? [];
    if (failed.length > 0) return failed.map((constraint) => this.found("Constraint", "", constraint));
    const barred =
      this.#framework && ineligibility(this.#framework, role, state, digest.hasGpus, this.#options.region);
    if (barred !== undefined) return [this.found(barred)];
    const short =
      this.#amounts === undefined
        ? this.#shortByAlgebra(agent, state)
        : this.#shortByAmounts(agent, state, digest, this.#amounts);
    if (short.length > 0) return short;
    return this.#isRefused(agent, state) ? [this.found("Refused")] : NOTHING;
  }

  #shortByAmounts(
    agent: number,
    { total }: AgentState,
    digest: AgentDigest,
    amounts: readonly Amount[],
  ): readonly Found[] {
    let short: Found[] | undefined;
    const { fleet } = this.#parts.books;
    const available = fleet.available[agent] ?? total;
    const { simple } = digest;
    for (const amount of amounts) {
      const { resource, milli, slot } = amount;
      const free = simple ? fleet.free.get(agent, slot) : this.#sum(strataOf(available), resource, false);
      if (free >= milli) continue;
      short ??= [];
      if (!simple && this.#sum(strataOf(available), resource, true) >= milli) short.push(amount.reserved);
      else if (this.#inAll(total, digest, resource) >= milli) short.push(amount.short);
      else short.push(amount.tooSmall);
    }
    return short ?? NOTHING;
  }

  #inAll(total: Resources, { bare, totalScalars }: AgentDigest, resource: string): number {
    const scalar = bare ? totalScalars.get(resource) : 0;
    return scalar > 0 ? scalar : this.#sum(strataOf(total), resource, false);
  }

  #sum(strata: readonly Stratum[], resource: string, whoever: boolean): number {
    let sum = 0;
    for (const { role, refined, amounts } of strata) {
      if (!whoever && role !== undefined && !this.#reaches(role, refined)) continue;
      sum += amounts.get(resource);
    }
    return sum;
  }

  #reaches(reserved: string, refined: boolean): boolean {
    const { role } = this.#question;
    if (refined && (this.#mask & 4) === 0) return false;
    return role === reserved || isStrictSubroleOf(role, reserved);
  }

  #shortByAlgebra(agent: number, state: AgentState): readonly Found[] {
    const { role } = this.#question;
    const available = this.#parts.books.fleet.available[agent] ?? state.total;
    const free = matchResources(this.#reach(available), role, this.#question);
    if (free.fits) return NOTHING;
    const empty = matchResources(this.#reach(state.total), role, this.#question);
    const whoever = matchResources(available.toUnreserved(), role, this.#question);
    return free.short.map((resource) => {
      const isReserved = whoever.fits || !whoever.short.includes(resource);
      if (isReserved) return this.found("Reserved", resource);
      return this.found(!empty.fits && empty.short.includes(resource) ? "TooSmall" : "Short", resource);
    });
  }

  #reach(resources: Resources): Resources {
    return visible(resources.allocatableTo(this.#question.role), this.#mask);
  }

  #isRefused(agent: number, state: AgentState): boolean {
    const { books, declined, oracle } = this.#parts;
    const { framework, role } = this.#question;
    const available = books.fleet.available[agent];
    if (available === undefined || (oracle === undefined && !declined.has(agent))) return false;
    const plain = books.fleet.digests[agent]?.plain ?? false;
    const offered = plain ? available : this.#reach(available);
    const client = books.clients.find(framework, role);
    if (client !== undefined && declined.refuses(agent, client, offered)) return true;
    return oracle?.refuses(framework, role, state.name, offered, this.#options.now) ?? false;
  }
}

/** Undefined if more is asked for than scalars and any ports. */
function plainAmounts({ resources, portCount }: Question): (readonly [string, number])[] | undefined {
  const amounts = new Map<string, number>();
  for (const { name, value, reservations, disk, revocable, shared } of resources) {
    if (value.kind !== "scalar" || reservations.length > 0 || disk !== undefined) return undefined;
    if (revocable || shared) return undefined;
    amounts.set(name, value.milli);
  }
  if (portCount !== undefined && portCount > 0) {
    if (amounts.has("ports")) return undefined;
    amounts.set("ports", portCount * 1000);
  }
  return [...amounts];
}
