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
import { type PendingGroup, pendingGroups } from "../world/builtin.ts";
import { peersAmong } from "../world/peers.ts";
import type { Scheduling } from "../world/scheduling.ts";
import { builtInId } from "../world/world.ts";
import { Alarm } from "./alarm.ts";
import { Explainer } from "./explainer.ts";
import { FailoverWait } from "./failoverwait.ts";
import { choosePending, pendingTasks, withAlike } from "./pending.ts";
import { makePlan } from "./plan.ts";
import { PlanWriter } from "./writer.ts";

/** Milliseconds for which asks are collected before they are answered together. */
const COALESCE = 20;
/** A round comes at least so often: rests and holds end without anyone saying so. */
const AT_LEAST_EVERY = 10_000;

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
  readonly #failover: FailoverWait;
  #began = Number.NEGATIVE_INFINITY;
  #doubted = Number.NEGATIVE_INFINITY;
  /** Rounds that placed nothing. */
  #turn = 0;
  /** Uids of the tasks that the last round tried, by namespace and role. */
  #asked: ReadonlyMap<string, ReadonlySet<string>> = new Map();

  constructor(deps: Dependencies, scheduling: Scheduling) {
    const { allocation, offers } = deps.config;
    this.#deps = deps;
    this.#failover = new FailoverWait(deps, scheduling.views);
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
      if (this.#began >= this.#doubted + AT_LEAST_EVERY) {
        this.#doubted = this.#began;
        await this.#scheduling.mirror.doubtAll();
      }
      await this.#scheduling.rounds.during(this.#round(signal)).catch((error: unknown) => {
        if (signal.aborted) return;
        this.#deps.logger.error({ err: error }, "an allocation failed");
        this.#alarm.in(this.#interval);
      });
      this.#alarm.in(AT_LEAST_EVERY);
      const { allocator } = this.#scheduling;
      // Thousands of offers may have been declined meanwhile.
      await this.#deps.breath.through(allocator.settling());
      const expiry = allocator.nextExpiry();
      if (expiry !== undefined) this.#changed(expiry - this.#deps.clock.monotonic());
    }
    for (const stop of stops) stop();
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { breath, clock, metrics } = this.#deps;
    const { allocator, mirror, views } = this.#scheduling;
    const options = { ...this.#options, now: clock.monotonic() };
    const refusal = (uid: string) => this.#writer.refusal(uid);
    this.#writer.sweep();
    await mirror.sync();
    if (this.#failover.holds()) {
      this.#alarm.in(this.#interval);
      return;
    }
    const pending = pendingGroups(pendingTasks(this.#deps, this.#scheduling), mirror.taints);
    mirror.tellBuiltIn(pending);
    const rests = (uid: string) => refusal(uid) !== undefined;
    const { now, later } = choosePending(pending, rests, this.#turn);
    this.#wakeBuiltIn(now);
    const plan = await makePlan({
      allocator,
      agent: (name) => views.get(name)?.state,
      agents: () => views.each(({ state }) => state),
      pending: now,
      options,
      policy: this.#policy,
      peers: peersAmong(() => views.each(({ tasks }) => tasks)),
      breath,
    });
    metrics.allocationSeconds.observe((clock.monotonic() - options.now) / 1000);
    metrics.tasksPending.set(pending.reduce((sum, { tasks }) => sum + tasks.length, 0));
    const { offers, bindings } = plan;
    this.#deps.logger.debug({ offers: offers.length, bindings: bindings.length }, "allocated");
    const writing = clock.monotonic();
    const failed = await this.#writer.write(plan, signal);
    // The allocator counts what was planned; what has come of it the views say.
    await breath.each([...offers, ...bindings], ({ agent }) => mirror.touchAgent(agent));
    if (offers.length + bindings.length > 0) {
      metrics.allocationWriteSeconds.observe((clock.monotonic() - writing) / 1000);
    }
    if (bindings.length === 0) this.#turn++;
    if (failed > 0) {
      // What was to be a task's has become free again, and the built-in framework must not have declined it.
      this.#asked = new Map();
      this.#alarm.in(this.#interval);
    }
    // Progress was made and others wait: go on. Without progress the interval is soon enough.
    else if (later && bindings.length > 0) this.#alarm.in(COALESCE);
    const unplaced = later ? withAlike(plan.unplaced, pending, now, rests) : plan.unplaced;
    const waiting = [...unplaced, ...refusedOnly(pending, refusal)];
    await this.#explainer.explain(
      (question) => allocator.explaining(question, options),
      waiting,
      refusal,
      signal,
    );
    if (waiting.length > 0) this.#alarm.in(5 * this.#interval);
  }

  /** What the built-in framework had no use for, it may have for tasks that it has not tried, or whose peers have changed. */
  #wakeBuiltIn(groups: readonly PendingGroup[]): void {
    if (this.#scheduling.mirror.takeTaintNews()) this.#asked = new Map();
    const asked = new Map<string, ReadonlySet<string>>();
    for (const { namespace, role, tasks } of groups) {
      const key = JSON.stringify([namespace, role]);
      const before = this.#asked.get(key);
      asked.set(key, new Set(tasks.map(({ task }) => task.metadata.uid)));
      const isNews = tasks.some(
        ({ task, request }) => request.terms !== undefined || !before?.has(task.metadata.uid),
      );
      if (isNews) this.#scheduling.allocator.revive(builtInId(namespace), [role]);
    }
    this.#asked = asked;
  }

  /** Something that the next round in its time should see. */
  #changed(delay = 0): void {
    const soonest = this.#began + this.#interval - this.#deps.clock.monotonic();
    this.#alarm.in(Math.max(delay, soonest, 0));
  }

  #wake(reason: string): void {
    this.#deps.metrics.allocationRequests.inc({ reason });
    this.#alarm.in(COALESCE);
  }

  #listen(): (() => void)[] {
    const { caches, allocationRequests } = this.#deps;
    const changed = () => this.#changed();
    return [
      allocationRequests.receive((reason) => this.#wake(reason)),
      this.#scheduling.views.onChange(changed),
      // What is there already the first round sees.
      caches.frameworks.follow(changed),
      caches.roles.follow(changed),
      caches.quotas.follow(changed),
      caches.tasks.follow((change) => {
        const reason = wakes(change);
        if (reason !== undefined) this.#wake(reason);
      }),
      caches.agents.follow(({ type }) => {
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
