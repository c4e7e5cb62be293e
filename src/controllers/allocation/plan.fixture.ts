import {
  AllocationEngine,
  type AllocationOptions,
  type AllocationWorld,
  placementPolicy,
} from "../../allocator/index.ts";
import { Breath } from "../../cluster/breath.ts";
import { ManualClock } from "../../cluster/manual-clock.ts";
import type { PendingGroup } from "../world/builtin.ts";
import { type Peers, peersAmong } from "../world/peers.ts";
import { makePlan } from "./plan.ts";

const nobody: Peers = peersAmong(() => []);

/** Plans a world at one go, for unit tests. */
export async function planOf(
  { agents, frameworks, roles, quotas }: AllocationWorld,
  pending: readonly PendingGroup[],
  options: AllocationOptions,
  peers: Peers = nobody,
) {
  const allocator = new AllocationEngine();
  allocator.setRoles(roles);
  allocator.setQuotas(quotas);
  for (const framework of frameworks) allocator.upsertFramework(framework);
  for (const agent of agents) allocator.upsertAgent(agent);
  const byName = new Map(agents.map((agent) => [agent.name, agent]));
  const plan = await makePlan({
    allocator,
    agent: (name) => byName.get(name),
    agents: () => agents,
    pending,
    options,
    policy: placementPolicy("first-fit"),
    peers,
    breath: Breath.of(new ManualClock()),
  });
  return { ...plan, allocator };
}
