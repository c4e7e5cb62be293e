/** Roles as a tree, with what each subtree holds and has consumed, and the frameworks that wait in each role. */

import { visibilityMask } from "../eligibility.ts";
import type { FrameworkState, QuotaState, RoleState } from "../world.ts";
import { type AmountIndex, type Amounts, at, increase } from "./amounts.fixture.ts";

/** An active framework in a role that it has not suppressed. */
export interface Client {
  readonly framework: FrameworkState;
  /** What the framework holds in this role. */
  readonly held: Amounts;
  readonly mask: number;
  made: number;
}

export interface RoleNode {
  /** Empty for the root. */
  readonly path: string;
  readonly weight: number;
  readonly parent: RoleNode | undefined;
  readonly children: RoleNode[];
  readonly clients: Client[];
  /** Held by frameworks in the role and below it: the dominant share. */
  readonly held: Amounts;
  /** Held in the role itself: the share of the virtual leaf `.`, when the role has children too. */
  readonly ownHeld: Amounts;
  /** Offers ever made, in the role and below, and in itself. */
  made: number;
  ownMade: number;
  /** Reservations for the role and below, allocated or not, and what they hold that is unreserved. */
  readonly consumed: Amounts;
  readonly guarantees: Amounts;
  /** Infinity where there is no limit. */
  readonly limits: Amounts;
  /** Headroom that guarantees here and below still need: see quota.ts. */
  readonly required: Amounts;
  /** Changes whenever the order of the clients, or of the children, may have. */
  version: number;
}

export class RoleTree {
  readonly root: RoleNode;
  readonly index: AmountIndex;
  readonly hasQuotas: boolean;
  readonly #nodes = new Map<string, RoleNode>();
  readonly #weights: ReadonlyMap<string, number>;
  readonly #quotas: ReadonlyMap<string, QuotaState>;

  constructor(index: AmountIndex, roles: readonly RoleState[], quotas: readonly QuotaState[]) {
    this.index = index;
    this.#weights = new Map(roles.map(({ path, weight }) => [path, weight]));
    this.#quotas = new Map(quotas.map((quota) => [quota.role, quota]));
    this.hasQuotas = quotas.length > 0;
    this.root = this.#make("", undefined);
    for (const { role } of quotas) this.get(role);
  }

  #make(path: string, parent: RoleNode | undefined): RoleNode {
    const { index } = this;
    const quota = this.#quotas.get(path);
    return {
      path,
      parent,
      weight: this.#weights.get(path) ?? 1,
      children: [],
      clients: [],
      held: index.zero(),
      ownHeld: index.zero(),
      made: 0,
      ownMade: 0,
      consumed: index.zero(),
      guarantees: quota ? index.of(quota.guarantees) : index.zero(),
      limits: quota ? index.ofLimits(quota.limits) : index.zero().fill(Number.POSITIVE_INFINITY),
      required: index.zero(),
      version: 0,
    };
  }

  /** Made with its ancestors if it is not there. */
  get(path: string): RoleNode {
    const known = this.#nodes.get(path);
    if (known !== undefined) return known;
    const slash = path.lastIndexOf("/");
    const parent = slash < 0 ? this.root : this.get(path.slice(0, slash));
    const node = this.#make(path, parent);
    parent.children.push(node);
    this.#nodes.set(path, node);
    return node;
  }

  nodes(): Iterable<RoleNode> {
    return this.#nodes.values();
  }

  /** The framework waits in each of its roles; `held` has what it holds by role. */
  addFramework(framework: FrameworkState, held: ReadonlyMap<string, Amounts> | undefined): void {
    const mask = visibilityMask(framework.capabilities);
    for (const role of new Set(framework.roles)) {
      const node = this.get(role);
      const made = framework.offersMade?.get(role) ?? 0;
      node.ownMade += made;
      for (const above of upward(node)) above.made += made;
      if (!framework.active || framework.suppressedRoles?.has(role)) continue;
      node.clients.push({ framework, made, mask, held: held?.get(role) ?? this.index.zero() });
    }
  }

  /** Something is held in the role, by whomever. */
  addHeld(node: RoleNode, amounts: Amounts): void {
    increase(node.ownHeld, amounts);
    node.version++;
    for (const above of upward(node)) {
      increase(above.held, amounts);
      if (above.parent) above.parent.version++;
    }
  }
}

/** The node and its ancestors, without the root. */
export function* upward(node: RoleNode): Iterable<RoleNode> {
  for (let n: RoleNode | undefined = node; n?.parent !== undefined; n = n.parent) yield n;
}

/** Of 0 to 1: the greatest part of any total that is held, over the weight; slots with a total of 0 do not count. */
export function dominantShare(held: Amounts, totals: Amounts, weight: number): number {
  let share = 0;
  for (let i = 0; i < totals.length; i++) {
    const total = at(totals, i);
    if (total > 0) share = Math.max(share, at(held, i) / total);
  }
  return share / weight;
}
