/**
 * Who comes first, kept as things change (Mesos: sorter/drf/sorter.cpp): the smallest dominant share over weight, siblings against
 * siblings down the role tree, then a role's frameworks against each other; among equal shares who was made fewer offers, then
 * the path or id. A share is of what the cluster has in all, withheld agents too: it does not grow because one is drained.
 */
import type { Clients } from "./clients.ts";
import type { Ranked } from "./ranked.ts";
import { branchOf, leafOf, type RoleNode, type Roles } from "./roles.ts";
import type { Space, Table } from "./space.ts";

/** More changes at once than this, and sorting anew is cheaper than moving one by one. */
const MANY = 512;

export class Fairness {
  /** What all agents have, scalars: one row. */
  readonly totals: Table;
  /** Grows whenever all shares may have changed: lists of an older epoch are sorted anew when they are asked for. */
  #epoch = 0;
  #slots: number[] = [];
  #slotsEpoch = -1;
  #excluded: ReadonlySet<string> = new Set();
  readonly #space: Space;
  readonly #roles: Roles;
  readonly #clients: Clients;
  readonly #changed: number[] = [];
  readonly #changedRoles = new Set<RoleNode>();

  constructor(space: Space, roles: Roles, clients: Clients) {
    this.#space = space;
    this.#roles = roles;
    this.#clients = clients;
    this.totals = space.row();
  }

  /** Names that no share counts (Mesos: fair_sharing_excluded_resource_names). */
  exclude(names: ReadonlySet<string>): void {
    this.#excluded = names;
    this.changedAll();
  }

  /** Totals or weights have changed. */
  changedAll(): void {
    this.#epoch++;
  }

  /** What the client holds or how many offers it was made has changed: `settle` moves it and its role. */
  changed(client: number): void {
    this.#changed.push(client);
    // Noted at once: the client's number may be another's by the time of `settle`.
    const role = this.#clients.roles[client];
    if (role !== undefined) this.#changedRoles.add(role);
  }

  changedRole(role: RoleNode): void {
    this.#changedRoles.add(role);
  }

  /** Moves whatever has changed to its place. */
  settle(): void {
    if (this.#changed.length > MANY || this.#changedRoles.size > MANY) this.changedAll();
    else {
      for (const client of this.#changed) this.#move(client);
      for (const role of this.#changedRoles) this.#moveRole(role);
    }
    this.#changed.length = 0;
    if (this.#changedRoles.size > 0) this.#changedRoles.clear();
  }

  #move(client: number): void {
    const role = this.#clients.roles[client];
    if (role === undefined) return;
    if (this.#clients.isLive(client) && !role.clientsStale && role.clientsEpoch === this.#epoch) {
      role.clients.move(client, this.#shareOf(client), this.#clients.made[client] ?? 0);
    }
  }

  #moveRole(role: RoleNode): void {
    if (role.live > 0 && this.#isCurrent(role)) {
      role.contenders.move(leafOf(role), this.#ownShare(role), role.ownMade);
    }
    for (let node = role; node.parent !== undefined; node = node.parent) {
      if (node.liveBelow > 0 && this.#isCurrent(node.parent)) {
        node.parent.contenders.move(branchOf(node), this.#branchShare(node), node.made);
      }
    }
  }

  #isCurrent(node: RoleNode): boolean {
    return !node.contendersStale && node.contendersEpoch === this.#epoch;
  }

  /** The role's live clients, first come first served. */
  clientsOf(role: RoleNode): Ranked {
    const { keys, made } = this.#clients;
    if (role.clientsStale) {
      const names = this.#clients.frameworks;
      const members = [...role.members].sort((a, b) =>
        (names[a]?.id ?? "") < (names[b]?.id ?? "") ? -1 : 1,
      );
      members.forEach((client, rank) => {
        keys.rank[client] = rank;
      });
      role.clients.fill(members.filter((client) => this.#clients.isLive(client)));
      role.lot = undefined;
    }
    if (role.clientsStale || role.clientsEpoch !== this.#epoch) {
      role.clientsStale = false;
      role.clientsEpoch = this.#epoch;
      const { items, count } = role.clients;
      for (let i = 0; i < count; i++) {
        const client = items[i] ?? 0;
        keys.set(client, this.#shareOf(client), made[client] ?? 0);
      }
      role.clients.sort();
    }
    return role.clients;
  }

  /** Children of the node with live clients, and itself as a leaf if it has some: `branchOf` and `leafOf`. */
  contendersOf(node: RoleNode): Ranked {
    const keys = this.#roles.roleKeys;
    if (node.contendersStale) {
      const branches = node.children.filter((child) => child.liveBelow > 0);
      const leaf = node.live > 0 ? [{ item: leafOf(node), name: `${node.path}/.` }] : [];
      const all = [...leaf, ...branches.map((child) => ({ item: branchOf(child), name: child.path }))];
      all.sort((a, b) => (a.name < b.name ? -1 : 1));
      all.forEach(({ item }, rank) => {
        keys.rank[item] = rank;
      });
      node.contenders.fill(all.map(({ item }) => item));
    }
    if (node.contendersStale || node.contendersEpoch !== this.#epoch) {
      node.contendersStale = false;
      node.contendersEpoch = this.#epoch;
      const { items, count } = node.contenders;
      for (let i = 0; i < count; i++) {
        const item = items[i] ?? 0;
        const other = this.#roles.nodes[item >>> 1] ?? node;
        if ((item & 1) === 1) keys.set(item, this.#ownShare(other), other.ownMade);
        else keys.set(item, this.#branchShare(other), other.made);
      }
      node.contenders.sort();
    }
    return node.contenders;
  }

  #shareOf(client: number): number {
    return this.dominant(this.#clients.held, client);
  }

  #branchShare(node: RoleNode): number {
    return this.dominant(this.#roles.weighed, node.index) / node.weight;
  }

  #ownShare(node: RoleNode): number {
    return this.dominant(this.#roles.ownWeighed, node.index);
  }

  /** Of 0 to 1: the greatest part of any total that the row is; names that there are none of, or that are left out, do not count. */
  dominant(table: Table, row: number): number {
    if (this.#slotsEpoch !== this.#epoch) this.#findSlots();
    const { data, stride } = table;
    const totals = this.totals.data;
    let share = 0;
    for (const slot of this.#slots) {
      const part = (data[row * stride + slot] ?? 0) / (totals[slot] ?? 1);
      if (part > share) share = part;
    }
    return share;
  }

  #findSlots(): void {
    this.#slotsEpoch = this.#epoch;
    this.#slots = this.#space.names.flatMap((name, slot) =>
      this.totals.get(0, slot) > 0 && !this.#excluded.has(name) ? [slot] : [],
    );
  }
}
