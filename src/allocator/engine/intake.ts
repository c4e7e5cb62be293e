/** Takes in what the allocator is told, and finds which agents the next round has to look at. */
import { formatAttributes } from "../../resources/index.ts";
import type { AllocationOptions, PlannedOffer } from "../decision.ts";
import type { AgentState, FrameworkState, QuotaState, Refusals, RoleState } from "../world.ts";
import { Books } from "./books.ts";
import type { Framework } from "./clients.ts";
import { Declined, type Removal } from "./declined.ts";
import { DIRTY, HELD_BACK, LUMPY, RESTLESS, WAITED_FOR, WAITS_ONLY } from "./fleet.ts";
import type { Refusal } from "./interface.ts";
import { Kinds } from "./kinds.ts";
import { sameOpenness } from "./openness.ts";
import { QuotaWatch } from "./quotawatch.ts";

export type Event =
  | { readonly type: "agent"; readonly state: AgentState }
  | { readonly type: "agentGone"; readonly name: string }
  | { readonly type: "framework"; readonly state: FrameworkState }
  | { readonly type: "frameworkGone"; readonly id: string }
  | { readonly type: "outstanding"; readonly framework: string; readonly offers: number }
  | { readonly type: "roles"; readonly roles: readonly RoleState[] }
  | { readonly type: "quotas"; readonly quotas: readonly QuotaState[] }
  | { readonly type: "refuse"; readonly refusal: Refusal }
  | { readonly type: "revive" | "suppress"; readonly framework: string; readonly roles: readonly string[] }
  | { readonly type: "withdraw"; readonly offer: PlannedOffer };

/** Of so many agents, one that is to be looked at: with more of them all are gone through. */
const FEW = 16;

export class Intake {
  readonly books = new Books();
  readonly declined = new Declined();
  readonly kinds: Kinds;
  readonly oracle: Refusals | undefined;
  readonly #quotas: QuotaWatch;
  #options: AllocationOptions | undefined;
  /** Agents with DIRTY; some may be there twice or not have it any more. */
  #dirty: number[] = [];
  #allDirty = true;
  /** Clients whose filters are to go: many revive together. */
  #revived: number[] = [];
  #gone: number[] = [];
  #removal: { readonly removal: Removal; readonly isQuiet: boolean } | undefined;
  /** Whether agents may be RESTLESS or LUMPY. */
  #flagged = false;

  constructor(oracle: Refusals | undefined) {
    this.oracle = oracle;
    this.kinds = new Kinds(this.books.clients);
    this.#quotas = new QuotaWatch(this.books);
  }

  take(event: Event): void {
    if (event.type !== "revive") this.flush();
    switch (event.type) {
      case "agent":
        this.#setAgent(event.state);
        break;
      case "agentGone":
        this.#removeAgent(event.name);
        break;
      case "framework":
        this.#setFramework(event.state);
        break;
      case "frameworkGone":
        this.#removeFramework(event.id);
        break;
      case "outstanding":
        this.#setOutstanding(event.framework, event.offers);
        break;
      case "roles":
        this.#setRoles(event.roles);
        break;
      case "quotas":
        this.books.headroom.setQuotas(event.quotas);
        for (const { role } of event.quotas) this.books.roles.get(role).listed = true;
        this.#allDirty = true;
        break;
      case "refuse":
        this.#refuse(event.refusal);
        break;
      case "revive":
      case "suppress":
        this.#setSuppressed(event.framework, event.roles, event.type === "suppress");
        break;
      case "withdraw":
        this.#withdraw(event.offer);
        break;
    }
  }

  /** Does what was put off in `take`, on so many agents at most; whether that is all. */
  flush(agents = Number.POSITIVE_INFINITY): boolean {
    this.#removal ??= this.#nextRemoval();
    if (this.#removal === undefined) return true;
    const { removal, isQuiet } = this.#removal;
    const freed = isQuiet ? () => {} : (agent: number) => this.#touch(agent);
    if (!this.declined.continueRemoval(removal, agents, freed)) return false;
    this.#removal = undefined;
    return this.#revived.length === 0;
  }

  /** Whether what was put off must be done before anything else is told: numbers of clients that are gone are given again. */
  get mustFlush(): boolean {
    return this.#gone.length > 0 || this.#removal?.isQuiet === true;
  }

  /** Of clients that are gone first: what they have refused makes no agent worth a look. */
  #nextRemoval(): { readonly removal: Removal; readonly isQuiet: boolean } | undefined {
    if (this.#gone.length > 0) {
      const removal = this.declined.beginRemoval(this.#gone);
      this.#gone = [];
      if (removal !== undefined) return { removal, isQuiet: true };
    }
    if (this.#revived.length === 0) return undefined;
    const removal = this.declined.beginRemoval(this.#revived);
    this.#revived = [];
    return removal && { removal, isQuiet: false };
  }

  #touch(agent: number): void {
    this.books.fleet.mark(agent, DIRTY);
    this.#dirty.push(agent);
  }

  #setAgent(state: AgentState): void {
    const { fleet } = this.books;
    const agent = fleet.find(state.name) ?? fleet.add(state.name);
    const before = fleet.states[agent];
    if (before === state && fleet.offered[agent] === undefined) return;
    if (before !== undefined && !sameSight(before, state)) this.declined.removeAgent(agent);
    this.books.setAgent(agent, state);
    const digest = fleet.digests[agent];
    const kind = this.kinds.enter(state, digest?.hasGpus ?? false);
    if (before !== undefined) this.kinds.leave(fleet.kinds[agent] ?? 0);
    fleet.kinds[agent] = kind;
    const restless = digest?.plain === false && !digest.available.shared().isEmpty;
    const lumpy = digest?.lumpy ?? false;
    fleet.flags[agent] = (restless ? RESTLESS : 0) | (lumpy ? LUMPY : 0);
    this.#flagged ||= restless || lumpy;
    this.#touch(agent);
  }

  #removeAgent(name: string): void {
    const agent = this.books.fleet.find(name);
    if (agent === undefined) return;
    this.declined.removeAgent(agent);
    this.kinds.leave(this.books.fleet.kinds[agent] ?? 0);
    this.books.removeAgent(agent);
  }

  #setFramework(state: FrameworkState): void {
    const { clients } = this.books;
    const framework = clients.framework(state.id);
    const before = framework.state;
    if (before === state) return;
    const suppressed = framework.suppressed;
    clients.describe(framework, state);
    const roles = new Set(state.roles);
    // When it goes, and not again while it is away: it may decline what is still out (Mesos: deactivateFramework).
    const goes = before?.active === true && !state.active;
    for (const [role, client] of [...framework.clients]) {
      if (roles.has(role)) continue;
      this.declined.removeClients([client], () => {});
      this.#leave(client);
    }
    for (const role of roles) {
      const client = clients.get(framework, role);
      clients.join(client, state.offersMade?.get(role) ?? 0);
      this.books.fairness.changedRole(this.books.roles.get(role));
      const woken = suppressed.has(role) && !framework.suppressed.has(role);
      if (goes || woken) this.#clear(client);
      if (woken) this.#allDirty = true;
      clients.setLive(client, state.active && !framework.suppressed.has(role));
    }
    this.#countOutstanding(framework, state.offersOutstanding ?? 0);
    if (before !== undefined && sameOpenness(before, state)) return;
    for (const client of framework.clients.values()) this.kinds.changed(client);
    if (state.active) this.#allDirty = true;
  }

  #leave(client: number): void {
    const { clients, fairness } = this.books;
    const role = clients.roles[client];
    if (role !== undefined) fairness.changedRole(role);
    clients.leave(client);
  }

  #clear(client: number): void {
    if (this.declined.mayHave(client)) this.#revived.push(client);
  }

  #removeFramework(id: string): void {
    const { clients } = this.books;
    const framework = clients.byId.get(id);
    if (framework === undefined) return;
    framework.state = undefined;
    for (const client of [...framework.clients.values()]) {
      if (this.declined.mayHave(client)) this.#gone.push(client);
      this.#leave(client);
    }
    if (framework.clients.size === 0) clients.byId.delete(id);
  }

  #setOutstanding(id: string, offers: number): void {
    const framework = this.books.clients.byId.get(id);
    if (framework?.state !== undefined) this.#countOutstanding(framework, offers);
  }

  #countOutstanding(framework: Framework, offers: number): void {
    const most = framework.state?.maxOffers ?? this.#options?.maxOffersPerFramework;
    this.books.clients.countOutstanding(framework, offers, most ?? Number.POSITIVE_INFINITY);
  }

  #setRoles(roles: readonly RoleState[]): void {
    const { nodes } = this.books.roles;
    for (const node of nodes) node.weight = 1;
    for (const { path, weight } of roles) {
      const node = this.books.roles.get(path);
      node.weight = weight;
      node.listed = true;
    }
    this.books.fairness.changedAll();
  }

  #refuse({ framework, role, agent, resources, now, time }: Refusal): void {
    const { fleet, clients } = this.books;
    const [slot, client] = [fleet.find(agent), clients.find(framework, role)];
    if (slot === undefined || client === undefined) return;
    // The agent's own object where it is equal: the next test knows it at once.
    const own = fleet.digests[slot]?.available;
    const refused = own?.equals(resources) ? own : resources;
    this.declined.add(slot, client, refused, now, time, (clients.frameworks.length + 31) >>> 5);
  }

  #setSuppressed(id: string, some: readonly string[], suppressed: boolean): void {
    const { clients } = this.books;
    const framework = clients.byId.get(id);
    if (framework?.state === undefined) return;
    const { state } = framework;
    const roles = some.length === 0 ? state.roles : some.filter((role) => state.roles.includes(role));
    const kept = new Set(framework.suppressed);
    for (const role of roles) {
      const client = clients.find(id, role);
      if (client === undefined) continue;
      if (suppressed) kept.add(role);
      else {
        if (kept.delete(role)) this.#allDirty = true;
        this.#clear(client);
      }
      clients.setLive(client, state.active && !suppressed);
    }
    framework.suppressed = kept;
  }

  #withdraw({ framework, role, agent, resources }: PlannedOffer): void {
    const { fleet, clients } = this.books;
    const [slot, client] = [fleet.find(agent), clients.find(framework, role)];
    if (slot === undefined || client === undefined) return;
    if (!this.books.dropOffer(slot, client, resources)) return;
    this.#touch(slot);
    const one = clients.frameworks[client];
    if (one !== undefined) this.#countOutstanding(one, Math.max(0, one.outstanding - 1));
  }

  /** Filters that have ended go, of so many agents at most; whether that is all. */
  expire(now: number, agents = Number.POSITIVE_INFINITY): boolean {
    return this.declined.expire(now, (agent) => this.#touch(agent), agents);
  }

  /** Once all is taken in: what the options and the time change. */
  prepare(options: AllocationOptions): void {
    this.flush();
    const { clients, fairness } = this.books;
    const before = this.#options;
    this.#options = options;
    if (before === undefined || !sameOptions(before, options)) {
      this.#allDirty = true;
      this.kinds.setRegion(options.region);
      fairness.exclude(options.excludeFromFairness ?? new Set());
      for (const framework of clients.byId.values()) {
        if (framework.state !== undefined) this.#countOutstanding(framework, framework.outstanding);
      }
    }
    this.expire(options.now);
    fairness.settle();
  }

  /** Agents that a round has to look at. */
  candidates(): Int32Array {
    const { fleet } = this.books;
    const held = this.#quotas.haveGivenWay() ? HELD_BACK : 0;
    const lumpy = this.books.headroom.hasQuotas ? LUMPY : 0;
    const waits = this.books.clients.openedCount > 0 ? WAITED_FOR : 0;
    const mask = DIRTY | RESTLESS | held | lumpy;
    const isOpen = (agent: number) =>
      fleet.states[agent] !== undefined && fleet.states[agent]?.withheld === undefined;
    const isFew = this.#dirty.length < fleet.length / FEW;
    if (!this.#allDirty && !this.#flagged && (held | waits) === 0 && isFew) {
      const dirty = this.#dirty.filter((agent) => ((fleet.flags[agent] ?? 0) & DIRTY) !== 0 && isOpen(agent));
      return Int32Array.from(new Set(dirty)).sort();
    }
    const found = new Int32Array(fleet.length);
    let count = 0;
    for (let agent = 0; agent < fleet.length; agent++) {
      const flags = fleet.flags[agent] ?? 0;
      if (!this.#allDirty && (flags & (mask | waits)) === 0) continue;
      if (!isOpen(agent)) continue;
      if (!this.#allDirty && (flags & mask) === 0) fleet.mark(agent, WAITS_ONLY);
      found[count++] = agent;
    }
    return found.subarray(0, count);
  }

  /** A round is over: what it left is left for a reason. */
  conclude(): void {
    const { fleet } = this.books;
    for (const agent of this.#dirty) fleet.flags[agent] = (fleet.flags[agent] ?? 0) & ~DIRTY;
    this.#dirty = [];
    this.#allDirty = false;
    this.books.clients.forgetOpened();
    this.#quotas.remember();
  }
}

/** Whether frameworks see the same of the agent, resources apart (Mesos: updateSlave clears filters if attributes differ). */
function sameSight(a: AgentState, b: AgentState): boolean {
  if (a.hostname !== b.hostname || a.region !== b.region || a.zone !== b.zone) return false;
  return a.attributes === b.attributes || formatAttributes(a.attributes) === formatAttributes(b.attributes);
}

function sameOptions(a: AllocationOptions, b: AllocationOptions): boolean {
  if (a.sorter !== b.sorter || a.region !== b.region) return false;
  if (a.maxOffersPerFramework !== b.maxOffersPerFramework) return false;
  if (a.minAllocatable !== b.minAllocatable && String(a.minAllocatable) !== String(b.minAllocatable))
    return false;
  const [left, right] = [a, b].map(({ excludeFromFairness }) =>
    [...(excludeFromFairness ?? [])].sort().join(),
  );
  return left === right;
}
