/**
 * Inverse offers: a framework that holds or was offered anything of an agent with planned maintenance is asked to let go of it, once
 * for each agent until it answers (Mesos: generateInverseOffers, updateUnavailability and updateInverseOffer of hierarchical.cpp).
 * Times are milliseconds and are passed in.
 */
import type { AgentState, FrameworkState, Unavailability } from "./world.ts";

export interface InverseOffer {
  readonly framework: string;
  readonly agent: string;
  readonly unavailability: Unavailability;
}

export type InverseAnswer = "accepted" | "declined";

interface Plan {
  readonly unavailability: Unavailability;
  /** Frameworks that were asked and have not answered. */
  readonly outstanding: Set<string>;
  /** The last answer of each. */
  readonly answers: Map<string, InverseAnswer>;
  /** By framework, until when it does not want to be asked. */
  readonly refusedUntil: Map<string, number>;
}

export class InverseOffers {
  readonly #plans = new Map<string, Plan>();

  /** Those that are to be made now; they count as outstanding until `answer`. */
  decide(
    agents: Iterable<AgentState>,
    frameworks: ReadonlyMap<string, FrameworkState>,
    now: number,
  ): InverseOffer[] {
    const offers: InverseOffer[] = [];
    const known = new Set<string>();
    for (const { name, allocations, unavailability } of agents) {
      if (unavailability === undefined) continue;
      known.add(name);
      const plan = this.#plan(name, unavailability);
      for (const framework of new Set(allocations.map((allocation) => allocation.framework))) {
        if (frameworks.get(framework)?.active !== true || plan.outstanding.has(framework)) continue;
        if ((plan.refusedUntil.get(framework) ?? Number.NEGATIVE_INFINITY) > now) continue;
        plan.outstanding.add(framework);
        offers.push({ framework, agent: name, unavailability });
      }
    }
    for (const name of this.#plans.keys()) if (!known.has(name)) this.#plans.delete(name);
    return offers;
  }

  /** Another window than before is another plan: everybody is asked again, filters and answers are forgotten. */
  #plan(agent: string, unavailability: Unavailability): Plan {
    const before = this.#plans.get(agent);
    const same =
      before?.unavailability.start === unavailability.start &&
      before.unavailability.duration === unavailability.duration;
    if (before !== undefined && same) return before;
    const plan = {
      unavailability,
      outstanding: new Set<string>(),
      answers: new Map(),
      refusedUntil: new Map(),
    };
    this.#plans.set(agent, plan);
    return plan;
  }

  /**
   * The framework has answered, or (undefined) its inverse offer has timed out or was rescinded. It is asked again once `time` is over,
   * at once without one. An answer to what is not outstanding is old: only its filter counts.
   */
  answer(framework: string, agent: string, answer: InverseAnswer | undefined, now: number, time = 0): void {
    const plan = this.#plans.get(agent);
    if (plan === undefined) return;
    if (plan.outstanding.delete(framework) && answer !== undefined) plan.answers.set(framework, answer);
    const until = Math.max(now + time, plan.refusedUntil.get(framework) ?? 0);
    if (time > 0) plan.refusedUntil.set(framework, until);
  }

  /** REVIVE clears these filters too. */
  revive(framework: string): void {
    for (const { refusedUntil } of this.#plans.values()) refusedUntil.delete(framework);
  }

  removeFramework(framework: string): void {
    for (const { outstanding, answers, refusedUntil } of this.#plans.values()) {
      outstanding.delete(framework);
      answers.delete(framework);
      refusedUntil.delete(framework);
    }
  }

  /** What frameworks have answered for an agent (Mesos: GET_MAINTENANCE_STATUS). */
  answers(agent: string): ReadonlyMap<string, InverseAnswer> {
    return this.#plans.get(agent)?.answers ?? new Map();
  }
}
