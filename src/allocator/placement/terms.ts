/**
 * What a task asks of its agent: of the agent alone, as offer constraints do, and of the tasks that run there and elsewhere, as
 * Marathon's (UNIQUE, MAX_PER, GROUP_BY, CLUSTER) and Fenzo's (unique, balanced, exclusive host) constraints do. Hard ones decide whether
 * an agent will do, soft ones which of those that will.
 */
import { ConstraintError, type ConstraintOperator, compileConstraint } from "../constraints.ts";
import {
  attributeText,
  type Eligible,
  type PeerAttribute,
  type PlacementAgent,
  peerAttribute,
  type Situation,
} from "./situation.ts";

/**
 * Unique: no peer on an agent with the same value. MaxPer: at most so many on agents with one value. Balanced: no value may have more than the one with the
 * fewest (GROUP_BY); with a number, so many values are expected. Cluster: all peers on agents of one value. Exclusive: nothing
 * else on the agent, nor later.
 */
export type PeerOperator = "Unique" | "MaxPer" | "Balanced" | "Cluster" | "Exclusive";
export type PlacementOperator = ConstraintOperator | PeerOperator;

export interface PlacementConstraint {
  /** An attribute's name, or HOSTNAME, REGION or ZONE. */
  readonly attribute: string;
  readonly operator: PlacementOperator;
  /** Text, an expression, or the number of MaxPer and Balanced. */
  readonly value?: string | undefined;
  /** The group whose tasks are the peers; a task's groups are in RunningTask and TaskRequest. "" if it is not said. */
  readonly peers?: string | undefined;
  readonly soft?: boolean | undefined;
}

/** One constraint, ready to be asked. */
export interface PlacementTerm {
  /** For people: "rack Unique". */
  readonly name: string;
  readonly soft: boolean;
  readonly exclusive: boolean;
  /** Where it compares all values: what it compares. */
  readonly balances?: PeerAttribute | undefined;
  /** How well an agent does, 0 to 1; below 1 a hard one fails. */
  readonly score: (agent: PlacementAgent, context: TermContext) => number;
}

export interface TermContext {
  readonly situation: Situation;
  readonly eligible: Eligible;
}

/** All constraints of one task. */
export interface PlacementTerms {
  readonly hard: readonly PlacementTerm[];
  readonly soft: readonly PlacementTerm[];
  readonly exclusive: boolean;
  /** The hard constraints that are about agents alone, as a test and as a text. */
  readonly admits: (agent: PlacementAgent) => boolean;
  readonly key: string;
}

/** Throws a ConstraintError. */
export function compileTerms(
  constraints: readonly PlacementConstraint[],
  field = "constraints",
): PlacementTerms {
  const tests: ((agent: PlacementAgent) => boolean)[] = [];
  const plain: PlacementConstraint[] = [];
  const terms = constraints.map((constraint, i): PlacementTerm => {
    const at = `${field}[${i}]`;
    const about = peerScore(constraint, at) ?? agentScore(constraint, at);
    if (about.test !== undefined && !constraint.soft) {
      tests.push(about.test);
      plain.push(constraint);
    }
    const { attribute, operator, value } = constraint;
    const name = [attribute, operator, ...(value === undefined ? [] : [value])].join(" ");
    const { score, balances } = about;
    return { name, soft: constraint.soft ?? false, exclusive: operator === "Exclusive", score, balances };
  });
  const hard = terms.filter(({ soft }) => !soft);
  return {
    hard,
    soft: terms.filter(({ soft }) => soft),
    exclusive: hard.some(({ exclusive }) => exclusive),
    admits: (agent) => tests.every((test) => test(agent)),
    key: JSON.stringify(plain.map(({ attribute, operator, value }) => [attribute, operator, value])),
  };
}

interface Compiled {
  readonly score: PlacementTerm["score"];
  readonly balances?: PeerAttribute;
  /** Of a constraint that is about the agent alone. */
  readonly test?: (agent: PlacementAgent) => boolean;
}

function agentScore(constraint: PlacementConstraint, field: string): Compiled {
  const { attribute, operator, value } = constraint;
  if (isPeerOperator(operator))
    throw new ConstraintError(field, `${operator} is no operator on an agent alone`);
  const test = compileConstraint({ attribute, operator, value }, field);
  return { test, score: (agent) => (test(agent) ? 1 : 0) };
}

const PEER_OPERATORS: ReadonlySet<string> = new Set(["Unique", "MaxPer", "Balanced", "Cluster", "Exclusive"]);

function isPeerOperator(operator: PlacementOperator): operator is PeerOperator {
  return PEER_OPERATORS.has(operator);
}

/** Undefined for a constraint that is about the agent alone. An agent that lacks the attribute does not do. */
function peerScore(
  { attribute, operator, value, peers = "" }: PlacementConstraint,
  field: string,
): Compiled | undefined {
  if (!isPeerOperator(operator)) return undefined;
  if (operator === "Exclusive")
    return { score: ({ name }, { situation }) => (situation.isOccupied(name) ? 0 : 1) };
  const most = operator === "Unique" ? 1 : numberOf(operator, value, field);
  const about = peerAttribute(peers, attribute);
  return {
    ...(operator === "Balanced" && { balances: about }),
    score: (agent, context) => {
      const mine = attributeText(agent, attribute);
      if (mine === undefined) return 0;
      const { situation, eligible } = context;
      const { byValue, all } = situation.counts(about);
      const here = byValue.get(mine) ?? 0;
      // The part of the peers that is at this value; all of none.
      if (operator === "Cluster") return all === 0 ? 1 : here / all;
      const least = operator === "Balanced" ? situation.fewest(about, most, eligible) : most - 1;
      return here <= least ? 1 : 1 / (1 + here - least);
    },
  };
}

function numberOf(operator: PeerOperator, value: string | undefined, field: string): number {
  if (operator === "Cluster" || (operator === "Balanced" && value === undefined)) return 0;
  if (value === undefined || !/^[1-9][0-9]{0,4}$/.test(value)) {
    throw new ConstraintError(`${field}.value`, `${operator} needs a number from 1 to 99999`);
  }
  return Number(value);
}
