import type { MaintenanceStatus } from "../../api/agent.ts";
import type { Offer } from "../../api/offer.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import type { Resources } from "../../resources/index.ts";
import { isOpenInverse } from "../caches.ts";
import type { Closing } from "../offer/closer.ts";
import { offerFramework } from "../world/agentview.ts";
import { type Answer, askableFrom, type RefusalRules } from "./answers.ts";
import { type Case, casesOf, obstacle } from "./cases.ts";
import type { MaintenanceFacts } from "./facts.ts";
import type { Question } from "./question.ts";
import { endOf, phaseOf, sameWindow, startOf, unavailabilityOf, type Window } from "./window.ts";

export interface OfferClosing {
  readonly offer: Live<Offer>;
  readonly closing: Closing;
}

/** What is to be done, in this order: what is closed has to be known before anybody is asked. */
export interface MaintenancePlan {
  /** Of inverse and of ordinary Offers. */
  readonly close: readonly OfferClosing[];
  /** Agent.status.maintenance; undefined: none. */
  readonly status: MaintenanceStatus | undefined;
  readonly ask: readonly { readonly question: Question; readonly resources: Resources }[];
  /** Closed inverse offers whose outcome is in the status, newer ones being there. */
  readonly forget: readonly Live<Offer>[];
  /** Wall clock, ms: when time alone changes something. */
  readonly lookAgainAt: number | undefined;
}

/**
 * One inverse offer at a time for each connected framework with live tasks on an agent whose maintenance is planned, until it has answered
 * (Mesos: hierarchical.cpp, generateInverseOffers and updateInverseOffer; master.cpp, updateUnavailability). Pure.
 */
export function decideMaintenance(facts: MaintenanceFacts, rules: RefusalRules): MaintenancePlan {
  const { agent, now } = facts;
  const window = agent?.metadata.deletionTimestamp === undefined ? agent?.spec.maintenance : undefined;
  const told = agent && unavailabilityOf(agent, now);
  const close = facts.offers
    .filter(({ spec }) => !sameWindow(spec.unavailability, told))
    .map((offer) => ({ offer, closing: CHANGED }));
  if (agent === undefined || window === undefined) {
    const why = agent === undefined || agent.metadata.deletionTimestamp ? REMOVED : WITHDRAWN;
    const open = facts.inverse.filter(isOpenInverse);
    return {
      close: [...close, ...open.map((offer) => ({ offer, closing: answered(offer) ?? why }))],
      status: undefined,
      ask: [],
      forget: [],
      lookAgainAt: undefined,
    };
  }
  const { start, duration } = window;
  const unavailability = { start, ...(duration !== undefined && { duration }) };
  const known = agent.status?.maintenance;
  const before = sameWindow(known?.unavailability, window) ? known : undefined;
  const generation = before?.generation ?? agent.metadata.generation ?? 0;
  const phase = phaseOf(window, now);
  const cases = casesOf(
    facts,
    before?.frameworks ?? [],
    { agent, window: unavailability, generation },
    rules,
  );
  const current = new Map(cases.map((one) => [one.key, one]));
  for (const offer of facts.inverse.filter(isOpenInverse)) {
    const one = current.get(keyOf(offer.metadata));
    const stale = facts.framework(offerFramework(offer)) === undefined ? ORPHANED : CHANGED;
    const closing = answered(offer) ?? (one ? obstacle(facts, agent, one) : stale) ?? lapsed(offer, now);
    if (closing !== undefined) close.push({ offer, closing });
  }
  const open = new Set(facts.inverse.filter(isOpenInverse).map(({ metadata }) => keyOf(metadata)));
  const askable = cases.filter((one) => !open.has(one.key) && obstacle(facts, agent, one) === undefined);
  const times = askable.map(({ answer, question }) =>
    askableFrom(answer, question.framework, rules.interval),
  );
  const ask = askable.flatMap(({ question, resources }, i) =>
    resources !== undefined && (times[i] ?? 0) <= now ? [{ question, resources }] : [],
  );
  return {
    close,
    status: {
      unavailability,
      generation,
      phase,
      frameworks: cases
        .filter(({ answer, resources }) => resources !== undefined || answer.response !== "UNKNOWN")
        .map(({ answer }) => answer)
        .slice(0, MOST),
    },
    ask,
    forget: forgettable(facts.inverse, before?.frameworks ?? [], cases),
    lookAgainAt: nextTime(now, [...times, ...edges(unavailability, facts.inverse)]),
  };
}

/** What Agent.status takes. */
const MOST = 1024;

const CHANGED: Closing = {
  state: "Rescinded",
  reason: "MaintenanceChanged",
  message: "the agent's planned maintenance has changed",
};
const WITHDRAWN: Closing = {
  state: "Rescinded",
  reason: "MaintenanceWithdrawn",
  message: "the agent's maintenance is no longer planned",
};
const ORPHANED: Closing = {
  state: "Rescinded",
  reason: "FrameworkRemoved",
  message: "the framework is gone",
};
const REMOVED: Closing = { state: "Rescinded", reason: "AgentRemoved", message: "the agent is gone" };

function answered({ spec }: Live<Offer>): Closing | undefined {
  if (spec.response === undefined) return undefined;
  return { state: spec.response.accept === undefined ? "Declined" : "Accepted" };
}

function lapsed({ spec }: Live<Offer>, now: number): Closing | undefined {
  if (Date.parse(spec.expiresAt) > now) return undefined;
  return { state: "Expired", reason: "Expired", message: "not answered in time" };
}

/** Of each framework the newest closed one stays, until the offer controller's time for closed Offers is over. */
function forgettable(
  inverse: readonly Live<Offer>[],
  before: readonly Answer[],
  cases: readonly Case[],
): Live<Offer>[] {
  const stored = new Map(before.map(({ id, asked }) => [id, asked]));
  return cases.flatMap(({ answer }) => {
    // What the status does not say yet must not be lost.
    if (stored.get(answer.id) !== answer.asked) return [];
    return inverse
      .filter((offer) => !isOpenInverse(offer) && ownerOf(offer) === answer.id)
      .sort((a, b) => closedAt(a) - closedAt(b))
      .slice(0, -1);
  });
}

const ownerOf = ({ metadata }: Live<Offer>): string | undefined => metadata.ownerReferences?.[0]?.uid;
const closedAt = ({ status }: Live<Offer>): number => Date.parse(status?.closedAt ?? "");

/** When the window begins and ends, and when questions lapse. */
function edges(window: Window, inverse: readonly Live<Offer>[]): number[] {
  const lapses = inverse.filter(isOpenInverse).map(({ spec }) => Date.parse(spec.expiresAt));
  return [startOf(window), endOf(window), ...lapses];
}

function nextTime(now: number, times: readonly number[]): number | undefined {
  const next = Math.min(...times.filter((time) => time > now));
  return Number.isFinite(next) ? next : undefined;
}
