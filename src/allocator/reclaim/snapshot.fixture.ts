/** Snapshots in a few words, for tests. */
import { parseResources, type Quantities } from "../../resources/index.ts";
import type { Demand, HeldTask, ReclaimSnapshot } from "./snapshot.ts";

export const amounts = (text: string): Quantities => parseResources(text).scalarQuantities();

export const task = (
  id: string,
  role: string,
  agent: string,
  text: string,
  more: Partial<HeldTask> = {},
): HeldTask => ({
  id,
  role,
  agent,
  resources: amounts(text),
  priority: 0,
  startedAt: 0,
  revocable: true,
  ...more,
});

export const wants = (id: string, role: string, text: string, more: Partial<Demand> = {}): Demand => ({
  id,
  role,
  resources: amounts(text),
  ...more,
});

/** Agents a1, a2 … of `each`, of which the tasks hold a part. */
export function cluster(
  agents: number,
  each: string,
  tasks: readonly HeldTask[],
  demand: readonly Demand[],
  more: Partial<ReclaimSnapshot> = {},
): ReclaimSnapshot {
  const names = Array.from({ length: agents }, (_, i) => `a${i + 1}`);
  const free = new Map(names.map((name) => [name, amounts(each)]));
  for (const { agent, resources } of tasks) {
    const rest = free.get(agent);
    if (rest !== undefined) free.set(agent, rest.subtract(resources));
  }
  return {
    total: names.reduce((sum) => sum.add(amounts(each)), amounts("")),
    agents: Array.from(free, ([name, rest]) => ({ name, free: rest })),
    roles: [],
    guarantees: [],
    tasks,
    demand,
    ...more,
  };
}
