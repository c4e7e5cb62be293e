import type { Reclaimed } from "../../allocator/index.ts";
import type { Executor } from "../../api/executor.ts";
import type { Task } from "../../api/task.ts";
import { Applier } from "../../cluster/apply.ts";
import { findCondition, setCondition } from "../../cluster/conditions.ts";
import { isConflict, isNotFound } from "../../cluster/errors.ts";
import type { Live } from "../../cluster/object.ts";
import { timestamp } from "../../cluster/time.ts";
import { isUnanswered } from "../caches.ts";
import type { Dependencies } from "../dependencies.ts";
import { askToShutDown } from "../executor/write.ts";
import { eachLimited } from "../limited.ts";
import { closeOffer } from "../offer/closer.ts";
import { askToKill, partitionAware, writeTransition } from "../task/write.ts";
import { roleFor } from "../world/roles.ts";
import type { Scheduling } from "../world/scheduling.ts";
import { type Mark, markChanges, takeExecutorStep, takeStep } from "./step.ts";

/** Manager of the condition Reclaiming. */
const MANAGER = "mesos-operator-reclaim";
const CONDITION = "Reclaiming";
const WIDTH = 8;

/** Carries out what was decided, and keeps at it: a write that failed is done again with the next call. */
export class ReclaimApplier {
  readonly #deps: Dependencies;
  readonly #applier: Applier<Task>;
  /** By uid, for which role it is to be taken; until the cache shows that it was. */
  readonly #orders = new Map<string, string>();
  /** Uids of tasks that were ordered and are taken. */
  readonly #taken = new Set<string>();
  /** By uid, what tasks say. */
  readonly #marks = new Map<string, Mark>();

  constructor(deps: Dependencies) {
    this.#deps = deps;
    this.#applier = new Applier(deps.clients.tasks, MANAGER);
  }

  /** Whether something is still to be written. */
  get busy(): boolean {
    return this.#orders.size + this.#marks.size > 0;
  }

  /** Conditions that another leader wrote: they are taken off unless the next `warn` renews them. */
  adopt(tasks: Iterable<Live<Task>>): void {
    for (const { metadata, status } of tasks) {
      if (findCondition(status?.conditions, CONDITION)?.status === "True") {
        this.#marks.set(metadata.uid, { role: "", at: 0 });
      }
    }
  }

  order(take: readonly Reclaimed[]): void {
    for (const { tasks, role } of take) for (const id of tasks) this.#orders.set(id, role);
  }

  /** Takes what was ordered. `find`, `executors`: of those that have not ended, by uid. */
  async take(
    find: (uid: string) => Live<Task> | undefined,
    executors: (uid: string) => Live<Executor> | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    await eachLimited([...this.#orders], WIDTH, async ([id, role]) => {
      const task = find(id);
      const executor = task === undefined ? executors(id) : undefined;
      if (executor !== undefined) return this.#takeExecutor(executor, role, signal);
      const step = task && takeStep(task, role, partitionAware(this.#deps, task));
      if (task === undefined || step === undefined) {
        this.#orders.delete(id);
        this.#taken.delete(id);
        return;
      }
      if (this.#taken.has(id)) return;
      await this.#unlessStale(async () => {
        if (step.kind === "kill") await askToKill(this.#deps, task, step.kill, signal);
        else await writeTransition(this.#deps, task, step.transition, signal);
        this.#taken.add(id);
        this.#tell(task, role, step.kind === "kill" ? step.kill.message : step.transition.message);
      }, signal);
    });
  }

  /** Writes and takes off the condition, so that the tasks of `warn` have it and no other. `now`: Clock.monotonic. */
  async warn(
    warn: readonly Reclaimed[],
    find: (uid: string) => Live<Task> | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const { set, clear } = markChanges(this.#marks, warn);
    await eachLimited([...set], WIDTH, ([id, mark]) =>
      this.#unlessStale(async () => {
        const task = find(id);
        if (task !== undefined) await this.#mark(task, mark, signal);
        this.#marks.set(id, mark);
      }, signal),
    );
    await eachLimited([...clear], WIDTH, (id) =>
      this.#unlessStale(async () => {
        const task = find(id);
        if (task !== undefined) await this.#applier.conditions(task, [], { signal });
        this.#marks.delete(id);
      }, signal),
    );
  }

  /** Takes back what of the agent is offered and not answered. */
  async rescind(scheduling: Scheduling, agent: string, role: string, signal: AbortSignal): Promise<void> {
    const open = (scheduling.views.get(agent)?.offers ?? []).filter(({ offer }) => isUnanswered(offer));
    const message = `wanted for the role ${role}, which is below its fair share`;
    const closing = { state: "Rescinded" as const, reason: "Reclaimed", message };
    await eachLimited(open, WIDTH, ({ offer }) =>
      this.#unlessStale(async () => {
        await closeOffer(this.#deps, scheduling, offer, closing, signal);
        const words = `rescinded: ${message}`;
        this.#deps.recorder.record(offer, { type: "Normal", reason: "Reclaimed", message: words });
      }, signal),
    );
  }

  /** Once its tasks, which were taken too, have ended. */
  async #takeExecutor(executor: Live<Executor>, role: string, signal: AbortSignal): Promise<void> {
    const { caches, recorder } = this.#deps;
    const { uid } = executor.metadata;
    const tasks = caches.tasks.store.by("liveAgent", executor.spec.agent);
    const step = takeExecutorStep(executor, tasks, (task) => this.#orders.has(task.metadata.uid));
    if (step === "wait") return;
    await this.#unlessStale(async () => {
      const message = `taken back for the role ${role}, which is below its fair share`;
      if (step === "shutDown") {
        await askToShutDown(this.#deps, executor, { message }, signal);
        recorder.record(executor, { type: "Warning", reason: "Reclaimed", message });
      }
      this.#orders.delete(uid);
    }, signal);
  }

  async #mark(task: Live<Task>, { role, at }: Mark, signal: AbortSignal): Promise<void> {
    const { clock, recorder } = this.#deps;
    const when = timestamp(clock.now() + Math.max(0, at - clock.monotonic()));
    const message = `for the role ${role}, which is below its fair share: will be killed at ${when} unless ${role} no longer needs it`;
    const said = { type: CONDITION, status: "True" as const, reason: "BelowFairShare", message };
    const conditions = setCondition(task.status?.conditions, said, timestamp(clock.now()));
    const condition = findCondition(conditions, CONDITION);
    if (condition === undefined) return;
    await this.#applier.conditions(task, [condition], { signal });
    recorder.record(task, { type: "Warning", reason: CONDITION, message });
  }

  #tell(task: Live<Task>, role: string, message = ""): void {
    const { caches, logger, recorder } = this.#deps;
    const { name, namespace } = task.metadata;
    logger.info({ task: `${namespace}/${name}`, role, of: task.spec.role }, "took a task back");
    recorder.record(task, { type: "Warning", reason: "Reclaimed", message });
    const roles = (path: string) => caches.roles.store.by("path", path);
    const [gains, loses] = [roleFor(roles, role), roleFor(roles, task.spec.role)];
    const what = `the task ${namespace}/${name}`;
    if (gains) {
      const words = `${what} of the role ${task.spec.role} was taken back for it`;
      recorder.record(gains, { type: "Normal", reason: "Reclaimed", message: words });
    }
    if (loses) {
      const words = `${what} was taken back for the role ${role}`;
      recorder.record(loses, { type: "Normal", reason: "Reclaimed", message: words });
    }
  }

  /** What has changed meanwhile is looked at again with the next call; so is what could not be written. */
  async #unlessStale(write: () => Promise<void>, signal: AbortSignal): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (signal.aborted || isConflict(error) || isNotFound(error)) return;
      this.#deps.logger.warn({ err: error }, "a task could not be taken back, or told so");
    }
  }
}
