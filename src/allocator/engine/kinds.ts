/** Agents that are alike for whoever may see them: of each kind is worked out once which clients are barred from it. */
import { ineligibility } from "../eligibility.ts";
import type { AgentState } from "../world.ts";
import type { Clients } from "./clients.ts";

interface Kind {
  /** One of them. */
  readonly example: AgentState;
  readonly hasGpus: boolean;
  version: number;
  barred: Uint32Array | undefined;
}

export class Kinds {
  readonly #kinds: Kind[] = [];
  readonly #byKey = new Map<string, number>();
  readonly #clients: Clients;
  #region: string | undefined;
  #version = 0;

  constructor(clients: Clients) {
    this.#clients = clients;
  }

  /** Frameworks or the operator's region have changed. */
  renew(region: string | undefined): void {
    this.#version++;
    this.#region = region;
  }

  get region(): string | undefined {
    return this.#region;
  }

  of(state: AgentState, hasGpus: boolean): number {
    const key = JSON.stringify([hasGpus, state.region ?? null, state.taints ?? []]);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    // Constraints look at more than the kind: they are asked agent by agent.
    const { name, region, taints } = state;
    const example: AgentState = {
      name,
      total: state.total,
      allocations: [],
      attributes: [],
      ...(region !== undefined && { region }),
      ...(taints !== undefined && { taints }),
    };
    this.#byKey.set(key, this.#kinds.length);
    this.#kinds.push({ example, hasGpus, version: -1, barred: undefined });
    return this.#kinds.length - 1;
  }

  /** Takes the clients that may not see agents of this kind out of `bits`. */
  clearBarred(kind: number, bits: Uint32Array): void {
    const one = this.#kinds[kind];
    if (one === undefined) return;
    if (one.version !== this.#version) this.#work(one);
    const { barred } = one;
    if (barred === undefined) return;
    for (let i = 0; i < bits.length; i++) bits[i] = (bits[i] ?? 0) & ~(barred[i] ?? 0);
  }

  #work(kind: Kind): void {
    kind.version = this.#version;
    kind.barred = undefined;
    const { example, hasGpus } = kind;
    if (!hasGpus && (example.taints ?? []).length === 0 && example.region === undefined) return;
    const barred = new Uint32Array(this.#clients.words);
    let some = false;
    for (const { state, clients } of this.#clients.byId.values()) {
      if (state === undefined) continue;
      const { constraints: _, ...open } = state;
      const why = ineligibility(open, "", example, hasGpus, this.#region);
      if (why === undefined) continue;
      for (const client of clients.values()) {
        barred[client >>> 5] = (barred[client >>> 5] ?? 0) | (1 << (client & 31));
        some = true;
      }
    }
    if (some) kind.barred = barred;
  }
}
