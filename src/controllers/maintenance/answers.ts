import type { MaintenanceStatus } from "../../api/agent.ts";
import { durationMs } from "../../api/duration.ts";
import type { Framework } from "../../api/framework.ts";
import type { Offer } from "../../api/offer.ts";
import type { Live } from "../../cluster/object.ts";
import { type Question, questionName } from "./question.ts";

/** What is known of one framework and one window, as Agent.status keeps it. */
export type Answer = MaintenanceStatus["frameworks"][number];

export interface RefusalRules {
  /** Default filter of a decline, for a framework that says nothing: 5s. */
  readonly refuse: string;
  /** Milliseconds from one answer to the next question, at least: in Mesos questions come with allocations. */
  readonly interval: number;
}

/** Mesos: hierarchical.cpp, updateInverseOffer. */
const LONGEST_REFUSAL = durationMs("365d");

export const unanswered = ({ metadata }: Live<Framework>): Answer => ({
  namespace: metadata.namespace ?? "",
  framework: metadata.name,
  id: metadata.uid,
  response: "UNKNOWN",
  asked: 0,
});

/**
 * `before` with the questions that have been closed since, each counted once: the next one's ordinal is `asked`. One that was rescinded
 * counts as asked and answers nothing.
 */
export function withClosed(
  before: Answer,
  question: Omit<Question, "ordinal">,
  closed: ReadonlyMap<string, Live<Offer>>,
  rules: RefusalRules,
): Answer {
  let answer = before;
  for (;;) {
    const offer = closed.get(questionName({ ...question, ordinal: answer.asked }));
    if (offer === undefined) return answer;
    answer = { ...answerOf(offer, answer, question.framework, rules), asked: answer.asked + 1 };
  }
}

function answerOf(
  { spec, status }: Live<Offer>,
  before: Answer,
  framework: Live<Framework>,
  { refuse, interval }: RefusalRules,
): Answer {
  const { state, closedAt } = status ?? {};
  if (closedAt === undefined || (state !== "Accepted" && state !== "Declined")) return before;
  const { askAgainAt: _, ...kept } = before;
  const said: Answer = { ...kept, at: closedAt, response: state === "Accepted" ? "ACCEPT" : "DECLINE" };
  const wish = (spec.response?.accept ?? spec.response?.decline)?.filters?.refuse;
  // Who has agreed has said all; a wish to be asked again is heeded.
  if (state === "Accepted" && wish === undefined) return said;
  const wait = durationMs(wish ?? framework.spec.refuse ?? refuse);
  const again = Date.parse(closedAt) + Math.min(LONGEST_REFUSAL, Math.max(wait, interval));
  return { ...said, askAgainAt: new Date(again).toISOString() };
}

/** From when on a framework may be asked, in ms; infinity: not any more. A revive ends inverse filters too (Mesos: reviveRoles). */
export function askableFrom(answer: Answer, { status }: Live<Framework>, interval: number): number {
  const { response, at, askAgainAt } = answer;
  if (response === "UNKNOWN" || at === undefined) return Number.NEGATIVE_INFINITY;
  const answered = Date.parse(at);
  const wish = askAgainAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(askAgainAt);
  // Of a revive only the second is known.
  const revived = Date.parse(status?.revivedAt ?? "") >= Math.floor(answered / 1000) * 1000;
  return revived ? Math.min(wish, answered + interval) : wish;
}

/** One that is away loses its filter (Mesos: deactivateFramework): when it is back it is asked, unless it has agreed. */
export function withoutFilter(answer: Answer): Answer {
  if (answer.askAgainAt === undefined || answer.at === undefined || answer.askAgainAt <= answer.at)
    return answer;
  return { ...answer, askAgainAt: answer.at };
}
