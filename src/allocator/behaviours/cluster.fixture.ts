/** A cluster that lives on from one allocation to the next, for tests: offers stand out until they are declined or used. */
import {
  formatResources,
  Limits,
  parseResources,
  type Quantities,
  Resources,
} from "../../resources/index.ts";
import { allocate } from "../allocate.ts";
import type { AllocationOptions, PlannedOffer } from "../decision.ts";
import { refusalTime } from "../filters.ts";
import { parseMinAllocatable } from "../minimum.ts";
import { OfferFilters } from "../reference/filters.fixture.ts";
import { OfferCounts } from "../reference/offercounts.fixture.ts";
import { type Shares, sharesOf } from "../shares.ts";
import { agent, framework, options } from "../world.fixture.ts";
import type { AgentState, Allocation, AllocationWorld, FrameworkState } from "../world.ts";

export const ALLOCATION_INTERVAL = 1000;

type AgentExtras = Parameters<typeof agent>[2] & { used?: readonly Allocation[] };

export class Cluster {
  now = 0;
  readonly filters = new OfferFilters();
  readonly counts = new OfferCounts();
  readonly #options: Partial<AllocationOptions>;
  readonly #agents = new Map<string, AgentState>();
  readonly #frameworks = new Map<string, FrameworkState>();
  readonly #quotas = new Map<string, { guarantees: Quantities; limits: Limits }>();
  readonly #weights = new Map<string, number>();
  #offers: PlannedOffer[] = [];

  constructor(more: Partial<AllocationOptions> = {}) {
    this.#options = { minAllocatable: parseMinAllocatable("cpus:0.01|mem:32"), ...more };
  }

  /** A new agent, or another state of a known one: what is used there stays unless it is given. */
  agent(name: string, total: string | Resources, { used, ...more }: AgentExtras = {}): this {
    const allocations = used ?? this.#agents.get(name)?.allocations ?? [];
    this.#agents.set(name, { ...agent(name, total, more), allocations });
    return this;
  }

  /** As the registry would: what was used or offered there is gone with it. */
  removeAgent(name: string): this {
    this.#agents.delete(name);
    this.filters.removeAgent(name);
    this.#offers = this.#offers.filter((offer) => offer.agent !== name);
    return this;
  }

  framework(id: string, roles: string, more: Partial<FrameworkState> = {}): this {
    this.#frameworks.set(id, framework(id, roles, more));
    return this;
  }

  /** Its tasks and offers end with it. */
  removeFramework(id: string): this {
    this.#frameworks.delete(id);
    this.filters.removeFramework(id);
    this.#offers = this.#offers.filter((offer) => offer.framework !== id);
    for (const [name, state] of this.#agents) {
      this.#agents.set(name, {
        ...state,
        allocations: state.allocations.filter((held) => held.framework !== id),
      });
    }
    return this;
  }

  weight(role: string, weight: number): this {
    this.#weights.set(role, weight);
    return this;
  }

  quota(role: string, { guarantees = "", limits }: { guarantees?: string; limits?: string }): this {
    const amounts = (text: string) => parseResources(text).scalarQuantities();
    this.#quotas.set(role, {
      guarantees: amounts(guarantees),
      // A limit may be 0, which is no resource.
      limits: Limits.fromRecord(
        Object.fromEntries(
          (limits ?? "")
            .split(";")
            .filter(Boolean)
            .map((part) => [part.split(":")[0] ?? "", Number(part.split(":")[1])]),
        ),
      ),
    });
    return this;
  }

  /** Guarantee and limit at once, as Mesos's SET_QUOTA was. */
  quotaOf(role: string, amounts: string): this {
    return this.quota(role, { guarantees: amounts, limits: amounts });
  }

  removeQuota(role: string): this {
    this.#quotas.delete(role);
    return this;
  }

  world(): AllocationWorld {
    return {
      agents: Array.from(this.#agents.values(), (state) => ({
        ...state,
        allocations: [...state.allocations, ...this.#offers.filter((offer) => offer.agent === state.name)],
      })),
      frameworks: Array.from(this.#frameworks.values(), (one) => ({
        ...one,
        offersMade: this.counts.of(one.id),
        offersOutstanding: this.#offers.filter((offer) => offer.framework === one.id).length,
      })),
      roles: Array.from(this.#weights, ([path, weight]) => ({ path, weight })),
      quotas: Array.from(this.#quotas, ([role, amounts]) => ({ role, ...amounts })),
      refusals: this.filters,
    };
  }

  /** One allocation; what is offered stands out from now on. One line an offer: `F role agent cpus:1;mem:2`. */
  allocate(): string[] {
    const { offers } = allocate(this.world(), options({ now: this.now, ...this.#options }));
    this.#offers.push(...offers);
    this.counts.record(offers);
    return offers.map((o) => `${o.framework} ${o.role} ${o.agent} ${formatResources(o.resources)}`);
  }

  /** The next batch, one interval later. */
  batch(): string[] {
    this.now += ALLOCATION_INTERVAL;
    return this.allocate();
  }

  /** Gives back what the framework is offered of the agent; 0 seconds: without a filter. */
  decline(
    framework: string,
    agentName: string,
    refuseSeconds?: number,
    interval = ALLOCATION_INTERVAL,
  ): this {
    for (const { role, resources } of this.#mine(framework, agentName)) {
      const time = refusalTime(refuseSeconds, interval);
      this.filters.add(framework, role, agentName, resources, this.now, time);
    }
    return this.#drop(framework, agentName);
  }

  /** Takes the offers of the agent: so much is in use from now on, and all of it if nothing is said. */
  use(framework: string, agentName: string, taken?: string | Resources): this {
    const offers = this.#mine(framework, agentName);
    const [first] = offers;
    if (first === undefined) throw new Error(`${framework} is offered nothing of ${agentName}`);
    const resources =
      taken === undefined
        ? Resources.sum(offers.map((offer) => offer.resources))
        : typeof taken === "string"
          ? parseResources(taken)
          : taken;
    this.#drop(framework, agentName);
    return this.#allocations(agentName, (list) => [...list, { framework, role: first.role, resources }]);
  }

  /** What runs on the agent ends, all of it or one framework's. */
  finish(agentName: string, framework?: string): this {
    return this.#allocations(agentName, (list) =>
      list.filter((held) => framework !== undefined && held.framework !== framework),
    );
  }

  shares(excluded?: ReadonlySet<string>): Shares {
    return sharesOf(this.world(), excluded);
  }

  #allocations(agentName: string, change: (list: readonly Allocation[]) => Allocation[]): this {
    const state = this.#agents.get(agentName);
    if (state === undefined) throw new Error(`no agent ${agentName}`);
    this.#agents.set(agentName, { ...state, allocations: change(state.allocations) });
    return this;
  }

  #mine(framework: string, agentName: string): PlannedOffer[] {
    return this.#offers.filter((offer) => offer.framework === framework && offer.agent === agentName);
  }

  #drop(framework: string, agentName: string): this {
    this.#offers = this.#offers.filter((o) => o.framework !== framework || o.agent !== agentName);
    return this;
  }
}
