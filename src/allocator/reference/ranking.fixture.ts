/**
 * Who comes next. `drf` is Mesos's sorter (sorter/drf/sorter.cpp): smallest dominant share over weight first, siblings against
 * siblings down the role tree, then a role's frameworks against each other; among equal shares who was made fewer offers, then
 * the path or id. `random` shuffles by weight at each question (sorter/random/sorter.cpp).
 */
import type { Amounts } from "./amounts.fixture.ts";
import { type Client, dominantShare, type RoleNode, type RoleTree } from "./roletree.fixture.ts";

export interface Ranking {
  /** Roles with clients, first come first served. */
  roles(): readonly RoleNode[];
  clients(role: RoleNode): readonly Client[];
}

/** `totals`: what the cluster has, 0 for names that fairness leaves out. */
export function drfRanking(tree: RoleTree, totals: Amounts): Ranking {
  const sorted = new Map<RoleNode, { version: number; contenders: Contender[] }>();
  const clients = new Map<RoleNode, { version: number; list: Client[] }>();
  return {
    roles: () => [...preOrder(tree.root)],
    clients(role) {
      const known = clients.get(role);
      if (known?.version === role.version) return known.list;
      const list = byShare(role.clients, (c) => [dominantShare(c.held, totals, 1), c.made, c.framework.id]);
      clients.set(role, { version: role.version, list });
      return list;
    },
  };

  function* preOrder(node: RoleNode): Iterable<RoleNode> {
    for (const { child } of contendersOf(node)) {
      if (child === undefined) yield node;
      else yield* preOrder(child);
    }
  }

  function contendersOf(node: RoleNode): readonly Contender[] {
    const known = sorted.get(node);
    if (known?.version === node.version) return known.contenders;
    const contenders = byShare(known?.contenders ?? contenders0(node), ({ child }) =>
      child === undefined
        ? [dominantShare(node.ownHeld, totals, 1), node.ownMade, `${node.path}/.`]
        : [dominantShare(child.held, totals, child.weight), child.made, child.path],
    );
    sorted.set(node, { version: node.version, contenders });
    return contenders;
  }
}

/** A child, or, without one, the node itself as the virtual leaf. */
interface Contender {
  readonly child: RoleNode | undefined;
}

function contenders0(node: RoleNode): Contender[] {
  const children: Contender[] = node.children.filter(hasClients).map((child) => ({ child }));
  return node.clients.length > 0 ? [{ child: undefined }, ...children] : children;
}

function hasClients(node: RoleNode): boolean {
  return node.clients.length > 0 || node.children.some(hasClients);
}

type Rank = readonly [share: number, made: number, name: string];

function byShare<T>(list: readonly T[], rank: (item: T) => Rank): T[] {
  return list
    .map((item) => ({ item, rank: rank(item) }))
    .sort(({ rank: a }, { rank: b }) => a[0] - b[0] || a[1] - b[1] || (a[2] < b[2] ? -1 : 1))
    .map(({ item }) => item);
}

export function randomRanking(tree: RoleTree, random: () => number): Ranking {
  const leaves = [...weightedLeaves(tree.root, 1)];
  return {
    roles: () => weightedShuffle(leaves, ({ weight }) => weight, random).map(({ role }) => role),
    clients: (role) => weightedShuffle(role.clients, () => 1, random),
  };
}

/** A leaf's weight is the product of its parts among siblings on the way down. */
function* weightedLeaves(node: RoleNode, weight: number): Iterable<{ role: RoleNode; weight: number }> {
  const contenders = contenders0(node);
  const sum = contenders.reduce((total, { child }) => total + (child?.weight ?? 1), 0);
  for (const { child } of contenders) {
    if (child === undefined) yield { role: node, weight: weight / sum };
    else yield* weightedLeaves(child, (weight * child.weight) / sum);
  }
}

/** Efraimidis and Spirakis: the smallest of exponential variates with the weights as rates comes first. */
function weightedShuffle<T>(list: readonly T[], weight: (item: T) => number, random: () => number): T[] {
  return list
    .map((item) => ({ item, key: -Math.log(1 - random()) / weight(item) }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

/** Fisher and Yates; a new array. */
export function shuffle<T>(list: readonly T[], random: () => number): T[] {
  const result = [...list];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const [a, b] = [result[i], result[j]];
    if (a !== undefined && b !== undefined) [result[i], result[j]] = [b, a];
  }
  return result;
}
