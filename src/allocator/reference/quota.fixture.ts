/**
 * Guarantees, limits and headroom, at any depth of the role tree (Mesos knows them for top-level roles only, where this is
 * the same). Consumed is what is reserved for a role and below, allocated or not, plus what is allocated there unreserved.
 *
 * A role needs so much headroom: the greater of what its own guarantee lacks and what its children need together. The sum over
 * the top-level roles is kept free. A role may claim of that what no other role's guarantee accounts for: the need of
 * its top-level role less the needs of all that branch off on the way down to it.
 */
import { type Amounts, at, decrease, increase } from "./amounts.fixture.ts";
import { type RoleNode, type RoleTree, upward } from "./roletree.fixture.ts";

export class QuotaBook {
  readonly #tree: RoleTree;
  /** Unreserved, not revocable, neither allocated nor offered, on agents that are not withheld. */
  readonly #free: Amounts;

  /** `free` is the caller's to give away. */
  constructor(tree: RoleTree, free: Amounts) {
    this.#tree = tree;
    this.#free = free;
    this.#settle(tree.root);
  }

  #settle(node: RoleNode): void {
    for (const child of node.children) this.#settle(child);
    setRequired(node);
  }

  /** What the role may take to satisfy guarantees, its own or its ancestors'. */
  claim(role: RoleNode): Amounts {
    const claim = this.#tree.index.zero();
    if (!this.#tree.hasQuotas) return claim;
    let below: RoleNode | undefined;
    for (const node of upward(role)) {
      for (const child of node.children) if (child !== below) decrease(claim, child.required);
      if (node.parent === this.#tree.root) increase(claim, node.required);
      below = node;
    }
    return claim.map((milli) => Math.max(0, milli));
  }

  /** How much more the role may consume within its limits and its ancestors'; Infinity without limits, else at least 0. */
  room(role: RoleNode): Amounts {
    const room = this.#tree.index.zero().fill(Number.POSITIVE_INFINITY);
    for (const { limits, consumed } of upward(role)) {
      for (let i = 0; i < room.length; i++) {
        room[i] = Math.max(0, Math.min(at(room, i), at(limits, i) - at(consumed, i)));
      }
    }
    return room;
  }

  /** What is free beyond the headroom that guarantees need; Infinity for names that no guarantee waits for. */
  surplus(): Amounts {
    const { required } = this.#tree.root;
    return this.#free.map((free, i) => {
      const kept = at(required, i);
      return kept > 0 ? Math.max(0, free - kept) : Number.POSITIVE_INFINITY;
    });
  }

  /** The role was given `open` (unreserved, not revocable) of what was free. */
  consume(role: RoleNode, open: Amounts): void {
    decrease(this.#free, open);
    if (!this.#tree.hasQuotas) return;
    for (const node of upward(role)) {
      increase(node.consumed, open);
      setRequired(node);
    }
    setRequired(this.#tree.root);
  }
}

function setRequired(node: RoleNode): void {
  for (let i = 0; i < node.required.length; i++) {
    let children = 0;
    for (const child of node.children) children += at(child.required, i);
    node.required[i] = Math.max(children, at(node.guarantees, i) - at(node.consumed, i), 0);
  }
}
