import {
  type AllocationOptions,
  type PlacementPolicy,
  parseMinAllocatable,
  placementPolicy,
} from "../../allocator/index.ts";
import { durationMs } from "../../api/duration.ts";
import type { Task } from "../../api/task.ts";
import { hasEnded } from "../../api/taskstate.ts";
import type { Change } from "../../cluster/store.ts";
import { isPending } from "../caches.ts";
import type { Dependencies, Runnable } from "../dependencies.ts";
import type { PendingGroup } from "../world/builtin.ts";
import type { Scheduling } from "../world/scheduling.ts";
import { Alarm } from "./alarm.ts";
import { Explainer } from "./explainer.ts";
import { makePlan } from "./plan.ts";
import { takeSnapshot } from "./snapshot.ts";
import { PlanWriter } from "./writer.ts";

/** Milliseconds for which asks are collected before they are answered together. */
const COALESCE = 20;
/** A round comes at least so often: rests and holds end without anyone saying so. */
const AT_LEAST_EVERY = 10_000;
/** Tasks that one round tries to place; the next follows at once. */
const MOST_PENDING = 256;

/**
 * Allocates: at once when somebody asks (a framework that connected, a revive, a new task, an ended one, an agent), else an
 * interval after the last round if anything has changed or a filter ended. One round at a time.
 */
export class AllocationLoop implements Runnable {
  readonly name = "allocation";
  readonly #deps: Dependencies;
  readonly #scheduling: Scheduling;
  readonly #writer: PlanWriter;
  readonly #explainer: Explainer;
  readonly #alarm: Alarm;
  readonly #interval: number;
  readonly #options: Omit<AllocationOptions, "now">;
  readonly #policy: PlacementPolicy;
  #began = Number.NEGATIVE_INFINITY;
  /** Of the last round, without its writes: nothing else could be done meanwhile. */
  #thought = 0;

  constructor(deps: Dependencies, scheduling: Scheduling) {
    const { allocation, offers } = deps.config;
    this.#deps = deps;
    this.#scheduling = scheduling;
    this.#writer = new PlanWriter(deps, scheduling);
    this.#explainer = new Explainer(deps);
    this.#alarm = new Alarm(deps.clock);
    this.#interval = durationMs(allocation.interval);
    this.#policy = placementPolicy(allocation.placement);
    this.#options = {
      random: deps.random,
      sorter: allocation.sorter,
      minAllocatable: parseMinAllocatable(allocation.minAllocatable),
      maxOffersPerFramework: offers.maxPerFramework,
      excludeFromFairness: new Set(allocation.excludeFromFairness),
    };
  }

  async run(signal: AbortSignal): Promise<void> {
    const stops = this.#listen();
    this.#alarm.in(0);
    while (await this.#alarm.rings(signal)) {
      this.#began = this.#deps.clock.monotonic();
      await this.#round(signal).catch((error: unknown) => {
        if (signal.aborted) return;
        this.#deps.logger.error({ err: error }, "an allocation failed");
        this.#alarm.in(this.#interval);
      });
      this.#alarm.in(AT_LEAST_EVERY);
      // As of the round's start: what ended since then the round has not seen, and the next one must.
      const expiry = this.#scheduling.filters.expire(this.#began);
      if (expiry !== undefined) this.#changed(expiry - this.#deps.clock.monotonic());
    }
    for (const stop of stops) stop();
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { clock, metrics } = this.#deps;
    const options = { ...this.#options, now: clock.monotonic() };
    this.#writer.sweep();
    const snapshot = takeSnapshot(
      this.#deps,
      this.#scheduling,
      (framework) => this.#writer.refusal(framework) !== undefined,
    );
    const { now, later } = firstPending(snapshot.pending, (uid) => this.#writer.refusal(uid) !== undefined);
    const plan = makePlan(snapshot.world, now, options, this.#policy, snapshot.peers);
    this.#thought = clock.monotonic() - options.now;
    metrics.allocationSeconds.observe(this.#thought / 1000);
    metrics.tasksPending.set(snapshot.pending.reduce((sum, { tasks }) => sum + tasks.length, 0));
    this.#deps.logger.debug(
      {
        agents: snapshot.world.agents.length,
        withheld: snapshot.world.agents.filter(({ withheld }) => withheld !== undefined).length,
        frameworks: snapshot.world.frameworks.filter(({ active }) => active).length,
        offers: plan.offers.length,
        bindings: plan.bindings.length,
      },
      "allocated",
    );
    const writing = clock.monotonic();
    const failed = await this.#writer.write(plan, signal);
    if (plan.offers.length + plan.bindings.length > 0) {
      metrics.allocationWriteSeconds.observe((clock.monotonic() - writing) / 1000);
    }
    if (failed > 0) this.#alarm.in(this.#interval);
    // Progress was made and others wait: go on. Without progress the interval is soon enough.
    else if (later && plan.bindings.length > 0) this.#alarm.in(COALESCE);
    const waiting = [...plan.unplaced, ...refusedOnly(snapshot.pending, (uid) => this.#writer.refusal(uid))];
    await this.#explainer.explain(plan.world, waiting, options, (uid) => this.#writer.refusal(uid), signal);
    if (waiting.length > 0) this.#alarm.in(5 * this.#interval);
  }

  /** Something that the next round in its time should see. */
  #changed(delay = 0): void {
    const soonest = this.#began + this.#interval - this.#deps.clock.monotonic();
    this.#alarm.in(Math.max(delay, soonest, 0));
  }

  #wake(reason: string): void {
    this.#deps.metrics.allocationRequests.inc({ reason });
    // Of a large cluster, whose rounds take long, the other controllers get their part of the time too.
    this.#alarm.in(Math.max(COALESCE, Math.min(this.#thought, this.#interval)));
  }

  #listen(): (() => void)[] {
    const { caches, allocationRequests } = this.#deps;
    const changed = () => this.#changed();
    return [
      allocationRequests.receive((reason) => this.#wake(reason)),
      this.#scheduling.views.onChange(changed),
      caches.frameworks.onChange(changed),
      caches.roles.onChange(changed),
      caches.quotas.onChange(changed),
      caches.tasks.onChange((change) => {
        const reason = wakes(change);
        if (reason !== undefined) this.#wake(reason);
      }),
      caches.agents.onChange(({ type }) => {
        if (type === "added") this.#wake("AgentAdded");
      }),
    ];
  }
}

/** Why a change of a Task cannot wait: it needs an agent, or has just given one back. */
function wakes(change: Change<Task>): string | undefined {
  const { object } = change;
  if (change.type === "deleted") return hasEnded(object.status) ? undefined : "TaskDeleted";
  const old = change.type === "updated" ? change.old : undefined;
  if (isPending(object) && (old === undefined || !isPending(old))) return "TaskPending";
  return old !== undefined && hasEnded(object.status) && !hasEnded(old.status) ? "TaskEnded" : undefined;
}

/** The oldest of all groups, in turn, up to what one round tries. */
function firstPending(
  groups: readonly PendingGroup[],
  rests: (uid: string) => boolean,
): { now: PendingGroup[]; later: boolean } {
  const ready = groups
    .map((group) => ({ ...group, tasks: group.tasks.filter(({ task }) => !rests(task.metadata.uid)) }))
    .filter(({ tasks }) => tasks.length > 0);
  const each = Math.max(1, Math.floor(MOST_PENDING / Math.max(1, ready.length)));
  return {
    now: ready.map((group) => ({ ...group, tasks: group.tasks.slice(0, each) })),
    later: ready.some(({ tasks }) => tasks.length > each),
  };
}

function refusedOnly(
  groups: readonly PendingGroup[],
  refusal: (uid: string) => string | undefined,
): PendingGroup[] {
  return groups
    .map((group) => ({
      ...group,
      tasks: group.tasks.filter(({ task }) => refusal(task.metadata.uid) !== undefined),
    }))
    .filter(({ tasks }) => tasks.length > 0);
}
