import type { AgentState, Allocator } from "../../allocator/index.ts";
import type { Offer } from "../../api/offer.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import type { Dependencies } from "../dependencies.ts";
import { readinessNow } from "../framework/readinessnow.ts";
import { offerFramework } from "./agentview.ts";
import type { AgentViews } from "./agentviews.ts";
import type { PendingGroup } from "./builtin.ts";
import type { OfferBook } from "./offerbook.ts";
import { countOutstanding } from "./outstanding.ts";
import type { ClusterTotals } from "./shares.ts";
import { TaintBook } from "./taintbook.ts";
import { builtInStates, frameworkState, quotaStates, roleStates } from "./world.ts";

export interface MirrorParts {
  readonly allocator: Allocator;
  readonly views: AgentViews;
  readonly offers: OfferBook;
  readonly totals: ClusterTotals;
}

/** As the allocator was told of it last. */
interface ToldFramework {
  readonly uid: string;
  /** All that its state is made of, but for the count of offers. */
  readonly state: string;
}

/**
 * Keeps the allocator's world equal to the caches and to what is assumed: notes what changes, and tells it when asked to. What
 * passes with time alone (a rest that ends) is seen by `doubtAll`, now and then.
 */
export class AllocatorMirror {
  readonly #deps: Dependencies;
  readonly #allocator: Allocator;
  readonly #views: AgentViews;
  readonly #offers: OfferBook;
  readonly #totals: ClusterTotals;
  readonly #taints = new TaintBook();
  readonly #stops: (() => void)[];
  readonly #agents = new Map<string, AgentState>();
  readonly #frameworks = new Map<string, ToldFramework>();
  readonly #builtIn = new Map<string, string>();
  readonly #resting = new Map<string, number>();
  #changedAgents = new Set<string>();
  #changedFrameworks = new Set<string>();
  #recount = new Set<string>();
  /** By agent, of its taints. */
  readonly #taintsOf = new Map<string, string>();
  #taintNews = false;
  #changedRoles = true;
  #changedQuotas = true;
  #taintsTold = 0;

  constructor(deps: Dependencies, { allocator, views, offers, totals }: MirrorParts) {
    this.#deps = deps;
    this.#totals = totals;
    this.#allocator = allocator;
    this.#views = views;
    this.#offers = offers;
    const { caches, agentLeases, offerStreams } = deps;
    const lease = (key: string) => {
      for (const one of caches.frameworks.store.by("lease", key)) this.touchFramework(keyOf(one.metadata));
    };
    for (const node of caches.nodes.store.values()) this.#taints.change(node, undefined);
    this.#stops = [
      views.onChange((agent) => this.#changedAgents.add(agent)),
      caches.frameworks.follow(({ object }) => this.#changedFrameworks.add(keyOf(object.metadata))),
      caches.leases.follow(({ object }) => lease(keyOf(object.metadata))),
      agentLeases.onChange(lease),
      offerStreams.onChange((framework) => this.touchFramework(framework)),
      caches.roles.follow(() => {
        this.#changedRoles = true;
        this.#doubtFrameworks();
      }),
      caches.quotas.follow(() => {
        this.#changedQuotas = true;
      }),
      caches.offers.follow(({ object }) => this.recount(object)),
      caches.nodes.follow((change) =>
        this.#taints.change(change.type === "deleted" ? undefined : change.object, before(change)),
      ),
    ];
    this.#changedAgents = new Set(caches.agents.store.keys());
    this.#doubtFrameworks();
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }

  get taints() {
    return this.#taints.all();
  }

  /** Whatever the allocator believes of the agent, it is told the truth again. */
  touchAgent(name: string): void {
    this.#agents.delete(name);
    this.#changedAgents.add(name);
  }

  touchFramework(id: string): void {
    const told = this.#frameworks.get(id);
    if (told !== undefined) this.#frameworks.set(id, { ...told, state: "" });
    this.#changedFrameworks.add(id);
  }

  /** An offer has come or gone. */
  recount(offer: Live<Offer>): void {
    this.#recount.add(offerFramework(offer));
  }

  /** Nothing is offered to the framework until then, a time of Clock.monotonic. */
  rest(framework: string, until: number): void {
    this.#resting.set(framework, until);
    this.touchFramework(framework);
  }

  /** Looks at everything again, with a turn for others between agents; what is told is only what has changed. */
  async doubtAll(): Promise<void> {
    const { breath, caches } = this.#deps;
    this.#doubtFrameworks();
    const doubt = (name: string) => this.#changedAgents.add(name);
    await breath.each([...caches.agents.store.keys()], doubt);
    await breath.each([...this.#agents.keys()], doubt);
  }

  /** Tells all changes, with a turn for others between agents. */
  async sync(): Promise<void> {
    const { breath, caches, clock } = this.#deps;
    if (this.#changedRoles) this.#allocator.setRoles(roleStates(caches.roles.store.values()));
    if (this.#changedQuotas) this.#allocator.setQuotas(quotaStates(caches.quotas.store.values()));
    this.#changedRoles = false;
    this.#changedQuotas = false;
    if (this.#taintsTold !== this.#taints.version) this.#doubtFrameworks();
    this.#taintsTold = this.#taints.version;
    for (const [framework, until] of this.#resting) {
      if (until > clock.monotonic()) continue;
      this.#resting.delete(framework);
      this.#changedFrameworks.add(framework);
    }
    const [frameworks, counts, agents] = [this.#changedFrameworks, this.#recount, this.#changedAgents];
    this.#changedFrameworks = new Set();
    this.#recount = new Set();
    this.#changedAgents = new Set();
    for (const id of frameworks) {
      this.#tellFramework(id);
      if (breath.isDue) await breath.take();
    }
    for (const id of counts) {
      if (this.#frameworks.has(id)) this.#allocator.setOutstanding(id, this.#outstanding(id));
    }
    for (const name of agents) {
      this.#tellAgent(name);
      if (breath.isDue) await breath.take();
    }
  }

  /** The built-in framework is one for each namespace that has waiting tasks. */
  tellBuiltIn(pending: readonly PendingGroup[]): void {
    const states = builtInStates(pending, this.taints);
    const there = new Set(states.map(({ id }) => id));
    for (const id of this.#builtIn.keys()) {
      if (there.has(id)) continue;
      this.#builtIn.delete(id);
      this.#allocator.removeFramework(id);
    }
    for (const state of states) {
      const key = JSON.stringify([state.roles, [...state.capabilities], [...(state.tolerated ?? [])]]);
      if (this.#builtIn.get(state.id) === key) continue;
      this.#builtIn.set(state.id, key);
      this.#allocator.upsertFramework(state);
    }
  }

  /**
   * Whether since the last time some agent's taints have changed. Each task of the built-in framework has tolerations of its own, so
   * what it had no use for before it may have now.
   */
  takeTaintNews(): boolean {
    const news = this.#taintNews;
    this.#taintNews = false;
    return news;
  }

  #doubtFrameworks(): void {
    for (const id of this.#deps.caches.frameworks.store.keys()) this.#changedFrameworks.add(id);
  }

  #tellAgent(name: string): void {
    const state = this.#views.get(name)?.state;
    if (state === this.#agents.get(name) && state !== undefined) return;
    this.#totals.set(name, state?.total);
    if (state !== undefined) {
      const taints = (state.taints ?? []).join(" ");
      if ((this.#taintsOf.get(name) ?? "") !== taints) {
        this.#taintNews = true;
        this.#taintsOf.set(name, taints);
      }
      this.#agents.set(name, state);
      this.#allocator.upsertAgent(state);
    } else {
      this.#agents.delete(name);
      this.#taintsOf.delete(name);
      this.#allocator.removeAgent(name);
    }
  }

  #tellFramework(id: string): void {
    const { caches, config } = this.#deps;
    const framework = caches.frameworks.store.get(id);
    const told = this.#frameworks.get(id);
    // One made anew under its name is another.
    if (told !== undefined && told.uid !== framework?.metadata.uid) {
      this.#frameworks.delete(id);
      this.#allocator.removeFramework(id);
    }
    if (framework === undefined) return;
    const readiness = this.#resting.has(id)
      ? { ready: false as const, reason: "Resting", message: "its offers could not be written" }
      : readinessNow(this.#deps, framework);
    const { uid, generation } = framework.metadata;
    const state = JSON.stringify([generation, readiness.ready, this.#taints.version]);
    if (told?.uid === uid && told.state === state) return;
    this.#frameworks.set(id, { uid, state });
    const known = { framework, readiness, offersOutstanding: this.#outstanding(id) };
    this.#allocator.upsertFramework(frameworkState(known, this.taints, config.offers.maxPerFramework));
  }

  #outstanding(id: string): number {
    return countOutstanding(this.#deps.caches, this.#offers, id);
  }
}

const before = <T>(change: { type: string; object: T; old?: T }): T | undefined =>
  change.type === "deleted" ? change.object : change.old;
