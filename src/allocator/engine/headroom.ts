/**
 * Guarantees, limits and headroom at any depth of the role tree (Mesos knows them for top-level roles only, where this is the same).
 * Consumed is what is reserved for a role and below, allocated or not, plus what is allocated there unreserved.
 *
 * A role needs so much headroom: the greater of what its own guarantee lacks and what its children need together. The sum over
 * the top-level roles is kept free. A role may claim of that what no other role's guarantee accounts for: the need of
 * its top-level role less the needs of all that branch off on the way down to it.
 */
import type { QuotaState } from "../world.ts";
import type { RoleNode, Roles } from "./roles.ts";
import { grown, type Space, type Table } from "./space.ts";

export class Headroom {
  hasQuotas = false;
  hasGuarantees = false;
  readonly consumed: Table;
  /** Unreserved, not revocable, neither allocated nor offered, on agents that are not withheld: one row. */
  readonly free: Table;
  /** Roles with a quota. */
  quotas: readonly RoleNode[] = [];
  readonly #space: Space;
  readonly #roles: Roles;
  readonly #guarantees: Table;
  readonly #limits: Table;
  readonly #required: Table;
  /** By role, in how many names it needs something. */
  #lacking = new Int32Array(0);
  /** The sum of what the children need. */
  readonly #below: Table;

  constructor(space: Space, roles: Roles) {
    this.#space = space;
    this.#roles = roles;
    this.consumed = roles.table();
    this.free = space.row();
    this.#guarantees = roles.table();
    this.#limits = roles.table(Number.POSITIVE_INFINITY);
    this.#required = roles.table();
    this.#below = roles.table();
  }

  setQuotas(quotas: readonly QuotaState[]): void {
    const nodes = quotas.map(({ role }) => this.#roles.get(role));
    for (const { index } of this.quotas) {
      this.#guarantees.clear(index);
      this.#limits.clear(index);
    }
    quotas.forEach(({ guarantees, limits }, i) => {
      const { index } = nodes[i] ?? this.#roles.root;
      for (const [name, milli] of guarantees) this.#guarantees.set(index, this.#space.slot(name), milli);
      for (const [name, milli] of limits) this.#limits.set(index, this.#space.slot(name), milli);
    });
    this.quotas = nodes;
    this.hasQuotas = quotas.length > 0;
    this.hasGuarantees = quotas.some(({ guarantees }) => !guarantees.isEmpty);
    this.#settle();
  }

  #settle(): void {
    const { nodes } = this.#roles;
    this.#below.data.fill(0);
    this.#lacking.fill(0);
    // Children come after their parents.
    for (let i = nodes.length - 1; i >= 0; i--) {
      const node = nodes[i];
      if (node === undefined) continue;
      const { parent } = node;
      for (let slot = 0; slot < this.#space.size; slot++) {
        const needed = this.#needed(i, slot);
        this.#required.set(i, slot, needed);
        if (needed > 0) this.#countLacking(i, 1);
        if (parent !== undefined) this.#below.add(parent.index, slot, needed);
      }
    }
  }

  #needed(index: number, slot: number): number {
    const own = this.#guarantees.get(index, slot) - this.consumed.get(index, slot);
    return Math.max(this.#below.get(index, slot), own, 0);
  }

  /** The role consumes so much more, or (negative) less. */
  consume(role: RoleNode, slot: number, milli: number): void {
    for (let node = role; ; node = node.parent) {
      if (node.parent !== undefined) this.consumed.add(node.index, slot, milli);
      if (this.hasGuarantees) this.#require(node, slot);
      if (node.parent === undefined) return;
    }
  }

  #countLacking(index: number, names: number): void {
    this.#lacking = grown(this.#lacking, this.#roles.nodes.length);
    this.#lacking[index] = (this.#lacking[index] ?? 0) + names;
  }

  #require({ index, parent }: RoleNode, slot: number): void {
    const before = this.#required.get(index, slot);
    const needed = this.#needed(index, slot);
    if (needed === before) return;
    this.#required.set(index, slot, needed);
    if (before === 0) this.#countLacking(index, 1);
    else if (needed === 0) this.#countLacking(index, -1);
    if (parent !== undefined) this.#below.add(parent.index, slot, needed - before);
  }

  /** Whether guarantees in the branch of the role with this index lack anything. */
  lacks(index: number): boolean {
    return (this.#lacking[index] ?? 0) > 0;
  }

  /** What the role may take to satisfy guarantees, its own or its ancestors'; whether that is anything. */
  claim(role: RoleNode, into: Float64Array): boolean {
    let some = false;
    for (let slot = 0; slot < this.#space.size; slot++) {
      let claim = 0;
      let below = 0;
      for (let node = role; node.parent !== undefined; node = node.parent) {
        const needed = this.#required.get(node.index, slot);
        claim -= this.#below.get(node.index, slot) - below;
        below = needed;
        if (node.parent.parent === undefined) claim += needed;
      }
      into[slot] = Math.max(0, claim);
      some ||= claim > 0;
    }
    return some;
  }

  /** How much more the role may consume within its limits and its ancestors'; Infinity without limits, else at least 0. */
  room(role: RoleNode, into: Float64Array): void {
    const { size } = this.#space;
    for (let slot = 0; slot < size; slot++) into[slot] = Number.POSITIVE_INFINITY;
    const { stride, data: limits } = this.#limits;
    const { data: consumed } = this.consumed;
    for (let node = role; node.parent !== undefined; node = node.parent) {
      const row = node.index * stride;
      for (let slot = 0; slot < size; slot++) {
        const room = (limits[row + slot] ?? 0) - (consumed[row + slot] ?? 0);
        if (room < (into[slot] ?? 0)) into[slot] = Math.max(0, room);
      }
    }
  }

  /** What is free beyond the headroom that guarantees need; Infinity for names that no guarantee waits for. */
  surplus(into: Float64Array): void {
    for (let slot = 0; slot < this.#space.size; slot++) {
      const kept = this.#required.get(0, slot);
      into[slot] = kept > 0 ? Math.max(0, this.free.get(0, slot) - kept) : Number.POSITIVE_INFINITY;
    }
  }
}
