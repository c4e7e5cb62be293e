/** What runs where: what constraints between tasks (Unique, Balanced, …) are judged by. */
import { formatValue } from "../../resources/index.ts";
import type { ConstrainedAgent } from "../constraints.ts";

export interface PlacementAgent extends ConstrainedAgent {
  readonly taints?: readonly string[];
  /** Set if nothing is placed there now: what runs there counts all the same. */
  readonly withheld?: string;
}

/** A task that has its agent, or was just given it. */
export interface RunningTask {
  readonly agent: string;
  /** Opaque names of what it belongs to: tasks with one in common are peers there. */
  readonly groups: readonly string[];
  /** It has the agent for itself. */
  readonly exclusive?: boolean;
}

export interface SituationParts {
  /** All, offered now or not: the values of their attributes are what Balanced counts. */
  readonly agents: Iterable<PlacementAgent>;
  readonly running?: Iterable<RunningTask>;
  /** Agents where something runs or is offered to others, beside what `running` says. */
  readonly occupied?: Iterable<string>;
}

/** Text of HOSTNAME, REGION, ZONE, or of the first attribute of the name. */
export function attributeText(agent: ConstrainedAgent, attribute: string): string | undefined {
  if (attribute === "HOSTNAME") return agent.hostname ?? agent.name;
  if (attribute === "REGION") return agent.region;
  if (attribute === "ZONE") return agent.zone;
  const value = agent.attributes.find(({ name }) => name === attribute)?.value;
  return value && formatValue(value);
}

export class Situation {
  readonly #agents = new Map<string, PlacementAgent>();
  readonly #running: RunningTask[] = [];
  readonly #occupied: Set<string>;
  readonly #closed = new Set<string>();
  /** By group and attribute, how many tasks are at each value; worked out when first asked. */
  readonly #counts = new Map<string, Map<string, number>>();
  /** By what makes agents eligible and the attribute, the values that there are. */
  readonly #values = new Map<string, ReadonlySet<string>>();

  constructor({ agents, running = [], occupied = [] }: SituationParts) {
    for (const agent of agents) this.#agents.set(agent.name, agent);
    this.#occupied = new Set(occupied);
    for (const task of running) this.add(task);
  }

  /** One that changes on its own. */
  copy(): Situation {
    return new Situation({ agents: this.#agents.values(), running: this.#running, occupied: this.#occupied });
  }

  add(task: RunningTask): void {
    this.#running.push(task);
    this.#occupied.add(task.agent);
    if (task.exclusive) this.#closed.add(task.agent);
    const agent = this.#agents.get(task.agent);
    if (agent === undefined) return;
    for (const [key, counts] of this.#counts) {
      const [group = "", attribute = ""] = JSON.parse(key) as string[];
      if (task.groups.includes(group)) count(counts, agent, attribute);
    }
  }

  /** Whether something runs there already, or is offered to others. */
  isOccupied(agent: string): boolean {
    return this.#occupied.has(agent);
  }

  /** Whether one task has it for itself. */
  isClosed(agent: string): boolean {
    return this.#closed.has(agent);
  }

  /** By value, how many tasks of the group are on agents with it; values without any are left out. */
  counts(group: string, attribute: string): ReadonlyMap<string, number> {
    const key = JSON.stringify([group, attribute]);
    const known = this.#counts.get(key);
    if (known !== undefined) return known;
    const counts = new Map<string, number>();
    for (const task of this.#running) {
      const agent = this.#agents.get(task.agent);
      if (agent !== undefined && task.groups.includes(group)) count(counts, agent, attribute);
    }
    this.#counts.set(key, counts);
    return counts;
  }

  /** The values of the attribute among agents that are eligible; `key` says for whom. */
  values(attribute: string, key: string, eligible: (agent: PlacementAgent) => boolean): ReadonlySet<string> {
    const whole = JSON.stringify([attribute, key]);
    const known = this.#values.get(whole);
    if (known !== undefined) return known;
    const values = new Set<string>();
    for (const agent of this.#agents.values()) {
      const value = attributeText(agent, attribute);
      if (value === undefined || values.has(value) || agent.withheld !== undefined) continue;
      if (eligible(agent)) values.add(value);
    }
    this.#values.set(whole, values);
    return values;
  }
}

function count(counts: Map<string, number>, agent: PlacementAgent, attribute: string): void {
  const value = attributeText(agent, attribute);
  if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1);
}
