/**
 * The fair shares of roles, of 0 to 1 of what there is: what is guaranteed first, then each role's part by weight among its siblings, as
 * far as it wants it; what one does not want is shared by the others (max-min fairness by dominant share, down the role tree).
 * Nobody is above its fair share as long as all can have what they want.
 */
import type { Quantities } from "../../resources/index.ts";

export type Vector = Float64Array;

export interface FairNode {
  readonly path: string;
  readonly weight: number;
  readonly parent: FairNode | undefined;
  readonly children: FairNode[];
  /** In the role and below it. */
  readonly held: Vector;
  /** What is held and what is wanted beside it. */
  readonly wanted: Vector;
  readonly guarantees: Vector;
  /** Max-min: see above. */
  fair: number;
  /** By weight alone among those who want something, or what is guaranteed if that is more; no more than is wanted. */
  part: number;
}

interface FairTreeParts {
  readonly total: Quantities;
  readonly roles: readonly { readonly path: string; readonly weight: number }[];
  readonly guarantees: readonly { readonly role: string; readonly guarantees: Quantities }[];
  /** All roles that hold or want something. */
  readonly paths: Iterable<string>;
  /** Names that no dominant share counts. */
  readonly exclude?: ReadonlySet<string>;
}

/** Shares are compared with this slack: they are quotients. */
export const EPSILON = 1e-9;

export class FairTree {
  readonly root: FairNode;
  readonly #names: readonly string[];
  readonly #totals: Vector;
  readonly #weights: ReadonlyMap<string, number>;
  readonly #guarantees: ReadonlyMap<string, Quantities>;
  readonly #nodes = new Map<string, FairNode>();
  readonly #paths = new Map<string, readonly FairNode[]>();
  /** Roles with children: what is held in themselves is a leaf beside them, as in Mesos's sorter. */
  readonly #inner: ReadonlySet<string>;

  constructor({ total, roles, guarantees, paths, exclude = new Set() }: FairTreeParts) {
    this.#names = total.names();
    this.#totals = Float64Array.from(this.#names, (name) => (exclude.has(name) ? 0 : total.get(name)));
    this.#weights = new Map(roles.map(({ path, weight }) => [path, weight]));
    this.#guarantees = new Map(guarantees.map((one) => [one.role, one.guarantees]));
    const all = [...paths];
    this.#inner = new Set(all.flatMap(ancestors));
    this.root = this.#make("", undefined);
    for (const path of all) this.leaf(path);
  }

  vector(amounts: Quantities): Vector {
    return Float64Array.from(this.#names, (name) => amounts.get(name));
  }

  /** Where what is held in the role itself is counted. */
  leaf(role: string): FairNode {
    return this.#get(this.#inner.has(role) ? `${role}/.` : role);
  }

  /** The leaf of a role and what is above it, without the root. */
  path(role: string): readonly FairNode[] {
    const known = this.#paths.get(role);
    if (known !== undefined) return known;
    const path = upward(this.leaf(role));
    this.#paths.set(role, path);
    return path;
  }

  hold(role: string, amounts: Vector, sign: 1 | -1 = 1): void {
    for (const node of this.path(role)) addTo(node.held, amounts, sign);
  }

  want(role: string, amounts: Vector): void {
    for (const node of this.path(role)) addTo(node.wanted, amounts, 1);
  }

  /** The greatest part of any total, with `more` or without it (sign -1). */
  share(amounts: Vector, more?: Vector, sign: 1 | -1 = 1): number {
    let share = 0;
    for (let i = 0; i < amounts.length; i++) {
      const total = this.#totals[i] ?? 0;
      if (total > 0) share = Math.max(share, ((amounts[i] ?? 0) + sign * (more?.[i] ?? 0)) / total);
    }
    return share;
  }

  /** Works out `fair` and `part` of all nodes, from what is held and wanted now. */
  settle(): void {
    this.root.fair = 1;
    this.root.part = 1;
    this.#settle(this.root);
  }

  #settle({ children, fair, part }: FairNode): void {
    const claims = children.map((node) => {
      const want = this.share(node.wanted);
      return { node, want, floor: Math.min(want, this.share(guaranteed(node))), weight: node.weight };
    });
    const parts = divide(fair, claims);
    const endless = claims.map((claim) => ({
      ...claim,
      want: claim.want > 0 ? Math.max(part, claim.floor) : 0,
    }));
    const byWeight = divide(part, endless);
    for (const [i, { node, want }] of claims.entries()) {
      node.fair = parts[i] ?? 0;
      node.part = Math.min(want, byWeight[i] ?? 0);
      this.#settle(node);
    }
  }

  #get(path: string): FairNode {
    const known = this.#nodes.get(path);
    if (known !== undefined) return known;
    const slash = path.lastIndexOf("/");
    const parent = slash < 0 ? this.root : this.#get(path.slice(0, slash));
    const node = this.#make(path, parent);
    parent.children.push(node);
    this.#nodes.set(path, node);
    return node;
  }

  #make(path: string, parent: FairNode | undefined): FairNode {
    const zero = () => new Float64Array(this.#names.length);
    const guarantees = this.#guarantees.get(path);
    return {
      path,
      parent,
      weight: this.#weights.get(path) ?? 1,
      children: [],
      held: zero(),
      wanted: zero(),
      guarantees: guarantees === undefined ? zero() : this.vector(guarantees),
      fair: 0,
      part: 0,
    };
  }
}

/** What is guaranteed, as far as it is wanted: to the role or, if that is more, to those below it together. */
function guaranteed({ guarantees, wanted, children }: FairNode): Vector {
  const below = new Float64Array(guarantees.length);
  for (const child of children) addTo(below, guaranteed(child), 1);
  return below.map((milli, i) => Math.max(milli, Math.min(wanted[i] ?? 0, guarantees[i] ?? 0)));
}

interface Claim {
  readonly want: number;
  /** Given before the rest is shared. */
  readonly floor: number;
  readonly weight: number;
}

/** Max-min: each has min(want, max(floor, level * weight)), at the highest level for which there is enough. */
function divide(whole: number, claims: readonly Claim[]): number[] {
  const at = (level: number) =>
    claims.map(({ want, floor, weight }) => Math.min(want, Math.max(floor, level * weight)));
  const enough = (level: number) => at(level).reduce((sum, part) => sum + part, 0) <= whole;
  let high = Math.max(0, ...claims.map(({ want, weight }) => want / weight));
  if (enough(high)) return at(high);
  let low = 0;
  for (let i = 0; i < 64; i++) {
    const middle = (low + high) / 2;
    if (enough(middle)) low = middle;
    else high = middle;
  }
  return at(low);
}

function ancestors(path: string): string[] {
  const slash = path.lastIndexOf("/");
  if (slash < 0) return [];
  const above = path.slice(0, slash);
  return [above, ...ancestors(above)];
}

function upward(node: FairNode): FairNode[] {
  const path: FairNode[] = [];
  for (let n: FairNode | undefined = node; n?.parent !== undefined; n = n.parent) path.push(n);
  return path;
}

export function addTo(target: Vector, by: Vector, sign: 1 | -1): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] ?? 0) + sign * (by[i] ?? 0);
}

export function covers(there: Vector, wanted: Vector): boolean {
  return wanted.every((milli, i) => (there[i] ?? 0) >= milli);
}
