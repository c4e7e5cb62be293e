/** The agents, numbered, with what of them is free now. */
import { Resources } from "../../resources/index.ts";
import type { PlannedOffer } from "../decision.ts";
import type { AgentDigest } from "../digest.ts";
import type { AgentState } from "../world.ts";
import type { Offering } from "./offering.ts";
import { grown, type Space, type Table } from "./space.ts";

/** An offer that was made of an agent since its state was told. */
export interface Offered {
  readonly client: number;
  readonly round: number;
  /** Pairs of slot and amount: see offering.ts. */
  held: readonly number[];
  open: readonly number[];
  /** Its place among the round's offers. */
  readonly place: number;
  offer: PlannedOffer;
  /** Reserved amounts that were idle until it was made. */
  idle: readonly (readonly [role: string, name: string, milli: number])[];
  next: Offered | undefined;
}

/** Why an agent is looked at again though nothing of it has changed: bits of `flags`. */
export const DIRTY = 1;
/** Something of it is free and may be held back by a limit or for a guarantee. */
export const HELD_BACK = 2;
/** A framework that would take it has as many offers as it may have. */
export const WAITED_FOR = 4;
/** It has shared volumes, which may be offered again and again. */
export const RESTLESS = 8;
/** It has parts that can only be taken whole: of them less room, too, may let others be taken than before. */
export const LUMPY = 16;
/** In this round WAITED_FOR is the only reason to look at it: only who has opened since can take it. */
export const WAITS_ONLY = 32;

export class Fleet {
  readonly states: (AgentState | undefined)[] = [];
  readonly digests: (AgentDigest | undefined)[] = [];
  /** Neither allocated nor offered. */
  readonly available: Resources[] = [];
  /** What `offering.ts` has worked out of `available`, while that is the same. */
  readonly offerings: (Offering | undefined)[] = [];
  readonly reaches: (Map<number, Offering> | undefined)[] = [];
  readonly offered: (Offered | undefined)[] = [];
  /** Agents of one kind are open to the same frameworks: see kinds.ts. */
  kinds = new Int32Array(0);
  flags = new Uint8Array(0);
  /** The part of `available` that is unreserved and not revocable. */
  readonly free: Table;
  /** A bit for each slot (below 31) in which `available` has ranges or a set. */
  ranged = new Int32Array(0);
  readonly #slots = new Map<string, number>();
  readonly #vacant: number[] = [];

  constructor(space: Space) {
    this.free = space.table();
  }

  /** Numbers that were ever given; some of them may be vacant. */
  get length(): number {
    return this.states.length;
  }

  get count(): number {
    return this.#slots.size;
  }

  find(name: string): number | undefined {
    return this.#slots.get(name);
  }

  add(name: string): number {
    const agent = this.#vacant.pop() ?? this.states.length;
    this.#slots.set(name, agent);
    this.kinds = grown(this.kinds, agent + 1);
    this.flags = grown(this.flags, agent + 1);
    this.ranged = grown(this.ranged, agent + 1);
    this.free.ensure(agent + 1);
    this.available[agent] = Resources.empty;
    this.digests[agent] = undefined;
    this.states[agent] = undefined;
    this.offered[agent] = undefined;
    this.forget(agent);
    return agent;
  }

  /** What was worked out of the agent's state before. */
  forget(agent: number): void {
    this.offerings[agent] = undefined;
    this.reaches[agent] = undefined;
  }

  remove(name: string, agent: number): void {
    this.#slots.delete(name);
    this.#vacant.push(agent);
    this.states[agent] = undefined;
    this.digests[agent] = undefined;
    this.available[agent] = Resources.empty;
    this.forget(agent);
    this.flags[agent] = 0;
  }

  mark(agent: number, flag: number): void {
    this.flags[agent] = (this.flags[agent] ?? 0) | flag;
  }

  *all(): Generator<AgentState, void> {
    for (const state of this.states) if (state !== undefined) yield state;
  }
}
