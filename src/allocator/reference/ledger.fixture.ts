/** The books of one allocation: made from a world, then kept as offers are decided. */
import { Resources, reservationRole } from "../../resources/index.ts";
import { type AgentDigest, digestOf } from "../digest.ts";
import type { AgentState, AllocationWorld } from "../world.ts";
import { AmountIndex, type Amounts, increase } from "./amounts.fixture.ts";
import type { Offering } from "./offering.fixture.ts";
import { QuotaBook } from "./quota.fixture.ts";
import { type Client, type RoleNode, RoleTree, upward } from "./roletree.fixture.ts";

export interface AgentBook {
  readonly state: AgentState;
  readonly digest: AgentDigest;
  available: Resources;
  /** Offered in this allocation: a shared volume goes into one offer of it only. */
  sharedOffered: Resources;
}

export interface Ledger {
  readonly index: AmountIndex;
  readonly tree: RoleTree;
  readonly quota: QuotaBook;
  /** Those that are not withheld. */
  readonly agents: readonly AgentBook[];
  /** Scalars of all agents, withheld ones too: a share does not grow because an agent is drained. */
  readonly totals: Amounts;
}

export function openLedger(world: AllocationWorld): Ledger {
  const digests = world.agents.map((state) => ({ state, digest: digestOf(state) }));
  const index = new AmountIndex([
    ...world.agents.flatMap(({ total }) => total.names()),
    ...digests.flatMap(({ digest }) => digest.holdings.flatMap(({ consumed }) => consumed.names())),
    ...world.quotas.flatMap(({ guarantees, limits }) => [...guarantees, ...limits].map(([name]) => name)),
  ]);
  const tree = new RoleTree(index, world.roles, world.quotas);
  const totals = index.zero();
  const free = index.zero();
  const held = new Map<string, Map<string, Amounts>>();
  for (const { state, digest } of digests) {
    increase(totals, index.of(digest.totalScalars));
    if (state.withheld === undefined) increase(free, index.of(digest.free));
    enterAgent(tree, digest, held);
  }
  for (const framework of world.frameworks) tree.addFramework(framework, held.get(framework.id));
  const agents = digests
    .filter(({ state }) => state.withheld === undefined)
    .map(({ state, digest }) => ({
      state,
      digest,
      available: digest.available,
      sharedOffered: Resources.empty,
    }));
  return { index, tree, totals, agents, quota: new QuotaBook(tree, free) };
}

function enterAgent(tree: RoleTree, digest: AgentDigest, held: Map<string, Map<string, Amounts>>): void {
  const { index } = tree;
  for (const [role, amounts] of digest.reserved) {
    const reserved = index.of(amounts);
    for (const node of upward(tree.get(role))) increase(node.consumed, reserved);
  }
  for (const [role, amounts] of digest.idle) tree.addHeld(tree.get(role), index.of(amounts));
  for (const { framework, role, shared, consumed } of digest.holdings) {
    const node = tree.get(role);
    const amounts = index.of(shared);
    tree.addHeld(node, amounts);
    const open = index.of(consumed);
    for (const above of upward(node)) increase(above.consumed, open);
    const roles = held.get(framework) ?? new Map<string, Amounts>();
    held.set(framework, roles);
    const sum = roles.get(role) ?? index.zero();
    increase(sum, amounts);
    roles.set(role, sum);
  }
}

/** Enters an offer everywhere. */
export function enterOffer(
  ledger: Ledger,
  agent: AgentBook,
  role: RoleNode,
  client: Client,
  offering: Offering,
): void {
  const { index, tree, quota } = ledger;
  const { resources } = offering;
  agent.available = agent.available.subtract(resources.nonShared());
  agent.sharedOffered = agent.sharedOffered.add(resources.shared());
  const scalars = index.of(resources.scalarQuantities());
  increase(client.held, scalars);
  client.made++;
  role.ownMade++;
  for (const node of upward(role)) node.made++;
  tree.addHeld(role, scalars);
  // What was reserved and idle counted for the reservation's role already.
  for (const resource of resources.reserved().scalars()) {
    const reservedTo = reservationRole(resource);
    const isUsed = agent.state.allocations.some((held) => held.resources.countOf(resource) > 0);
    if (reservedTo === undefined || (resource.shared && isUsed)) continue;
    const amounts = index.of(Resources.of([resource]).scalarQuantities());
    tree.addHeld(
      tree.get(reservedTo),
      amounts.map((milli) => -milli),
    );
  }
  quota.consume(role, index.of(offering.open));
}
