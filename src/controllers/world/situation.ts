import { type AgentState, type RunningTask, Situation, type Stepwise } from "../../allocator/index.ts";

/** What constraints between tasks are judged by, gathered agent by agent. Occupied is where anything is held or offered. */
export function* situationOf(
  agents: Iterable<AgentState>,
  running: readonly RunningTask[],
): Stepwise<Situation> {
  const all: AgentState[] = [];
  const occupied = new Set<string>();
  for (const agent of agents) {
    all.push(agent);
    if (agent.allocations.some(({ resources }) => !resources.isEmpty)) occupied.add(agent.name);
    yield;
  }
  const situation = new Situation({ agents: all, occupied });
  for (const task of running) {
    situation.add(task);
    yield;
  }
  return situation;
}
