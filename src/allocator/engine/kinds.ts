/**
 * Agents that are alike for whoever may see them: same taints, attributes, region and zone, with gpus or without. Of each kind is
 * worked out once which clients are barred from it, and again only for clients that have changed. Constraints that look at the
 * hostname, or at an attribute that is the hostname (kubernetes.io/hostname), are asked agent by agent instead.
 */
import { type Attribute, formatAttributes } from "../../resources/index.ts";
import { ineligibility } from "../eligibility.ts";
import type { AgentState, FrameworkState } from "../world.ts";
import type { Clients } from "./clients.ts";

interface Kind {
  readonly key: string;
  readonly hasGpus: boolean;
  /** One of them, without its hostname. */
  readonly example: AgentState;
  agents: number;
  barred: Uint32Array | undefined;
  /** Up to when `barred` is right: the era, and how many changes of it. */
  era: number;
  seen: number;
}

const NOTHING: readonly never[] = [];

/** So many changes are kept; with more, every kind is worked out anew. */
const MOST_CHANGES = 4096;

export class Kinds {
  readonly #kinds: (Kind | undefined)[] = [];
  readonly #byKey = new Map<string, number>();
  readonly #vacant: number[] = [];
  readonly #clients: Clients;
  #region: string | undefined;
  #era = 0;
  #changes: number[] = [];
  /** Clients with constraints that a kind can answer, or could once. */
  readonly #picky = new Set<number>();
  /** Attributes that are the hostname of some agent. */
  readonly #hostnames = new Set<string>();

  constructor(clients: Clients) {
    this.#clients = clients;
  }

  /** The operator's own region is another now. */
  setRegion(region: string | undefined): void {
    if (region === this.#region) return;
    this.#region = region;
    this.#renew();
  }

  #renew(): void {
    this.#era++;
    this.#changes = [];
  }

  /** The framework of the client has changed. */
  changed(client: number): void {
    const state = this.#clients.frameworks[client]?.state;
    const path = this.#clients.roles[client]?.path ?? "";
    if (state !== undefined && this.#isPicky(state, path)) this.#picky.add(client);
    else this.#picky.delete(client);
    this.#changes.push(client);
    if (this.#changes.length > MOST_CHANGES) this.#renew();
  }

  /** The kind of an agent; `leave` it once the agent is gone or of another. */
  enter(state: AgentState, hasGpus: boolean): number {
    const { name, total, region, zone, taints = NOTHING } = state;
    const attributes = state.attributes.filter((attribute) => !this.#isHostname(attribute, state));
    const words = formatAttributes(attributes);
    const key = JSON.stringify([hasGpus, region ?? null, zone ?? null, taints, words]);
    const known = this.#byKey.get(key);
    const kind = known === undefined ? undefined : this.#kinds[known];
    if (known !== undefined && kind !== undefined) {
      kind.agents++;
      return known;
    }
    const example: AgentState = {
      name,
      total,
      allocations: NOTHING,
      attributes,
      taints,
      ...(region !== undefined && { region }),
      ...(zone !== undefined && { zone }),
    };
    const index = this.#vacant.pop() ?? this.#kinds.length;
    this.#byKey.set(key, index);
    this.#kinds[index] = { key, hasGpus, example, agents: 1, barred: undefined, era: -1, seen: 0 };
    return index;
  }

  #isHostname({ name, value }: Attribute, state: AgentState): boolean {
    if (value.kind !== "text" || value.text !== (state.hostname ?? state.name)) return false;
    if (this.#hostnames.has(name)) return true;
    this.#hostnames.add(name);
    this.#renew();
    return true;
  }

  leave(index: number): void {
    const kind = this.#kinds[index];
    if (kind === undefined) return;
    kind.agents--;
    if (kind.agents > 0) return;
    this.#kinds[index] = undefined;
    this.#byKey.delete(kind.key);
    this.#vacant.push(index);
  }

  /** How many kinds there are. */
  get size(): number {
    return this.#byKey.size;
  }

  /** Takes the clients that may not see agents of this kind out of `bits`. */
  clearBarred(index: number, bits: Uint32Array): void {
    const kind = this.#kinds[index];
    if (kind === undefined) return;
    if (kind.era !== this.#era) this.#work(kind);
    for (; kind.seen < this.#changes.length; kind.seen++) {
      const client = this.#changes[kind.seen];
      if (client !== undefined) this.#judge(kind, client);
    }
    const { barred } = kind;
    if (barred === undefined) return;
    const end = Math.min(bits.length, barred.length);
    for (let i = 0; i < end; i++) bits[i] = (bits[i] ?? 0) & ~(barred[i] ?? 0);
  }

  #work(kind: Kind): void {
    kind.era = this.#era;
    kind.seen = this.#changes.length;
    kind.barred = undefined;
    const { hasGpus, example } = kind;
    const isSpecial = hasGpus || (example.taints ?? []).length > 0 || this.#isRemote(example);
    if (!isSpecial) {
      for (const client of this.#picky) this.#judge(kind, client);
      return;
    }
    for (const { clients } of this.#clients.byId.values()) {
      for (const client of clients.values()) this.#judge(kind, client);
    }
  }

  #isRemote({ region }: AgentState): boolean {
    return region !== undefined && this.#region !== undefined && region !== this.#region;
  }

  #judge(kind: Kind, client: number): void {
    const state = this.#clients.frameworks[client]?.state;
    const path = this.#clients.roles[client]?.path ?? "";
    const isBarred = state !== undefined && this.#bars(kind, state, path);
    if (!isBarred && kind.barred === undefined) return;
    if (kind.barred === undefined || client >>> 5 >= kind.barred.length) {
      const longer = new Uint32Array(this.#clients.words);
      if (kind.barred !== undefined) longer.set(kind.barred);
      kind.barred = longer;
    }
    const bit = 1 << (client & 31);
    const word = kind.barred[client >>> 5] ?? 0;
    kind.barred[client >>> 5] = isBarred ? word | bit : word & ~bit;
  }

  #bars({ example, hasGpus }: Kind, state: FrameworkState, path: string): boolean {
    const { constraints, ...open } = state;
    const judged = constraints !== undefined && this.#isPicky(state, path) ? { ...open, constraints } : open;
    return ineligibility(judged, path, example, hasGpus, this.#region) !== undefined;
  }

  #isPicky({ constraints }: FrameworkState, role: string): boolean {
    return constraints?.constrains(role) === true && !constraints.looksAtHostname(role, this.#hostnames);
  }

  /** By constraints that no kind answers. */
  excludesHost({ constraints }: FrameworkState, role: string, agent: AgentState): boolean {
    return constraints?.looksAtHostname(role, this.#hostnames) === true && constraints.excludes(role, agent);
  }
}
