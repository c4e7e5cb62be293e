import {
  type Demand,
  decideStepwise,
  NO_RECLAIM,
  parseMinAllocatable,
  type ReclaimOptions,
  type ReclaimState,
} from "../../allocator/index.ts";
import { durationMs } from "../../api/duration.ts";
import type { Task } from "../../api/task.ts";
import { type KubeObject, keyOf, type Live } from "../../cluster/object.ts";
import type { Quantities } from "../../resources/index.ts";
import { Alarm } from "../allocation/alarm.ts";
import { pendingTasks } from "../allocation/pending.ts";
import { isOutstanding } from "../caches.ts";
import type { Dependencies, Runnable } from "../dependencies.ts";
import { readinessNow } from "../framework/readinessnow.ts";
import { offerFramework } from "../world/agentview.ts";
import { pendingGroups } from "../world/builtin.ts";
import { outstandingOffers } from "../world/outstanding.ts";
import { peersAmong } from "../world/peers.ts";
import type { Scheduling } from "../world/scheduling.ts";
import { filterTime } from "../world/seed.ts";
import { consumedBy } from "../world/subtree.ts";
import { toleratedWords } from "../world/tolerations.ts";
import { quotaStates, roleStates } from "../world/world.ts";
import { ReclaimApplier } from "./apply.ts";
import { Declines } from "./declines.ts";
import { type AgentStates, frameworkDemand, pendingDemand, withinLimits } from "./demand.ts";
import { Pursuits } from "./pursuits.ts";
import { type ReclaimFacts, reclaimSnapshot } from "./snapshot.ts";

/** Milliseconds between decisions, however much changes. */
const AT_MOST_EVERY = 1_000;
/** While somebody waits: limits and readiness change without anyone saying so. */
const AT_LEAST_EVERY = 10_000;

/**
 * Takes back what roles have above their fair share for those that wait below theirs (see src/allocator/reclaim). While nobody waits it
 * only looks whether somebody does.
 */
export class ReclaimLoop implements Runnable {
  readonly name = "reclaim";
  readonly #deps: Dependencies;
  readonly #scheduling: Scheduling;
  readonly #options: ReclaimOptions;
  readonly #minima: readonly Quantities[];
  readonly #alarm: Alarm;
  readonly #applier: ReclaimApplier;
  readonly #declines: Declines;
  readonly #pursuits = new Pursuits();
  #began = Number.NEGATIVE_INFINITY;
  #state: ReclaimState = NO_RECLAIM;

  constructor(deps: Dependencies, scheduling: Scheduling) {
    const { excludeFromFairness, minAllocatable, reclaim } = deps.config.allocation;
    const { patience, grace, settle } = reclaim;
    this.#deps = deps;
    this.#scheduling = scheduling;
    this.#options = {
      patience: durationMs(patience),
      grace: durationMs(grace),
      settle: durationMs(settle),
      excludeFromFairness: new Set(excludeFromFairness),
    };
    this.#minima = parseMinAllocatable(minAllocatable);
    this.#alarm = new Alarm(deps.clock);
    this.#applier = new ReclaimApplier(deps);
    this.#declines = new Declines(durationMs(patience));
  }

  async run(signal: AbortSignal): Promise<void> {
    const { caches, config, logger } = this.#deps;
    this.#applier.adopt(caches.tasks.store.values());
    if (!config.allocation.reclaim.enabled) {
      // What was told while it was enabled is no longer true.
      await this.#applier.warn([], this.#finder(), signal);
      return;
    }
    const stops = this.#listen();
    this.#alarm.in(0);
    while (await this.#alarm.rings(signal)) {
      this.#began = this.#deps.clock.monotonic();
      await this.#decide(signal).catch((error: unknown) => {
        if (signal.aborted) return;
        logger.error({ err: error }, "a decision on taking back failed");
        this.#alarm.in(AT_MOST_EVERY);
      });
    }
    for (const stop of stops) stop();
  }

  async #decide(signal: AbortSignal): Promise<void> {
    const { breath, caches, clock } = this.#deps;
    const { views } = this.#scheduling;
    const quotas = quotaStates(caches.quotas.store.values());
    const waiting = await breath.through(
      withinLimits(await this.#demand(), quotas, (role) => consumedBy(this.#deps, role)),
    );
    if (waiting.length === 0 && this.#isIdle()) return;
    const facts: ReclaimFacts = {
      views: views.all(),
      roles: roleStates(caches.roles.store.values()),
      quotas,
      reclaimable: (id) => caches.frameworks.store.get(id)?.spec.reclaimable ?? false,
      demand: waiting,
    };
    const snapshot = await breath.through(reclaimSnapshot(facts));
    const deciding = decideStepwise(snapshot, this.#state, this.#options, clock.monotonic());
    const decision = await breath.through(deciding);
    this.#state = decision.state;
    this.#applier.order(decision.take);
    this.#pursuits.add(decision.take);
    const { tasks, executors = [] } = snapshot;
    await this.#rescind(waiting, new Set([...tasks, ...executors].map(({ id }) => id)), signal);
    const find = this.#finder();
    await this.#applier.take(find, byUid(this.#deps.caches.executors), signal);
    await this.#applier.warn(decision.warn, find, signal);
    if (decision.next !== undefined) this.#soon(decision.next - clock.monotonic());
    if (this.#applier.busy || this.#pursuits.size > 0) this.#soon(AT_MOST_EVERY);
    if (waiting.length > 0) this.#soon(AT_LEAST_EVERY);
  }

  /** Nothing is remembered that time or another decision would have to end. */
  #isIdle(): boolean {
    const { short, warned, taken, rests } = this.#state;
    const remembered = short.size + warned.size + taken.size + rests.size + this.#pursuits.size;
    return remembered === 0 && !this.#applier.busy;
  }

  async #demand(): Promise<Demand[]> {
    const { mirror, views } = this.#scheduling;
    const pending = pendingGroups(pendingTasks(this.#deps, this.#scheduling), mirror.taints);
    const agents = {
      get: (name: string) => views.get(name)?.state,
      values: () => views.each(({ state }) => state),
    };
    const peers = peersAmong(() => views.each(({ tasks }) => tasks));
    const ofTasks = await this.#deps.breath.through(pendingDemand(pending, agents, peers));
    return [...ofTasks, ...this.#frameworkDemand(agents)];
  }

  #frameworkDemand(agents: Pick<AgentStates, "get">): Demand[] {
    const { caches, clock } = this.#deps;
    const { assumed, mirror } = this.#scheduling;
    const now = clock.now();
    return [...caches.frameworks.store.values()].flatMap((framework) => {
      const id = keyOf(framework.metadata);
      const offers = outstandingOffers(caches, assumed.offers, id);
      const known = {
        framework,
        readiness: readinessNow(this.#deps, framework),
        tolerated: toleratedWords(framework.spec.tolerations ?? [], mirror.taints),
        hasOffer: (role: string) => offers.some(({ spec }) => spec.role === role),
        declined: (role: string) => {
          const until = this.#declines.until(framework, role, now);
          if (until !== undefined) this.#soon(until - now);
          return until !== undefined;
        },
      };
      return frameworkDemand(known, agents, this.#minima);
    });
  }

  /**
   * Offers to others where something was taken and is not enough by itself. All of an agent at once, or what the first leaves would be
   * offered again before the last is closed.
   */
  async #rescind(demand: readonly Demand[], tasks: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    const { requestAllocation } = this.#deps;
    const { views } = this.#scheduling;
    const waiting = new Set(demand.map(({ id }) => id));
    const due = this.#pursuits.due(
      (id) => waiting.has(id),
      (id) => tasks.has(id),
    );
    for (const [agent, [first]] of Map.groupBy(due, (one) => one.agent)) {
      const release = views.freeze(agent);
      await this.#applier.rescind(this.#scheduling, agent, first?.role ?? "", signal).finally(release);
      requestAllocation("Reclaimed");
    }
  }

  #finder(): (uid: string) => Live<Task> | undefined {
    return byUid(this.#deps.caches.tasks);
  }

  /** In so many milliseconds, but no sooner than decisions may follow each other. */
  #soon(delay: number): void {
    const soonest = this.#began + AT_MOST_EVERY - this.#deps.clock.monotonic();
    this.#alarm.in(Math.max(delay, soonest, 0));
  }

  #listen(): (() => void)[] {
    const { caches, config } = this.#deps;
    const changed = () => this.#soon(0);
    const observe = (offer: Parameters<Declines["observe"]>[0]) => {
      const framework = caches.frameworks.store.get(offerFramework(offer));
      if (framework !== undefined) this.#declines.observe(offer, filterTime(offer, framework, config));
    };
    const closed = [...caches.offers.store.values()].filter((offer) => !isOutstanding(offer));
    closed.sort((a, b) => Date.parse(a.status?.closedAt ?? "") - Date.parse(b.status?.closedAt ?? ""));
    closed.forEach(observe);
    // What is there already the first decision sees.
    return [
      caches.tasks.follow(changed),
      caches.executors.follow(changed),
      caches.frameworks.follow(({ type, object }) => {
        if (type === "deleted") this.#declines.forget(keyOf(object.metadata));
        changed();
      }),
      caches.offers.follow((change) => {
        if (change.type === "updated" && isOutstanding(change.old) && !isOutstanding(change.object)) {
          observe(change.object);
        }
        changed();
      }),
      caches.roles.follow(changed),
      caches.quotas.follow(changed),
      caches.agents.follow(changed),
    ];
  }
}

/** Of a cache, looked through when it is first asked. */
function byUid<T extends KubeObject>({ store }: { readonly store: { values(): Iterable<Live<T>> } }) {
  let known: Map<string, Live<T>> | undefined;
  return (uid: string): Live<T> | undefined => {
    known ??= new Map(Array.from(store.values(), (object) => [object.metadata.uid, object]));
    return known.get(uid);
  };
}

export const createReclaimController = (deps: Dependencies, scheduling: Scheduling): Runnable =>
  new ReclaimLoop(deps, scheduling);
