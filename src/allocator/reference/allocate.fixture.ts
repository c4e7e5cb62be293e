/**
 * The allocation as it reads, without a memory and without speed: what the engine must decide too. One allocation: first, agent by
 * agent, the roles whose guarantees lack something; then all roles (Mesos: hierarchical.cpp, __generateOffers).
 */
import type { AllocationDecision, AllocationOptions, PlannedOffer } from "../decision.ts";
import { ineligibility } from "../eligibility.ts";
import { isAllocatable } from "../minimum.ts";
import type { AllocationWorld, FrameworkState } from "../world.ts";
import { type AgentBook, enterOffer, type Ledger, openLedger } from "./ledger.fixture.ts";
import { type Offering, offeringFor, type Stage } from "./offering.fixture.ts";
import { drfRanking, type Ranking, randomRanking, shuffle } from "./ranking.fixture.ts";
import type { Client, RoleNode } from "./roletree.fixture.ts";

/** Pure: the same world, options and random numbers give the same decision. */
export function referenceAllocate(world: AllocationWorld, options: AllocationOptions): AllocationDecision {
  const round = new Round(world, options);
  if (world.quotas.some(({ guarantees }) => !guarantees.isEmpty)) round.run("guaranteed");
  round.run("fair");
  return { offers: round.offers() };
}

class Round {
  readonly #world: AllocationWorld;
  readonly #options: AllocationOptions;
  readonly #ledger: Ledger;
  readonly #ranking: Ranking;
  readonly #planned = new Map<string, PlannedOffer>();
  readonly #outstanding = new Map<string, number>();

  constructor(world: AllocationWorld, options: AllocationOptions) {
    this.#world = world;
    this.#options = options;
    this.#ledger = openLedger(world);
    const { tree, totals, index } = this.#ledger;
    const fair = totals.map((total, i) =>
      options.excludeFromFairness?.has(index.names[i] ?? "") ? 0 : total,
    );
    this.#ranking =
      options.sorter === "random" ? randomRanking(tree, options.random) : drfRanking(tree, fair);
    for (const { id, offersOutstanding } of world.frameworks)
      this.#outstanding.set(id, offersOutstanding ?? 0);
  }

  offers(): PlannedOffer[] {
    return [...this.#planned.values()];
  }

  run(stage: Stage): void {
    for (const agent of shuffle(this.#ledger.agents, this.#options.random)) {
      if (agent.available.isEmpty) continue;
      for (const role of this.#ranking.roles()) {
        if (agent.available.isEmpty) break;
        this.#offerToRole(stage, agent, role);
      }
    }
  }

  #offerToRole(stage: Stage, agent: AgentBook, role: RoleNode): void {
    // Frameworks of one mask are offered the same, until one of them takes it.
    let offerings = new Map<number, Offering | undefined>();
    for (const client of this.#ranking.clients(role)) {
      const { mask } = client;
      if (!offerings.has(mask)) offerings.set(mask, offeringFor(this.#ledger, agent, role, stage, mask));
      const offering = offerings.get(mask);
      if (offering === undefined || !this.#accepts(agent, role, client, offering)) continue;
      this.#offer(agent, role, client, offering);
      offerings = new Map();
      if (agent.available.isEmpty) return;
    }
  }

  #accepts({ state, digest }: AgentBook, role: RoleNode, { framework }: Client, offering: Offering): boolean {
    const { now, region, minAllocatable } = this.#options;
    const { path } = role;
    if (this.#isFull(framework) && !this.#planned.has(offerKey(framework.id, path, state.name))) return false;
    const minima = framework.minAllocatable?.get(path) ?? minAllocatable;
    if (!isAllocatable(offering.resources, offering.scalars, minima)) return false;
    if (ineligibility(framework, path, state, digest.hasGpus, region) !== undefined) return false;
    return !this.#world.refusals.refuses(framework.id, path, state.name, offering.resources, now);
  }

  #isFull(framework: FrameworkState): boolean {
    const most = framework.maxOffers ?? this.#options.maxOffersPerFramework;
    return (this.#outstanding.get(framework.id) ?? 0) >= most;
  }

  #offer(agent: AgentBook, role: RoleNode, client: Client, offering: Offering): void {
    const framework = client.framework.id;
    const key = offerKey(framework, role.path, agent.state.name);
    const before = this.#planned.get(key);
    if (before === undefined) this.#outstanding.set(framework, (this.#outstanding.get(framework) ?? 0) + 1);
    const resources = before?.resources.add(offering.resources) ?? offering.resources;
    this.#planned.set(key, { framework, role: role.path, agent: agent.state.name, resources });
    enterOffer(this.#ledger, agent, role, client, offering);
  }
}

function offerKey(framework: string, role: string, agent: string): string {
  return `${framework}\n${role}\n${agent}`;
}
