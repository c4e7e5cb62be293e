/**
 * Whom to take what from, time apart: for each demand of a role below its fair share the agent where least is lost. What is taken
 * comes from a role above its fair share, and what is given leaves the other at its own or below: who has gained so can lose nothing
 * again, and taking back never goes to and fro.
 */
import { atOnce, type Stepwise } from "../stepwise.ts";
import { Departures, sortExecutors } from "./executors.ts";
import { addTo, covers, EPSILON, type FairNode, FairTree, type Vector } from "./fairtree.ts";
import { type Gang, gangsOf, taken, withExecutors } from "./gangs.ts";
import type { Demand, HeldTask, ReclaimSnapshot } from "./snapshot.ts";

/** Where a demand would be met, and what must go for it; nothing if there is room, or will be. */
export interface Step {
  readonly demand: Demand;
  readonly agent: string;
  readonly gangs: readonly Gang[];
}

interface Candidate {
  readonly agent: string;
  readonly loss: readonly number[];
}

export interface PlanOptions {
  readonly excludeFromFairness?: ReadonlySet<string>;
  /** Gangs that were told that they will be taken: they are taken before newer ones. */
  readonly warned?: (key: string) => boolean;
  /** Gangs whose end is under way: what they hold counts as free. */
  readonly ending?: (key: string) => boolean;
  /** Roles that nothing is taken for now. */
  readonly rests?: (role: string) => boolean;
  /** Demands that are looked at, at most. */
  readonly most?: number;
}

export interface ReclaimPlan {
  /** In the order in which they were decided. */
  readonly steps: readonly Step[];
  /** Roles below their fair share with a demand that there is no room for, whether or not something can be taken for it. */
  readonly short: ReadonlySet<string>;
  /** By path, of roles that hold or want something. */
  readonly shares: ReadonlyMap<string, { readonly share: number; readonly fair: number }>;
}

/** A plan at one go. */
export function planReclaim(snapshot: ReclaimSnapshot, options: PlanOptions = {}): ReclaimPlan {
  return atOnce(planStepwise(snapshot, options));
}

export function* planStepwise(snapshot: ReclaimSnapshot, options: PlanOptions): Stepwise<ReclaimPlan> {
  const planner = new Planner(snapshot, options);
  yield* planner.prepare();
  return yield* planner.run();
}

/** Agents that are looked at between two yields. */
const BETWEEN = 32;

class Planner {
  readonly #snapshot: ReclaimSnapshot;
  readonly #options: PlanOptions;
  readonly #tree: FairTree;
  readonly #free = new Map<string, Vector>();
  #gangs = new Map<string, Gang[]>();
  readonly #taken = new Set<string>();
  #departures = new Departures([]);
  readonly #waiting: Map<string, Demand[][]>;
  readonly #steps: Step[] = [];
  /** By agent, what would be free if all that is revocable went: more is not to be had there. */
  readonly #most = new Map<string, Vector>();
  /** By what is wanted for whom, the agents where it may be had, those where least is lost first. */
  readonly #queues = new Map<string, Candidate[]>();
  readonly #short = new Set<string>();

  constructor(snapshot: ReclaimSnapshot, options: PlanOptions) {
    this.#snapshot = snapshot;
    this.#options = options;
    const { total, roles, guarantees, tasks, demand } = snapshot;
    const { excludeFromFairness: exclude } = options;
    const { executors = [] } = snapshot;
    const paths = new Set([...tasks, ...executors, ...demand].map(({ role }) => role));
    this.#tree = new FairTree({ total, roles, guarantees, paths, ...(exclude && { exclude }) });
    this.#waiting = grouped(demand);
  }

  /** Before `run`: who holds what. */
  *prepare(): Stepwise<void> {
    const { agents, tasks, demand } = this.#snapshot;
    const tree = this.#tree;
    for (const [i, { name, free }] of agents.entries()) {
      const vector = tree.vector(free);
      this.#free.set(name, vector);
      this.#most.set(name, Float64Array.from(vector));
      if (i % BETWEEN === 0) yield;
    }
    const { ending = () => false, warned = () => false } = this.#options;
    const ofTasks = yield* gangsOf(tasks, tree);
    const executors = sortExecutors(this.#snapshot.executors ?? [], ofTasks, ending);
    this.#departures = new Departures(executors.running);
    for (const { executor, revocable } of executors.running) this.#enterExecutor(executor, revocable);
    for (const executor of executors.ending) this.#comesFree(executor);
    const gangs = [...ofTasks, ...(yield* gangsOf(executors.idle, tree))];
    for (const [i, gang] of gangs.entries()) {
      if (i % BETWEEN === 0) yield;
      const ends = ending(gang.key);
      if (ends || gang.tasks.some((task) => task.ending)) this.#enterEnding(gang, ends);
      else {
        for (const [role, amounts] of gang.byRole) this.#hold(role, amounts);
        if (gang.revocable) this.#enterRevocable(gang);
      }
    }
    this.#gangs = yield* byAgentInOrder(this.#gangs, warned);
    for (const { role, resources } of demand) tree.want(role, tree.vector(resources));
    tree.settle();
  }

  /** It is held until its last task goes. */
  #enterExecutor({ role, agent, resources }: HeldTask, revocable: boolean): void {
    const amounts = this.#tree.vector(resources);
    this.#hold(role, amounts);
    const most = this.#most.get(agent);
    if (revocable && most !== undefined) addTo(most, amounts, 1);
  }

  #enterRevocable(gang: Gang): void {
    for (const [agent, amounts] of gang.byAgent) {
      const there = this.#gangs.get(agent) ?? [];
      this.#gangs.set(agent, there);
      there.push(gang);
      const most = this.#most.get(agent);
      if (most !== undefined) addTo(most, amounts, 1);
    }
  }

  #hold(role: string, amounts: Vector): void {
    this.#tree.hold(role, amounts);
    this.#tree.want(role, amounts);
  }

  /** `all`: the whole gang is on its way out; else those of its tasks that say so. */
  #enterEnding(gang: Gang, all: boolean): void {
    for (const task of gang.tasks) {
      if (all || task.ending) this.#comesFree(task);
      else this.#hold(task.role, this.#tree.vector(task.resources));
    }
  }

  #comesFree({ agent, resources }: HeldTask): void {
    const amounts = this.#tree.vector(resources);
    for (const sum of [this.#free.get(agent), this.#most.get(agent)]) {
      if (sum !== undefined) addTo(sum, amounts, 1);
    }
  }

  *run(): Stepwise<ReclaimPlan> {
    const shares = this.#shares();
    for (let left = this.#options.most ?? 64; left > 0; left--) {
      const role = this.#poorest();
      const batch = role === undefined ? undefined : this.#waiting.get(role)?.shift();
      if (batch === undefined) break;
      yield* this.#meet(batch);
    }
    return { steps: this.#steps, short: this.#short, shares };
  }

  #shares(): Map<string, { share: number; fair: number }> {
    const found = new Map<string, { share: number; fair: number }>();
    const visit = (node: FairNode): void => {
      if (node !== this.#tree.root)
        found.set(node.path, { share: this.#tree.share(node.held), fair: node.fair });
      for (const child of node.children) visit(child);
    };
    visit(this.#tree.root);
    return found;
  }

  /** Of the roles that wait the one that has least of its fair share; equal ones by path. */
  #poorest(): string | undefined {
    let best: { role: string; part: number } | undefined;
    for (const [role, batches] of this.#waiting) {
      if (batches.length === 0) continue;
      const leaf = this.#tree.leaf(role);
      const part = this.#tree.share(leaf.held) / Math.max(leaf.fair, EPSILON);
      if (best === undefined || part < best.part || (part === best.part && role < best.role))
        best = { role, part };
    }
    return best?.role;
  }

  /** All demands of a gang, or none. */
  *#meet(batch: readonly Demand[]): Stepwise<void> {
    const undo: (() => void)[] = [];
    const steps: Step[] = [];
    for (const demand of batch) {
      const wanted = this.#tree.vector(demand.resources);
      const roomy = yield* this.#roomFor(demand, wanted);
      if (roomy === undefined && this.#belongsTo(demand, wanted)) this.#short.add(demand.role);
      const step = roomy ?? (yield* this.#leastLoss(demand, wanted));
      if (step === undefined) {
        for (const back of undo.reverse()) back();
        if (undo.length > 0) this.#queues.clear();
        return;
      }
      undo.push(this.#enter(step, wanted));
      steps.push(step);
    }
    this.#steps.push(...steps);
  }

  /** Whether the demand is within the role's fair share, at the leaf. */
  #belongsTo({ role }: Demand, wanted: Vector): boolean {
    const leaf = this.#tree.leaf(role);
    return this.#tree.share(leaf.held, wanted) <= leaf.fair + EPSILON;
  }

  *#roomFor(demand: Demand, wanted: Vector): Stepwise<Step | undefined> {
    let count = 0;
    for (const [agent, free] of this.#free) {
      if (++count % BETWEEN === 0) yield;
      if (covers(free, wanted) && (demand.admits?.(agent) ?? true)) return { demand, agent, gangs: [] };
    }
    return undefined;
  }

  /**
   * Agents are judged once for each kind of demand, then only the first anew: what was taken meanwhile can make it worse, not
   * the others better.
   */
  *#leastLoss(demand: Demand, wanted: Vector): Stepwise<Step | undefined> {
    if (this.#options.rests?.(demand.role) || !this.#belongsTo(demand, wanted)) return undefined;
    const key = demand.admits === undefined ? `${demand.role} ${wanted.join(" ")}` : undefined;
    const known = key === undefined ? undefined : this.#queues.get(key);
    const queue = known ?? (yield* this.#candidates(demand, wanted));
    if (key !== undefined) this.#queues.set(key, queue);
    for (let first = queue[0]; first !== undefined; first = queue[0]) {
      const gangs = this.#chooseOn(first.agent, demand, wanted);
      const loss = gangs && this.#loss(gangs);
      const next = queue[1];
      yield;
      if (
        gangs !== undefined &&
        loss !== undefined &&
        (next === undefined || compare(loss, next.loss) <= 0)
      ) {
        return { demand, agent: first.agent, gangs };
      }
      queue.shift();
      if (loss === undefined) continue;
      const at = queue.findIndex((other) => compare(loss, other.loss) <= 0);
      queue.splice(at < 0 ? queue.length : at, 0, { agent: first.agent, loss });
    }
    return undefined;
  }

  *#candidates(demand: Demand, wanted: Vector): Stepwise<Candidate[]> {
    const found: Candidate[] = [];
    let count = 0;
    for (const agent of this.#gangs.keys()) {
      if (++count % BETWEEN === 0) yield;
      const most = this.#most.get(agent);
      if (most === undefined || !covers(most, wanted) || !(demand.admits?.(agent) ?? true)) continue;
      const gangs = this.#chooseOn(agent, demand, wanted);
      if (gangs !== undefined) found.push({ agent, loss: this.#loss(gangs) });
    }
    return found.sort((a, b) => compare(a.loss, b.loss));
  }

  #chooseOn(agent: string, demand: Demand, wanted: Vector): Gang[] | undefined {
    const [free, gangs] = [this.#free.get(agent), this.#gangs.get(agent)];
    return free && gangs && this.#choose(agent, free, gangs, demand, wanted);
  }

  /** The first gangs in order that make enough room, without those that the later ones made needless. */
  #choose(
    agent: string,
    free: Vector,
    gangs: readonly Gang[],
    demand: Demand,
    wanted: Vector,
  ): Gang[] | undefined {
    const room = Float64Array.from(free);
    const chosen: Gang[] = [];
    const goes = (key: string) => this.#taken.has(key) || chosen.some((gang) => gang.key === key);
    for (const alone of gangs) {
      if (covers(room, wanted)) break;
      if (this.#taken.has(alone.key)) continue;
      const gang = withExecutors(alone, this.#departures.with(alone.key, goes), this.#tree);
      if (!helps(gang.byAgent.get(agent), room, wanted)) continue;
      if (!this.#mayTake(gang, demand, wanted)) continue;
      this.#move(gang, -1);
      chosen.push(gang);
      addTo(room, gang.byAgent.get(agent) ?? room, 1);
    }
    const enough = covers(room, wanted);
    for (const gang of chosen) this.#move(gang, 1);
    if (!enough) return undefined;
    const kept = withoutNeedless(chosen, agent, room, wanted);
    // An executor that is counted on goes with all of its tasks only.
    if (!kept.every((gang) => this.#takesAlong(gang, kept))) return chosen;
    // One that was let go may have been what allowed another: what its role loses, one above both may gain.
    return kept.length === chosen.length || this.#mayTakeAll(kept, demand, wanted) ? kept : undefined;
  }

  #takesAlong({ key, along = [] }: Gang, kept: readonly Gang[]): boolean {
    const goes = (other: string) => this.#taken.has(other) || kept.some((gang) => gang.key === other);
    const now = along.length === 0 ? [] : this.#departures.with(key, goes);
    return along.every((executor) => now.includes(executor));
  }

  #mayTakeAll(gangs: readonly Gang[], demand: Demand, wanted: Vector): boolean {
    const moved: Gang[] = [];
    const allowed = gangs.every((gang) => {
      if (!this.#mayTake(gang, demand, wanted)) return false;
      this.#move(gang, -1);
      moved.push(gang);
      return true;
    });
    for (const gang of moved) this.#move(gang, 1);
    return allowed;
  }

  /**
   * Below the branch that both are in: who loses is above its fair share, and afterwards still has its part by weight and what is
   * guaranteed; who gains is not above its own fair share.
   */
  #mayTake(gang: Gang, { role }: Demand, wanted: Vector): boolean {
    const gains = this.#tree.path(role);
    for (const [from, amounts] of gang.byRole) {
      const loses = this.#tree.path(from);
      // From the top down they are in one branch for a while.
      let together = 0;
      while (
        together < Math.min(gains.length, loses.length) &&
        gains.at(-1 - together) === loses.at(-1 - together)
      )
        together++;
      if (together === loses.length) return false;
      for (let i = 0; i < loses.length - together; i++) {
        const node = loses[i];
        if (node !== undefined && !this.#canSpare(node, amounts)) return false;
      }
      for (let i = 0; i < gains.length - together; i++) {
        const node = gains[i];
        if (node !== undefined && !this.#mayGain(node, wanted)) return false;
      }
    }
    return true;
  }

  #canSpare({ held, fair, part, guarantees }: FairNode, amounts: Vector): boolean {
    if (this.#tree.share(held) <= fair + EPSILON) return false;
    if (this.#tree.share(held, amounts, -1) < part - EPSILON) return false;
    return guarantees.every((kept, i) => kept === 0 || (held[i] ?? 0) - (amounts[i] ?? 0) >= kept);
  }

  #mayGain({ held, fair }: FairNode, wanted: Vector): boolean {
    return this.#tree.share(held, wanted) <= fair + EPSILON;
  }

  #move(gang: Gang, sign: 1 | -1): void {
    for (const [role, amounts] of gang.byRole) this.#tree.hold(role, amounts, sign);
  }

  /** The highest priority that is lost, then how many tasks, then how much. */
  #loss(gangs: readonly Gang[]): readonly number[] {
    const vectors = gangs.flatMap(({ byRole }) => [...byRole.values()]);
    return [
      Math.max(...gangs.map(({ priority }) => priority)),
      gangs.reduce((sum, { tasks }) => sum + tasks.length, 0),
      vectors.reduce((sum, amounts) => sum + this.#tree.share(amounts), 0),
    ];
  }

  /** Returns what takes it back. */
  #enter({ demand, agent, gangs }: Step, wanted: Vector): () => void {
    const apply = (sign: 1 | -1) => {
      for (const gang of gangs) {
        this.#move(gang, sign === 1 ? -1 : 1);
        if (sign === 1) this.#taken.add(gang.key);
        else this.#taken.delete(gang.key);
        for (const [name, amounts] of gang.byAgent) {
          const room = this.#free.get(name);
          if (room !== undefined) addTo(room, amounts, sign);
        }
      }
      const room = this.#free.get(agent);
      if (room !== undefined) addTo(room, wanted, sign === 1 ? -1 : 1);
      this.#tree.hold(demand.role, wanted, sign);
    };
    apply(1);
    return () => apply(-1);
  }
}

/** The gangs of each agent in order, agents by their first. */
function* byAgentInOrder(
  gangs: ReadonlyMap<string, readonly Gang[]>,
  warned: (key: string) => boolean,
): Stepwise<Map<string, Gang[]>> {
  const compareGangs = taken(warned);
  const sorted: [agent: string, gangs: Gang[], first: Gang][] = [];
  for (const [agent, there] of gangs) {
    const own = there.toSorted(compareGangs);
    const [first] = own;
    if (first !== undefined) sorted.push([agent, own, first]);
    if (sorted.length % BETWEEN === 0) yield;
  }
  const place = ([agent, , first]: (typeof sorted)[number]) => [...first.byAgent.keys()].indexOf(agent);
  sorted.sort((a, b) => compareGangs(a[2], b[2]) || place(a) - place(b));
  return new Map(sorted.map(([agent, own]) => [agent, own]));
}

/** By role, what is met together. */
function grouped(demand: readonly Demand[]): Map<string, Demand[][]> {
  const byRole = new Map<string, Demand[][]>();
  for (const batch of Map.groupBy(demand, ({ id, gang }) =>
    gang === undefined ? `one ${id}` : `gang ${gang}`,
  ).values()) {
    const role = batch[0]?.role ?? "";
    const batches = byRole.get(role) ?? [];
    byRole.set(role, batches);
    batches.push(batch);
  }
  return byRole;
}

/** Whether it has something of what is missing. */
function helps(amounts: Vector | undefined, room: Vector, wanted: Vector): boolean {
  return amounts?.some((milli, i) => milli > 0 && (room[i] ?? 0) < (wanted[i] ?? 0)) ?? false;
}

function withoutNeedless(chosen: readonly Gang[], agent: string, room: Vector, wanted: Vector): Gang[] {
  let kept = [...chosen];
  // Those that are taken last are let go first.
  for (const gang of chosen.toReversed()) {
    const amounts = gang.byAgent.get(agent);
    if (amounts === undefined) continue;
    addTo(room, amounts, -1);
    if (covers(room, wanted)) kept = kept.filter((one) => one !== gang);
    else addTo(room, amounts, 1);
  }
  return kept;
}

/** Negative if less is lost by the first. */
function compare(a: readonly number[], b: readonly number[]): number {
  for (const [i, value] of a.entries()) {
    const difference = value - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
