import type { Agent } from "../../api/agent.ts";
import type { Framework } from "../../api/framework.ts";
import type { Live } from "../../cluster/object.ts";
import type { Resources } from "../../resources/index.ts";
import { isOpenInverse } from "../caches.ts";
import type { Closing } from "../offer/closer.ts";
import { type Answer, type RefusalRules, unanswered, withClosed, withoutFilter } from "./answers.ts";
import type { MaintenanceFacts } from "./facts.ts";
import { type Question, questionName } from "./question.ts";
import { phaseOf } from "./window.ts";

/** A framework that runs tasks there, or has been asked, and the question that is its turn. */
export interface Case {
  /** "namespace/name" of that question's Offer. */
  readonly key: string;
  readonly question: Question;
  readonly answer: Answer;
  /** Undefined: it has nothing there. */
  readonly resources: Resources | undefined;
}

export function casesOf(
  { uses, framework, inverse }: MaintenanceFacts,
  before: readonly Answer[],
  about: Omit<Question, "framework" | "ordinal">,
  rules: RefusalRules,
): Case[] {
  const answers = new Map(before.map((one) => [`${one.namespace}/${one.framework}`, one]));
  const closed = new Map(
    inverse.filter((offer) => !isOpenInverse(offer)).map((offer) => [offer.metadata.name, offer]),
  );
  return [...new Set([...uses.keys(), ...answers.keys()])].sort().flatMap((id) => {
    const asked = framework(id);
    if (asked === undefined) return [];
    const last = answers.get(id);
    const known = last?.id === asked.metadata.uid ? last : unanswered(asked);
    const folded = withClosed(known, { ...about, framework: asked }, closed, rules);
    const answer = isThere(asked) ? folded : withoutFilter(folded);
    const question = { ...about, framework: asked, ordinal: answer.asked };
    const key = `${asked.metadata.namespace ?? ""}/${questionName(question)}`;
    return [{ key, question, answer, resources: uses.get(id) }];
  });
}

const isThere = ({ metadata, status }: Live<Framework>): boolean =>
  status?.connected === true && metadata.deletionTimestamp === undefined;

/** Why a framework is not asked now, as the closing of the question that it may have. */
export function obstacle({ now }: MaintenanceFacts, agent: Live<Agent>, one: Case): Closing | undefined {
  const { question, resources } = one;
  const { name } = agent.metadata;
  const rescinded = (reason: string, message: string): Closing => ({ state: "Rescinded", reason, message });
  if (phaseOf(question.window, now) === "Over") {
    return { state: "Expired", reason: "MaintenanceOver", message: "the window is over" };
  }
  if (agent.spec.draining) return rescinded("Draining", `the tasks on ${name} are being killed`);
  if (question.framework.metadata.deletionTimestamp !== undefined) {
    return rescinded("FrameworkRemoved", "the framework is being removed");
  }
  if (!isThere(question.framework)) {
    return rescinded("FrameworkDisconnected", "the framework is not connected");
  }
  if (resources === undefined) return rescinded("NothingLeft", `the framework has no tasks left on ${name}`);
  return undefined;
}
