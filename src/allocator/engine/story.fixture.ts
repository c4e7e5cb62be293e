/** Random histories: what happens is told to an engine, and kept as a world too. Only the order of agents is the engine's. */
import {
  formatAttributes,
  fromSpec,
  Limits,
  parseResources,
  Quantities,
  type ResourceSpec,
  type Resources,
} from "../../resources/index.ts";
import { OfferConstraints } from "../constraints.ts";
import type { PlannedOffer } from "../decision.ts";
import { OfferFilters } from "../reference/filters.fixture.ts";
import { OfferCounts } from "../reference/offercounts.fixture.ts";
import { agent, framework } from "../world.fixture.ts";
import type { AgentState, AllocationWorld, FrameworkState, QuotaState, RoleState } from "../world.ts";
import { AllocationEngine } from "./engine.ts";

const ROLES = ["a", "a/x", "a/x/p", "a/y", "b", "b/z", "c"];
const CAPABILITIES = [
  "GPU_RESOURCES",
  "REVOCABLE_RESOURCES",
  "RESERVATION_REFINEMENT",
  "REGION_AWARE",
] as const;

export class Story {
  readonly engine = new AllocationEngine();
  now = 0;
  #agents = new Map<string, AgentState>();
  readonly #frameworks = new Map<string, FrameworkState>();
  #roles: RoleState[] = [];
  #quotas: QuotaState[] = [];
  readonly #filters = new OfferFilters();
  readonly #counts = new OfferCounts();
  #standing: PlannedOffer[] = [];
  #named = 0;
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
    for (let i = 0; i < 4; i++) this.#addAgent();
    for (let i = 0; i < 3; i++) this.#addFramework();
    if (this.#chance(0.6)) this.#setQuotas();
    if (this.#chance(0.5)) this.#setRoles();
  }

  world(): AllocationWorld {
    return {
      agents: [...this.engine.agents()].flatMap(({ name }) => {
        const state = this.#agents.get(name);
        if (state === undefined) return [];
        const mine = this.#standing.filter((offer) => offer.agent === name);
        return mine.length === 0 ? [state] : [{ ...state, allocations: [...state.allocations, ...mine] }];
      }),
      frameworks: [...this.#frameworks.values()].map((state) => ({
        ...state,
        offersOutstanding: this.#standing.filter((offer) => offer.framework === state.id).length,
        offersMade: this.#counts.of(state.id),
      })),
      roles: this.#roles,
      quotas: this.#quotas,
      refusals: this.#filters,
    };
  }

  /** The offers stand out now. */
  carryOut(offers: readonly PlannedOffer[]): void {
    this.#counts.record(offers);
    this.#standing.push(...offers);
    this.now += 1 + Math.floor(this.#random() * 3000);
  }

  happen(): void {
    for (let i = Math.floor(this.#random() * 5); i >= 0; i--) this.#event(this.#random());
  }

  #event(which: number): void {
    if (which < 0.4) this.#answer();
    else if (which < 0.5) this.#changeAgent();
    else if (which < 0.58) this.#addAgent();
    else if (which < 0.63) this.#removeAgent();
    else if (which < 0.7) this.#addFramework();
    else if (which < 0.74) this.#removeFramework();
    else if (which < 0.8) this.#changeFramework();
    else if (which < 0.88) this.#revive();
    else if (which < 0.93) this.#suppress();
    else if (which < 0.97) this.#setQuotas();
    else this.#setRoles();
  }

  #chance(part: number): boolean {
    return this.#random() < part;
  }

  #pick<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.#random() * list.length)];
  }

  #number(most: number): number {
    return Math.floor(this.#random() * (most + 1));
  }

  /** Declined, accepted in part or rescinded: told in either of the two ways there are. */
  #answer(): void {
    for (let i = this.#number(3); i >= 0; i--) {
      const offer = this.#pick(this.#standing);
      if (offer === undefined) return;
      const state = this.#agents.get(offer.agent);
      const { framework: id, role, agent: name, resources } = offer;
      this.#standing = this.#standing.filter((one) => one !== offer);
      if (state === undefined) continue;
      const others = this.#standing.filter((one) => one.agent === name);
      if (this.#chance(0.5) && others.length === 0) {
        const used = resources.shrinkWithin(
          Limits.fromRecord({ cpus: this.#number(2), mem: this.#number(9) }),
        );
        const taken = this.#chance(0.6) ? [{ framework: id, role, resources: used }] : [];
        this.#tellAgent({ ...state, allocations: [...state.allocations, ...taken] });
      } else this.engine.withdraw(offer);
      const left = this.#standing.filter((one) => one.framework === id).length;
      this.engine.setOutstanding(id, left);
      if (!this.#frameworks.get(id)?.roles.includes(role)) continue;
      const time = this.#pick([0, 1000, 5000, 20_000, 600_000]) ?? 0;
      this.#filters.add(id, role, name, resources, this.now, time);
      this.engine.refuse({ framework: id, role, agent: name, resources, now: this.now, time });
    }
  }

  /** Offers that still stand out are told as allocations from now on: the state is the whole truth. */
  #tellAgent(state: AgentState): void {
    const standing = this.#standing.filter((one) => one.agent === state.name);
    this.#agents.set(state.name, state);
    const allocations = [...state.allocations, ...standing];
    this.engine.upsertAgent(standing.length === 0 ? state : { ...state, allocations });
    // Told so, they are no offers of the engine's any more: the mirror must not give them back by withdraw.
    this.#agents.set(state.name, { ...state, allocations });
    this.#standing = this.#standing.filter((one) => one.agent !== state.name);
    for (const { framework: id } of standing) {
      this.engine.setOutstanding(id, this.#standing.filter((one) => one.framework === id).length);
    }
  }

  #addAgent(): void {
    const name = `n${this.#named++}`;
    this.#tellAgent(this.#makeAgent(name));
  }

  #makeAgent(name: string): AgentState {
    const parts = [`cpus:${this.#number(12)}`, `mem:${this.#number(40)}`];
    if (this.#chance(0.5)) parts.push(`ports:[1-${1 + this.#number(6)}]`);
    if (this.#chance(0.4)) parts.push(`cpus(${this.#pick(ROLES)}):${this.#number(6)}`);
    if (this.#chance(0.2)) parts.push(`mem(${this.#pick(ROLES)}):${this.#number(9)}`);
    if (this.#chance(0.1)) parts.push("gpus:1");
    const total = parseResources(parts.join(";")).add(this.#makeDisks(name));
    const withheld = this.#chance(0.1) ? ("Cordoned" as const) : undefined;
    return agent(name, total, {
      taints: this.#chance(0.2) ? ["t"] : [],
      attributes: this.#chance(0.5) ? `rack:r${this.#number(1)}` : "",
      ...(this.#chance(0.2) && { region: "far" }),
      ...(withheld && { withheld }),
    });
  }

  /** A volume that may be shared, and disks that are taken whole. */
  #makeDisks(name: string): Resources {
    const disks: ResourceSpec[] = [];
    if (this.#chance(0.2)) {
      disks.push({
        name: "disk",
        scalar: 9,
        shared: this.#chance(0.7),
        reservations: [{ type: "STATIC", role: this.#pick(ROLES) ?? "a" }],
        disk: { persistence: { id: name }, volume: { containerPath: "v", mode: "RW" } },
      });
    }
    for (let i = this.#chance(0.3) ? 2 : 0; i > 0; i--) {
      const disk = { source: { type: "MOUNT" as const, id: `${name}${i}`, root: "/" } };
      disks.push({ name: "disk", scalar: 1 + this.#number(8), disk });
    }
    return fromSpec(disks);
  }

  #changeAgent(): void {
    const state = this.#pick([...this.#agents.values()]);
    if (state === undefined) return;
    const fresh = this.#makeAgent(state.name);
    const kept = this.#chance(0.5) ? state.allocations.slice(1) : state.allocations;
    const total = this.#chance(0.3) ? fresh.total : state.total;
    const { withheld: _, ...bare } = this.#chance(0.3) ? { ...state, attributes: fresh.attributes } : state;
    if (formatAttributes(bare.attributes) !== formatAttributes(state.attributes)) {
      this.#filters.removeAgent(state.name);
    }
    this.#tellAgent({
      ...bare,
      allocations: kept,
      total,
      ...(fresh.withheld && { withheld: fresh.withheld }),
    });
  }

  #removeAgent(): void {
    const name = this.#pick([...this.#agents.keys()]);
    if (name === undefined || this.#agents.size < 3) return;
    this.#agents.delete(name);
    this.#filters.removeAgent(name);
    this.#standing = this.#standing.filter((one) => one.agent !== name);
    this.engine.removeAgent(name);
    for (const id of this.#frameworks.keys()) {
      this.engine.setOutstanding(id, this.#standing.filter((one) => one.framework === id).length);
    }
  }

  #addFramework(): void {
    const id = `f${this.#named++}`;
    this.#tellFramework(this.#makeFramework(id));
  }

  #tellFramework(state: FrameworkState): void {
    const before = this.#frameworks.get(state.id);
    for (const role of before?.roles ?? []) {
      const woken = before?.suppressedRoles?.has(role) && !state.suppressedRoles?.has(role);
      if (!state.active || !state.roles.includes(role) || woken) this.#filters.revive(state.id, [role]);
    }
    this.#frameworks.set(state.id, state);
    const offersOutstanding = this.#standing.filter((one) => one.framework === state.id).length;
    this.engine.upsertFramework({ ...state, offersOutstanding });
  }

  #makeFramework(id: string): FrameworkState {
    const roles = ROLES.filter(() => this.#chance(0.3));
    return framework(id, roles.length === 0 ? "a" : roles.join(" "), {
      active: this.#chance(0.9),
      tolerated: new Set(this.#chance(0.5) ? ["t"] : []),
      capabilities: new Set(CAPABILITIES.filter(() => this.#chance(0.5))),
      ...(this.#chance(0.3) && { maxOffers: 1 + this.#number(2) }),
      ...(this.#chance(0.3) && { constraints: this.#makeConstraints() }),
    });
  }

  #makeConstraints(): OfferConstraints {
    const attribute = this.#chance(0.7) ? "rack" : "HOSTNAME";
    const operator = this.#chance(0.5) ? ("TextEquals" as const) : ("TextNotEquals" as const);
    const value = attribute === "rack" ? `r${this.#number(1)}` : `n${this.#number(6)}`;
    return OfferConstraints.compile(
      ROLES.filter(() => this.#chance(0.5)).map((role) => ({
        role,
        groups: [{ constraints: [{ attribute, operator, value }] }],
      })),
    );
  }

  #changeFramework(): void {
    const state = this.#pick([...this.#frameworks.values()]);
    if (state === undefined) return;
    // Its roles stay: counts of roles that it leaves and takes again are the engine's own affair.
    this.#tellFramework({ ...this.#makeFramework(state.id), roles: state.roles });
  }

  #removeFramework(): void {
    const id = this.#pick([...this.#frameworks.keys()]);
    if (id === undefined || this.#frameworks.size < 2) return;
    this.#frameworks.delete(id);
    this.#filters.removeFramework(id);
    this.engine.removeFramework(id);
  }

  #revive(): void {
    const state = this.#pick([...this.#frameworks.values()]);
    if (state === undefined) return;
    const roles = this.#chance(0.5) ? [] : [this.#pick(state.roles) ?? ""];
    const revived = new Set(roles.length === 0 ? state.roles : roles);
    const suppressedRoles = new Set([...(state.suppressedRoles ?? [])].filter((role) => !revived.has(role)));
    this.#frameworks.set(state.id, { ...state, suppressedRoles });
    this.#filters.revive(state.id, [...revived]);
    this.engine.revive(state.id, roles);
  }

  #suppress(): void {
    const state = this.#pick([...this.#frameworks.values()]);
    if (state === undefined) return;
    const role = this.#pick(state.roles) ?? "";
    const suppressedRoles = new Set([...(state.suppressedRoles ?? []), role]);
    this.#frameworks.set(state.id, { ...state, suppressedRoles });
    this.engine.suppress(state.id, [role]);
  }

  #setQuotas(): void {
    this.#quotas = ROLES.filter(() => this.#chance(0.3)).map((role) => ({
      role,
      guarantees: this.#chance(0.6)
        ? Quantities.fromRecord({ cpus: this.#number(9), disk: this.#number(6) })
        : Quantities.empty,
      limits: this.#chance(0.6)
        ? Limits.fromRecord({ cpus: this.#number(20), ports: this.#number(6), disk: this.#number(20) })
        : Limits.none,
    }));
    this.engine.setQuotas(this.#quotas);
  }

  #setRoles(): void {
    this.#roles = ROLES.filter(() => this.#chance(0.5)).map((path) => ({
      path,
      weight: this.#pick([0.5, 1, 2, 3]) ?? 1,
    }));
    this.engine.setRoles(this.#roles);
  }
}
