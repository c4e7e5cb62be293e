/** Dominant shares and consumption out of the books: see ../shares.ts. */
import { Quantities } from "../../resources/index.ts";
import type { RoleShare, Shares } from "../shares.ts";
import type { Books } from "./books.ts";
import type { RoleNode } from "./roles.ts";
import type { Space, Table } from "./space.ts";

export function sharesFrom(books: Books, excluded: ReadonlySet<string>): Shares {
  const { space, roles, clients, headroom, fairness } = books;
  const roleShares = new Map<string, RoleShare>();
  for (const node of knownRoles(books)) {
    roleShares.set(node.path, {
      role: node.path,
      dominantShare: dominant(books, roles.weighed, node.index, excluded),
      held: quantities(space, roles.held, node.index),
      consumed: quantities(space, headroom.consumed, node.index),
    });
  }
  const frameworks = new Map<string, number>();
  const sum = space.row();
  for (const [id, framework] of clients.byId) {
    const held = [...framework.clients.values()].filter((client) => (clients.holds[client] ?? 0) > 0);
    if (held.length === 0) continue;
    sum.clear(0);
    for (const client of held) {
      for (let slot = 0; slot < space.size; slot++) sum.add(0, slot, clients.held.get(client, slot));
    }
    frameworks.set(id, dominant(books, sum, 0, excluded));
  }
  space.drop(sum);
  return { roles: roleShares, frameworks, total: quantities(space, fairness.totals, 0) };
}

/** Those that were told of, that frameworks are in or that have something, and all above them. */
function knownRoles({ roles, headroom }: Books): readonly RoleNode[] {
  const known = new Set<RoleNode>();
  for (const node of roles.nodes) {
    const has = !roles.weighed.isZero(node.index) || !headroom.consumed.isZero(node.index);
    if (!node.listed && node.members.size === 0 && !has) continue;
    for (let n = node; n.parent !== undefined && !known.has(n); n = n.parent) known.add(n);
  }
  return roles.nodes.filter((node) => known.has(node));
}

function dominant(
  { space, fairness }: Books,
  table: Table,
  row: number,
  excluded: ReadonlySet<string>,
): number {
  let share = 0;
  space.names.forEach((name, slot) => {
    const total = fairness.totals.get(0, slot);
    if (total > 0 && !excluded.has(name)) share = Math.max(share, table.get(row, slot) / total);
  });
  return share;
}

function quantities(space: Space, table: Table, row: number): Quantities {
  return Quantities.of(space.names.map((name, slot) => [name, table.get(row, slot)]));
}
