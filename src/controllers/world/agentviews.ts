import type { Agent } from "../../api/agent.ts";
import { type Executor, executorHasEnded } from "../../api/executor.ts";
import { agentLeaseName } from "../../api/group.ts";
import type { Reservation } from "../../api/reservation.ts";
import type { Task } from "../../api/task.ts";
import { hasEnded } from "../../api/taskstate.ts";
import type { KubeObject, Live } from "../../cluster/object.ts";
import { isOutstanding } from "../caches.ts";
import type { Dependencies } from "../dependencies.ts";
import { type AgentView, agentView } from "./agentview.ts";
import type { Assumptions } from "./assumptions.ts";
import type { OfferBook } from "./offerbook.ts";
import { changesReservations, offerHolds } from "./offerholds.ts";
import { type Standing, standing } from "./standing.ts";

/** What the operator has written and its caches may not show yet. */
export interface Assumed {
  readonly offers: OfferBook;
  readonly tasks: Assumptions<Task>;
  readonly executors: Assumptions<Executor>;
  readonly reservations: Assumptions<Reservation>;
}

interface Made {
  readonly view: AgentView;
  readonly standing: Standing;
}

interface Kept {
  /** Undefined for an agent that cannot be understood. */
  readonly made: Made | undefined;
  readonly rests: boolean;
  /** Something has changed since. */
  stale: boolean;
}

/**
 * A view of each agent, worked out again only when something of that agent has changed: a large cluster changes little from
 * one allocation to the next, and the allocator keeps what it knows of a view that is the same object.
 */
export class AgentViews {
  readonly #deps: Dependencies;
  readonly #assumed: Assumed;
  readonly #kept = new Map<string, Kept>();
  readonly #stops: (() => void)[];
  readonly #listeners = new Set<(agent: string) => void>();
  readonly #frozen = new Set<string>();

  constructor(deps: Dependencies, assumed: Assumed) {
    this.#deps = deps;
    this.#assumed = assumed;
    const { caches, config, agentLeases } = deps;
    const lease = `${config.namespace}/${agentLeaseName("")}`;
    this.#stops = [
      this.#follow(caches.agents, ({ metadata }) => metadata.name),
      this.#follow(caches.nodes, ({ metadata }) => metadata.name),
      this.#follow(caches.pods, ({ spec }) => spec?.nodeName),
      this.#follow(caches.tasks, ({ spec }) => spec.agent),
      this.#follow(caches.executors, ({ spec }) => spec.agent),
      this.#follow(caches.offers, ({ spec }) => spec.agent),
      this.#follow(caches.reservations, reservationAgent),
      agentLeases.onChange((key) => {
        if (key.startsWith(lease)) this.changed(key.slice(lease.length));
      }),
    ];
  }

  /** Stops following the caches. */
  close(): void {
    for (const stop of this.#stops) stop();
  }

  /** Calls back with the name of each agent that something has changed of. Answers with how to stop. */
  onChange(listener: (agent: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** For what no cache tells: something was assumed. */
  changed(agent: string | undefined): void {
    if (agent === undefined) return;
    const kept = this.#kept.get(agent);
    if (kept !== undefined) kept.stale = true;
    for (const listener of this.#listeners) listener(agent);
  }

  /**
   * Nothing more is offered of the agent until the answer is called: what comes free bit by bit is offered as a whole then. One
   * at a time for each agent.
   */
  freeze(agent: string): () => void {
    const set = (frozen: boolean) => {
      if (frozen) this.#frozen.add(agent);
      else this.#frozen.delete(agent);
      this.changed(agent);
    };
    set(true);
    return () => set(false);
  }

  /** Of an Agent object that is there. */
  get(name: string): AgentView | undefined {
    const agent = this.#deps.caches.agents.store.get(name);
    if (agent === undefined) {
      this.#kept.delete(name);
      return undefined;
    }
    const rests = this.#deps.slotHolds.remaining(name) > 0 || this.#frozen.has(name);
    const kept = this.#kept.get(name);
    if (kept !== undefined && !kept.stale && kept.rests === rests) return kept.made?.view;
    const made = this.#try(agent, rests, kept?.made?.standing);
    this.#kept.set(name, { made, rests, stale: false });
    return made?.view;
  }

  *all(): Generator<AgentView, void> {
    for (const name of this.#deps.caches.agents.store.keys()) {
      const view = this.get(name);
      if (view !== undefined) yield view;
    }
  }

  /** Of each view a part, as it is when it is asked for. */
  *each<T>(part: (view: AgentView) => T): Generator<T, void> {
    for (const view of this.all()) yield part(view);
  }

  /** One agent that cannot be understood must not keep all others from being offered. */
  #try(agent: Live<Agent>, rests: boolean, before: Standing | undefined): Made | undefined {
    try {
      return this.#make(agent, rests, before);
    } catch (error) {
      this.#deps.logger.error({ err: error, agent: agent.metadata.name }, "an agent is left out");
      return undefined;
    }
  }

  #make(agent: Live<Agent>, rests: boolean, before: Standing | undefined): Made {
    const { name } = agent.metadata;
    const { caches, config, agentLeases } = this.#deps;
    const { offers, tasks, executors, reservations } = this.#assumed;
    const outstanding = offers.with(
      caches.offers.store.by("outstandingAgent", name),
      (offer) => offer.spec.agent === name && isOutstanding(offer),
      { agent: name },
    );
    const facts = {
      agent,
      node: caches.nodes.store.get(name),
      pods: caches.pods.store.by("node", name),
      lease: agentLeases.state(`${config.namespace}/${agentLeaseName(name)}`),
      tasks: tasks.with(
        caches.tasks.store.by("liveAgent", name),
        ({ spec, status }) => spec.agent === name && !hasEnded(status),
      ),
      executors: executors.with(
        caches.executors.store.by("liveAgent", name),
        ({ spec, status }) => spec.agent === name && !executorHasEnded(status),
      ),
      offers: offerHolds(outstanding, {
        offer: (namespace, other) => offers.get(`${namespace}/${other}`),
        tasks: (uid) =>
          tasks.with(caches.tasks.store.by("offer", uid), ({ spec }) => spec.offer?.uid === uid),
        executors: (uid) =>
          executors.with(caches.executors.store.by("offer", uid), ({ spec }) => spec.offer?.uid === uid),
      }),
      reservations: reservations.with(
        caches.reservations.store.by("agent", name),
        (reservation) => reservationAgent(reservation) === name,
      ),
      frozen: rests || outstanding.some(changesReservations),
    };
    const own = standing(facts, config, before);
    return { view: agentView(facts, config, own), standing: own };
  }

  #follow<T extends KubeObject>(
    cache: { follow(handler: (change: { object: Live<T>; old?: Live<T> }) => void): () => void },
    agentOf: (object: Live<T>) => string | undefined,
  ): () => void {
    // Nothing is kept yet of what is there already.
    return cache.follow(({ object, old }) => {
      const agent = agentOf(object);
      this.changed(agent);
      const before = old && agentOf(old);
      if (before !== agent) this.changed(before);
    });
  }
}

export const reservationAgent = ({ spec, status }: Live<Reservation>): string | undefined =>
  spec.agent ?? status?.reserved?.[0]?.agent;
