/** What runs where: what constraints between tasks (Unique, Balanced, …) are judged by. */
import { formatValue } from "../../resources/index.ts";
import type { ConstrainedAgent } from "../constraints.ts";
import { atOnce, type Stepwise } from "../stepwise.ts";

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

/** Agents by name; made when first asked for, as most tasks ask nothing of others. They never change. */
class Agents {
  readonly #all: Iterable<PlacementAgent>;
  #byName: ReadonlyMap<string, PlacementAgent> | undefined;

  constructor(all: Iterable<PlacementAgent>) {
    this.#all = all;
  }

  get byName(): ReadonlyMap<string, PlacementAgent> {
    return this.#byName ?? atOnce(this.load());
  }

  *load(): Stepwise<ReadonlyMap<string, PlacementAgent>> {
    if (this.#byName !== undefined) return this.#byName;
    const byName = new Map<string, PlacementAgent>();
    for (const agent of this.#all) {
      byName.set(agent.name, agent);
      yield;
    }
    this.#byName = byName;
    return byName;
  }
}

/** What a constraint on peers is about; one for each constraint, made once. */
export interface PeerAttribute {
  readonly group: string;
  readonly attribute: string;
  /** The same for the same. */
  readonly key: string;
}

export const peerAttribute = (group: string, attribute: string): PeerAttribute => ({
  group,
  attribute,
  key: JSON.stringify([group, attribute]),
});

/** Whether an agent meets all hard constraints that are about agents alone, and its taints are tolerated. */
export interface Eligible {
  readonly admits: (agent: PlacementAgent) => boolean;
  /** The same for the same requests. */
  readonly key: string;
}

/** How many tasks of a group are on agents with each value of an attribute. */
export interface PeerCount {
  readonly byValue: ReadonlyMap<string, number>;
  /** On agents that have the attribute. */
  readonly all: number;
}

class PeerCounts implements PeerCount {
  readonly byValue = new Map<string, number>();
  all = 0;
  readonly #about: PeerAttribute;

  constructor(about: PeerAttribute, before?: PeerCount) {
    this.#about = about;
    for (const [value, count] of before?.byValue ?? []) this.byValue.set(value, count);
    this.all = before?.all ?? 0;
  }

  add({ groups }: RunningTask, agent: PlacementAgent): void {
    const value = attributeText(agent, this.#about.attribute);
    if (value === undefined || !groups.includes(this.#about.group)) return;
    this.byValue.set(value, (this.byValue.get(value) ?? 0) + 1);
    this.all++;
  }
}

export class Situation {
  readonly #agents: Agents;
  /** What this one has come from: all that it says counts here too. */
  readonly #before: Situation | undefined;
  readonly #running: RunningTask[] = [];
  readonly #occupied: ReadonlySet<string>;
  /** Agents of `#running`. */
  readonly #busy = new Set<string>();
  readonly #closed = new Set<string>();
  /** By group and attribute; worked out when first asked. */
  readonly #counts = new Map<string, PeerCounts>();
  /** By the attribute and what makes agents eligible, the values that there are; shared by branches. */
  readonly #values: Map<string, ReadonlySet<string>>;
  /** By what makes agents eligible, how many peers the value with the fewest has; until a task is added. */
  readonly #fewest = new Map<string, Map<PeerAttribute, number>>();

  constructor({ agents, running = [], occupied = [] }: SituationParts, before?: Situation) {
    this.#before = before;
    this.#values = before === undefined ? new Map() : before.#values;
    this.#agents = before === undefined ? new Agents(agents) : before.#agents;
    this.#occupied = occupied instanceof Set ? occupied : new Set(occupied);
    for (const task of running) this.add(task);
  }

  /** Sorts the agents, which whoever asks first would do at one go. */
  *load(): Stepwise<void> {
    yield* this.#agents.load();
  }

  /** One that is added to by itself. To this one nothing may be added while the other is used. */
  branch(): Situation {
    return new Situation({ agents: [] }, this);
  }

  add(task: RunningTask): void {
    this.#running.push(task);
    this.#busy.add(task.agent);
    this.#fewest.clear();
    if (task.exclusive) this.#closed.add(task.agent);
    if (this.#counts.size === 0) return;
    const agent = this.#agents.byName.get(task.agent);
    if (agent === undefined) return;
    for (const counts of this.#counts.values()) counts.add(task, agent);
  }

  /** Whether something runs there already, or is offered to others. */
  isOccupied(agent: string): boolean {
    if (this.#busy.has(agent) || this.#occupied.has(agent)) return true;
    return this.#before?.isOccupied(agent) ?? false;
  }

  /** Whether one task has it for itself. */
  isClosed(agent: string): boolean {
    return this.#closed.has(agent) || (this.#before?.isClosed(agent) ?? false);
  }

  /** By value, how many tasks of the group are on agents with it; values without any are left out. */
  counts(about: PeerAttribute): PeerCount {
    const known = this.#counts.get(about.key);
    if (known !== undefined) return known;
    const counts = new PeerCounts(about, this.#before?.counts(about));
    for (const task of this.#running) {
      const agent = this.#agents.byName.get(task.agent);
      if (agent !== undefined) counts.add(task, agent);
    }
    this.#counts.set(about.key, counts);
    return counts;
  }

  /** Peers at that of the values which has the fewest; 0 while there are fewer values than are expected. */
  fewest(about: PeerAttribute, expected: number, eligible: Eligible): number {
    const ofEligible = this.#fewest.get(eligible.key) ?? new Map<PeerAttribute, number>();
    this.#fewest.set(eligible.key, ofEligible);
    const known = ofEligible.get(about);
    if (known !== undefined) return known;
    const values = this.#values.get(valuesKey(about, eligible)) ?? atOnce(this.gather(about, eligible));
    const { byValue } = this.counts(about);
    let least = values.size === 0 || values.size < expected ? 0 : Number.POSITIVE_INFINITY;
    for (const value of values) least = Math.min(least, byValue.get(value) ?? 0);
    ofEligible.set(about, least);
    return least;
  }

  /** Finds the values of the attribute among the agents that are eligible, which `fewest` needs: it would do so at one go. */
  *gather(about: PeerAttribute, eligible: Eligible): Stepwise<ReadonlySet<string>> {
    const key = valuesKey(about, eligible);
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const values = new Set<string>();
    for (const agent of this.#agents.byName.values()) {
      yield;
      const value = attributeText(agent, about.attribute);
      if (value === undefined || values.has(value) || agent.withheld !== undefined) continue;
      if (eligible.admits(agent)) values.add(value);
    }
    this.#values.set(key, values);
    return values;
  }
}

const valuesKey = ({ attribute }: PeerAttribute, { key }: Eligible): string => `${attribute}\n${key}`;
