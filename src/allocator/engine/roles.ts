/** The tree of roles, each with a number, and what the shares of its branches are made of. */
import { type Keys, Ranked } from "./ranked.ts";
import type { Space, Table } from "./space.ts";

export class RoleNode {
  readonly index: number;
  /** Empty for the root. */
  readonly path: string;
  readonly parent: RoleNode | undefined;
  readonly children: RoleNode[] = [];
  weight = 1;
  /** Has a weight of its own or a quota: it is told of though nothing is held in it. */
  listed = false;
  /** Clients of frameworks that have this role, whether or not they take offers now. */
  readonly members = new Set<number>();
  /** How many clients take offers: here, and here and below. */
  live = 0;
  liveBelow = 0;
  /** Offers made to these clients: here and below, and here. */
  made = 0;
  ownMade = 0;
  /** Children with live clients and, as `leafOf`, the role itself. */
  readonly contenders: Ranked;
  readonly clients: Ranked;
  /** Whose members have changed is filled anew, whose shares have, sorted anew: see ranking.ts. */
  contendersStale = true;
  clientsStale = true;
  contendersEpoch = -1;
  clientsEpoch = -1;
  /** For the random sorter: clients in any order. */
  lot: Int32Array | undefined;

  constructor(index: number, path: string, parent: RoleNode | undefined, roleKeys: Keys, clientKeys: Keys) {
    this.index = index;
    this.path = path;
    this.parent = parent;
    this.contenders = new Ranked(roleKeys);
    this.clients = new Ranked(clientKeys);
  }
}

/** A node as its parent's contender, and as the virtual leaf `.` among its own children (Mesos: sorter/drf/sorter.hpp). */
export const branchOf = (node: RoleNode): number => 2 * node.index;
export const leafOf = (node: RoleNode): number => 2 * node.index + 1;

export class Roles {
  readonly nodes: RoleNode[] = [];
  readonly root: RoleNode;
  /** Held by frameworks, here and below: scalars. */
  readonly held: Table;
  /**
   * What the dominant share counts, here and below: what is held, and what is reserved to the role and idle. Mesos counts
   * reservations once they are allocated, so that a role may hoard them without its share growing (MESOS-8299).
   */
  readonly weighed: Table;
  /** The same of the role itself: the share of its virtual leaf. */
  readonly ownWeighed: Table;
  readonly roleKeys: Keys;
  readonly #clientKeys: Keys;
  readonly #space: Space;
  readonly #tables: Table[] = [];
  readonly #byPath = new Map<string, RoleNode>();

  constructor(space: Space, roleKeys: Keys, clientKeys: Keys) {
    this.#space = space;
    this.held = this.table();
    this.weighed = this.table();
    this.ownWeighed = this.table();
    this.roleKeys = roleKeys;
    this.#clientKeys = clientKeys;
    this.root = this.#make("", undefined);
  }

  /** A table with a row for every role, also for those to come. */
  table(fill = 0): Table {
    const table = this.#space.table(fill);
    table.ensure(this.nodes.length);
    this.#tables.push(table);
    return table;
  }

  find(path: string): RoleNode | undefined {
    return this.#byPath.get(path);
  }

  /** Made with its ancestors if it is not there. */
  get(path: string): RoleNode {
    const known = this.#byPath.get(path);
    if (known !== undefined) return known;
    const slash = path.lastIndexOf("/");
    const parent = slash < 0 ? this.root : this.get(path.slice(0, slash));
    const node = this.#make(path, parent);
    parent.children.push(node);
    this.#byPath.set(path, node);
    return node;
  }

  #make(path: string, parent: RoleNode | undefined): RoleNode {
    const node = new RoleNode(this.nodes.length, path, parent, this.roleKeys, this.#clientKeys);
    this.nodes.push(node);
    const rows = this.nodes.length;
    for (const table of this.#tables) table.ensure(rows);
    this.roleKeys.ensure(2 * rows);
    return node;
  }

  /** Something is held in the role, or (negative) no longer. */
  addHeld(node: RoleNode, slot: number, milli: number): void {
    this.addIdle(node, slot, milli);
    for (let n = node; n.parent !== undefined; n = n.parent) this.held.add(n.index, slot, milli);
  }

  /** Something that is reserved to the role is idle, or (negative) no longer. */
  addIdle(node: RoleNode, slot: number, milli: number): void {
    this.ownWeighed.add(node.index, slot, milli);
    for (let n = node; n.parent !== undefined; n = n.parent) this.weighed.add(n.index, slot, milli);
  }

  /** Offers were made in the role, or (negative) are not counted any longer. */
  addMade(node: RoleNode, offers: number): void {
    node.ownMade += offers;
    for (let n = node; n.parent !== undefined; n = n.parent) n.made += offers;
  }

  /** So many more clients of the role take offers. */
  addLive(node: RoleNode, clients: number): void {
    node.live += clients;
    if (node.live === 0 || node.live === clients) node.contendersStale = true;
    for (let n = node; n.parent !== undefined; n = n.parent) {
      n.liveBelow += clients;
      if (n.liveBelow === 0 || n.liveBelow === clients) n.parent.contendersStale = true;
    }
  }
}
