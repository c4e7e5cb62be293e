/**
 * Offer constraints (Mesos 1.11, src/master/allocator/mesos/offer_constraints_filter.cpp): by role, one of several groups
 * must hold, and in it every constraint. Expressions are RE2's, which match in linear time.
 */
import { RE2JS } from "re2js";
import type { Attribute } from "../resources/index.ts";

export type ConstraintOperator =
  | "Exists"
  | "NotExists"
  | "TextEquals"
  | "TextNotEquals"
  | "TextMatches"
  | "TextNotMatches";

export interface AttributeConstraint {
  /** An attribute's name, or HOSTNAME, REGION or ZONE. */
  readonly attribute: string;
  readonly operator: ConstraintOperator;
  /** The text, or an expression for the whole of it. */
  readonly value?: string | undefined;
}

/** What constraints look at. */
export interface ConstrainedAgent {
  readonly name: string;
  readonly attributes: readonly Attribute[];
  readonly hostname?: string;
  readonly region?: string;
  readonly zone?: string;
}

/** A constraint that is none: `field` says which. */
export class ConstraintError extends Error {
  readonly field: string;
  constructor(field: string, reason: string, options?: ErrorOptions) {
    super(`${field}: ${reason}`, options);
    this.name = "ConstraintError";
    this.field = field;
  }
}

/** Mesos's --offer_constraints_re2_max_program_size. */
const MAX_PROGRAM_SIZE = 100;
const MAX_EXPRESSION_LENGTH = 1024;

type Test = (agent: ConstrainedAgent) => boolean;

/** Throws a ConstraintError; the result is pure. */
export function compileConstraint({ attribute, operator, value }: AttributeConstraint, field = ""): Test {
  const at = field === "" ? "value" : `${field}.value`;
  if (operator === "Exists") return (agent) => lookUp(agent, attribute) !== undefined;
  if (operator === "NotExists") return (agent) => lookUp(agent, attribute) === undefined;
  if (value === undefined) throw new ConstraintError(at, `${operator} needs a value`);
  const negative = operator === "TextNotEquals" || operator === "TextNotMatches";
  const equal =
    operator === "TextEquals" || operator === "TextNotEquals"
      ? (t: string) => t === value
      : matcher(value, at);
  return (agent) => {
    const found = lookUp(agent, attribute);
    if (found === undefined) return negative;
    // What is not text is left to the framework to judge, as in Mesos.
    return found === NOT_TEXT || equal(found) !== negative;
  };
}

const NOT_TEXT = Symbol("not text");

/** The first attribute of the name counts. */
function lookUp(agent: ConstrainedAgent, name: string): string | typeof NOT_TEXT | undefined {
  if (name === "HOSTNAME") return agent.hostname ?? agent.name;
  if (name === "REGION") return agent.region;
  if (name === "ZONE") return agent.zone;
  const value = agent.attributes.find((attribute) => attribute.name === name)?.value;
  if (value === undefined) return undefined;
  return value.kind === "text" ? value.text : NOT_TEXT;
}

function matcher(expression: string, field: string): (text: string) => boolean {
  if (expression.length > MAX_EXPRESSION_LENGTH) {
    throw new ConstraintError(field, `an expression has at most ${MAX_EXPRESSION_LENGTH} characters`);
  }
  let program: RE2JS;
  try {
    program = RE2JS.compile(expression);
  } catch (cause) {
    throw new ConstraintError(field, `'${expression}' is not an expression of RE2's syntax`, { cause });
  }
  if (program.programSize() > MAX_PROGRAM_SIZE) {
    throw new ConstraintError(
      field,
      `'${expression}' is too complex: its program has ${program.programSize()} steps, ${MAX_PROGRAM_SIZE} are allowed`,
    );
  }
  return (text) => program.testExact(text);
}

export interface RoleConstraints {
  readonly role: string;
  readonly groups: readonly { readonly constraints: readonly AttributeConstraint[] }[];
}

/** Compiled once, asked often. */
export class OfferConstraints {
  readonly #groups: ReadonlyMap<string, readonly (readonly Test[])[]>;
  /** By role, what its constraints look at. */
  readonly #attributes: ReadonlyMap<string, ReadonlySet<string>>;

  private constructor(
    groups: ReadonlyMap<string, readonly (readonly Test[])[]>,
    attributes: ReadonlyMap<string, ReadonlySet<string>>,
  ) {
    this.#groups = groups;
    this.#attributes = attributes;
  }

  /** Throws a ConstraintError for an empty list, an unknown syntax or an expression that is too complex. */
  static compile(list: readonly RoleConstraints[], field = "offerConstraints"): OfferConstraints {
    const byRole = new Map(
      list.map(({ role, groups }, i) => {
        if (groups.length === 0) throw new ConstraintError(`${field}[${i}].groups`, "must not be empty");
        return [
          role,
          groups.map(({ constraints }, g) => compileGroup(constraints, `${field}[${i}].groups[${g}]`)),
        ];
      }),
    );
    const attributes = list.map(({ role, groups }) => {
      const names = groups.flatMap(({ constraints }) => constraints.map(({ attribute }) => attribute));
      return [role, new Set(names)] as const;
    });
    return new OfferConstraints(byRole, new Map(attributes));
  }

  /** Whether the role has constraints at all. */
  constrains(role: string): boolean {
    return this.#groups.has(role);
  }

  /**
   * Whether the answer for the role may differ between agents that differ in nothing but their hostname. `names` are those of
   * attributes that tell it too.
   */
  looksAtHostname(role: string, names: ReadonlySet<string>): boolean {
    const attributes = this.#attributes.get(role);
    if (attributes === undefined) return false;
    return attributes.has("HOSTNAME") || [...names].some((name) => attributes.has(name));
  }

  /** Whether the role takes no offers of this agent; a role without constraints takes all. */
  excludes(role: string, agent: ConstrainedAgent): boolean {
    const groups = this.#groups.get(role);
    return groups !== undefined && !groups.some((tests) => tests.every((test) => test(agent)));
  }
}

function compileGroup(constraints: readonly AttributeConstraint[], field: string): Test[] {
  if (constraints.length === 0) throw new ConstraintError(`${field}.constraints`, "must not be empty");
  return constraints.map((constraint, i) => compileConstraint(constraint, `${field}.constraints[${i}]`));
}
