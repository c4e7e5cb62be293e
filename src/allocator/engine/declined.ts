/**
 * Filters in little memory: for each agent, classes of filters that are alike in what was refused and when they end, and in
 * each class its clients, a bit each once they are many. The rules are those of ../filters.ts.
 */
import type { Resources } from "../../resources/index.ts";
import { filterEnd } from "../filters.ts";
import { Members } from "./members.ts";
import { grown } from "./space.ts";

interface FilterClass {
  readonly refused: Resources;
  readonly expiresAt: number;
  readonly clients: Members;
  /** The last question to `refused.contains`, and its answer: an agent is offered the same again and again. */
  tested: Resources | undefined;
  verdict: boolean;
}

/** A pass over all agents, and how far it is. */
export interface Removal {
  readonly bits: Uint32Array;
  agent: number;
}

/** A class without its clients: the object, its fields, the set's object and the array's header. */
const CLASS_BYTES = 240;

export class Declined {
  readonly #classes: (FilterClass[] | undefined)[] = [];
  /** By agent, when the first of its filters ends. */
  #ends = new Float64Array(0);
  /** No filter ends before. */
  #nextEnd = Number.POSITIVE_INFINITY;
  /** By client, 0 if it has no filters; 1 if it may have some. */
  #mayHave = new Uint8Array(0);
  #size = 0;
  /** How far `expire` is, and when the first of what it has left ends. */
  #pass: { agent: number; next: number } | undefined;

  get size(): number {
    return this.#size;
  }

  bytes(): number {
    let bytes = this.#ends.byteLength + this.#mayHave.byteLength + 8 * this.#classes.length;
    for (const classes of this.#classes) {
      for (const { clients } of classes ?? []) bytes += CLASS_BYTES + clients.bytes;
    }
    return bytes;
  }

  /** `words`: as Members.add. A filter that covers an older one takes its place. */
  add(agent: number, client: number, refused: Resources, now: number, time: number, words: number): void {
    if (time <= 0 || refused.isEmpty) return;
    const expiresAt = filterEnd(now, time);
    const classes = this.#classes[agent] ?? [];
    this.#classes[agent] = classes;
    for (let i = classes.length - 1; i >= 0; i--) {
      const old = classes[i];
      if (old === undefined || !old.clients.has(client)) continue;
      const over = old.expiresAt <= now;
      if (over || (old.expiresAt <= expiresAt && contains(refused, old.refused))) {
        this.#delete(classes, i, old, client);
      }
    }
    let same = classes.find((one) => one.expiresAt === expiresAt && one.refused.equals(refused));
    if (same === undefined) {
      // One object for what is equal: the next test may then know it.
      const known = classes.find((one) => one.refused.equals(refused))?.refused ?? refused;
      same = { refused: known, expiresAt, clients: new Members(), tested: undefined, verdict: false };
      classes.push(same);
    }
    this.#mayHave = grown(this.#mayHave, client + 1);
    this.#mayHave[client] = 1;
    if (same.clients.add(client, words)) this.#size++;
    if (agent >= this.#ends.length) {
      const { length } = this.#ends;
      this.#ends = grown(this.#ends, agent + 1).fill(Number.POSITIVE_INFINITY, length);
    }
    this.#ends[agent] = Math.min(this.#ends[agent] ?? expiresAt, expiresAt);
    this.#nextEnd = Math.min(this.#nextEnd, expiresAt);
  }

  #delete(classes: FilterClass[], at: number, { clients }: FilterClass, client: number): void {
    if (!clients.delete(client)) return;
    this.#size--;
    if (clients.size === 0) classes.splice(at, 1);
  }

  has(agent: number): boolean {
    return this.#classes[agent] !== undefined;
  }

  refuses(agent: number, client: number, offered: Resources): boolean {
    const classes = this.#classes[agent];
    if (classes === undefined) return false;
    for (const one of classes) if (one.clients.has(client) && verdict(one, offered)) return true;
    return false;
  }

  /** Takes the clients that refuse this out of `bits`. */
  clearRefusers(agent: number, offered: Resources, bits: Uint32Array): void {
    const classes = this.#classes[agent];
    if (classes === undefined) return;
    for (const one of classes) if (verdict(one, offered)) one.clients.clearFrom(bits);
  }

  removeAgent(agent: number): void {
    for (const { clients } of this.#classes[agent] ?? []) this.#size -= clients.size;
    this.#classes[agent] = undefined;
    if (agent < this.#ends.length) this.#ends[agent] = Number.POSITIVE_INFINITY;
  }

  /** False if the client has no filter; true if it had one since it was last cleared. */
  mayHave(client: number): boolean {
    return this.#mayHave[client] === 1;
  }

  /** All filters of these clients go. */
  removeClients(clients: readonly number[], freed: (agent: number) => void): void {
    const removal = this.beginRemoval(clients);
    if (removal !== undefined) this.continueRemoval(removal, Number.POSITIVE_INFINITY, freed);
  }

  /** The same bit by bit: one pass over the agents, however many clients there are. Undefined if they have no filters. */
  beginRemoval(clients: readonly number[]): Removal | undefined {
    const bits = new Uint32Array((this.#mayHave.length + 31) >>> 5);
    let some = false;
    for (const client of clients) {
      if (!this.mayHave(client)) continue;
      this.#mayHave[client] = 0;
      bits[client >>> 5] = (bits[client >>> 5] ?? 0) | (1 << (client & 31));
      some = true;
    }
    return some ? { bits, agent: 0 } : undefined;
  }

  /** Looks at so many agents more; whether that were all. Nothing else may be told meanwhile. */
  continueRemoval(removal: Removal, agents: number, freed: (agent: number) => void): boolean {
    const end = Math.min(this.#classes.length, removal.agent + agents);
    for (; removal.agent < end; removal.agent++) this.#removeFrom(removal.agent, removal.bits, freed);
    return end === this.#classes.length;
  }

  #removeFrom(agent: number, bits: Uint32Array, freed: (agent: number) => void): void {
    const classes = this.#classes[agent];
    if (classes === undefined) return;
    let gone = 0;
    for (let i = classes.length - 1; i >= 0; i--) {
      const members = classes[i]?.clients;
      gone += members?.deleteAll(bits) ?? 0;
      if (members?.size === 0) classes.splice(i, 1);
    }
    if (gone === 0) return;
    this.#size -= gone;
    this.#tidy(agent, classes);
    freed(agent);
  }

  /** What has ended by now goes, of so many agents more; whether these were all. Nothing else may be told meanwhile. */
  expire(now: number, freed: (agent: number) => void, agents = Number.POSITIVE_INFINITY): boolean {
    if (this.#pass === undefined && now < this.#nextEnd) return true;
    const pass = this.#pass ?? { agent: 0, next: Number.POSITIVE_INFINITY };
    const end = Math.min(this.#ends.length, pass.agent + agents);
    for (let { agent } = pass; agent < end; agent++) {
      if ((this.#ends[agent] ?? 0) <= now) {
        const classes = this.#classes[agent] ?? [];
        const before = this.#size;
        for (let i = classes.length - 1; i >= 0; i--) {
          const one = classes[i];
          if (one === undefined || one.expiresAt > now) continue;
          this.#size -= one.clients.size;
          classes.splice(i, 1);
        }
        this.#tidy(agent, classes);
        if (this.#size !== before) freed(agent);
      }
      pass.next = Math.min(pass.next, this.#ends[agent] ?? pass.next);
    }
    pass.agent = end;
    this.#pass = end < this.#ends.length ? pass : undefined;
    if (this.#pass === undefined) this.#nextEnd = pass.next;
    return this.#pass === undefined;
  }

  /** When the next filter ends; may be too early by one that went meanwhile. */
  nextEnd(): number | undefined {
    return this.#nextEnd === Number.POSITIVE_INFINITY ? undefined : this.#nextEnd;
  }

  #tidy(agent: number, classes: readonly FilterClass[]): void {
    if (classes.length === 0) this.#classes[agent] = undefined;
    let end = Number.POSITIVE_INFINITY;
    for (const { expiresAt } of classes) end = Math.min(end, expiresAt);
    this.#ends[agent] = end;
  }
}

function verdict(one: FilterClass, offered: Resources): boolean {
  if (one.tested === offered) return one.verdict;
  one.tested = offered;
  one.verdict = contains(one.refused, offered);
  return one.verdict;
}

const contains = (all: Resources, part: Resources): boolean => all === part || all.contains(part);
