import { timingSafeEqual } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import type { Logger } from "pino";
import type { StatusUpdate, TaskSpec } from "../../api/task.ts";
import type { Clock } from "../../cluster/time.ts";
import { durationInfo } from "../../convert/amounts.ts";
import { executorInfo } from "../../convert/executor.ts";
import { taskIdOf, uuidBytes } from "../../convert/status.ts";
import { taskInfo } from "../../convert/taskinfo.ts";
import { fromSpec, Resources, toSpec } from "../../resources/index.ts";
import { Event_Type } from "../../wire/gen/mesos/v1/executor/executor_pb.ts";
import { AgentInfoSchema, type FrameworkInfo, type TaskInfo } from "../../wire/gen/mesos/v1/mesos_pb.ts";
import type { TaskRecord } from "../checkpoint/record.ts";
import type { Containerizer } from "../containerizer/containerizer.ts";
import { failureOutcome } from "../launch/failure.ts";
import { type LimitDefaults, limitsOf } from "../launch/limits.ts";
import { isRunByExecutor } from "../lifecycle/executorTask.ts";
import { dropped, killedBeforeStart, type Outcome } from "../lifecycle/outcome.ts";
import { REASON } from "../lifecycle/reason.ts";
import { graceOf } from "../lifecycle/transition.ts";
import type { ExecutorEffects } from "../run/effects.ts";
import { GROUP_ENDED, recordGroup } from "../run/groups.ts";
import type { TaskRun } from "../run/taskRun.ts";
import type { LateVolumes } from "../sandbox/lateVolumes.ts";
import { persistentVolumes } from "../sandbox/volumes.ts";
import { type RegistrationKill, Registrations } from "./registrations.ts";
import type { ExecutorEvent, ExecutorSession } from "./session.ts";
import { endWithExecutor, isOver } from "./taskEnd.ts";

export interface HubOptions {
  readonly tasks: () => Iterable<TaskRun>;
  readonly executors: () => Iterable<TaskRun>;
  /** Whether the API has a task for the executor that has not ended: it may not have begun here. */
  readonly isAwaited: (executor: TaskRecord) => boolean;
  readonly containerizer: Pick<Containerizer, "update">;
  readonly lateVolumes: Pick<LateVolumes, "bring" | "take">;
  readonly limits: LimitDefaults;
  readonly node: { readonly name: string; readonly hostname: string };
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** What is known of an executor when it subscribes. */
export interface Subscription {
  readonly session: ExecutorSession;
  readonly framework: FrameworkInfo;
  /** Mesos ids of the tasks whose first update it has no acknowledgement for. */
  readonly unacknowledgedTasks: ReadonlySet<string>;
  readonly unacknowledgedUpdates: readonly { readonly taskId: string; readonly update: StatusUpdate }[];
}

/** Between the executors of this node, their tasks, and those who write to them. */
export class ExecutorHub implements ExecutorEffects {
  readonly #options: HubOptions;
  /** By the executor's uid. */
  readonly #sessions = new Map<string, ExecutorSession>();
  readonly #registrations: Registrations;
  /** What each executor may use, as it was told last. */
  readonly #limits = new Map<string, string>();
  readonly #listeners = new Set<(executor: TaskRecord, data: Uint8Array) => void>();

  constructor(options: HubOptions) {
    this.#options = options;
    const { clock } = options;
    this.#registrations = new Registrations(clock, (uid, kill) => this.#expire(uid, kill));
  }

  /** The executor that runs here under these ids of Mesos, or what there is none of. */
  find(frameworkId: string, executorId: string): TaskRun | "framework" | "executor" {
    const mine = [...this.#options.executors()].filter(({ record }) => record.framework.id === frameworkId);
    const found = mine.find(
      ({ record }) => record.executor?.spec.executorId === executorId && !isOver(record),
    );
    return found ?? (mine.length === 0 ? "framework" : "executor");
  }

  isSubscribed(uid: string): boolean {
    return this.#sessions.get(uid)?.open === true;
  }

  /** Takes up a subscription: tells it what it is, then all that waits for it. */
  subscribe(run: TaskRun, subscription: Subscription): void {
    const { session } = subscription;
    const { record } = run;
    const first = record.executor?.subscribed !== true;
    this.#sessions.get(run.uid)?.end();
    this.#sessions.set(run.uid, session);
    void session.closed.then(() => {
      if (this.#sessions.get(run.uid) === session) this.#sessions.delete(run.uid);
    });
    run.dispatch({ type: "subscribed" });
    this.#greet(run, subscription);
    for (const { taskId, update } of subscription.unacknowledgedUpdates) void this.tell(run, taskId, update);
    const tasks = this.#tasksOf(record).filter((task) => !isOver(task.record));
    if (!first) for (const task of tasks) this.#compare(task, subscription);
    if (record.kill !== undefined) session.send({ type: Event_Type.SHUTDOWN });
    else if (first && tasks.length === 0 && !this.#options.isAwaited(record)) {
      const message = "The executor has never been sent a task";
      run.dispatch({ type: "kill", cause: "request", graceMs: graceOf(record.spec), message });
    }
    for (const task of tasks) this.#release(task);
  }

  /** The agent stops: executors find the next one. */
  close(): void {
    for (const session of this.#sessions.values()) session.end();
  }

  /** An update of the executor's; resolves once it is on disk and acknowledged. */
  async tell(run: TaskRun, taskId: string, update: StatusUpdate): Promise<void> {
    const task = this.#task(run.record, taskId, update.uuid);
    if (task === undefined) {
      this.#options.log.info({ executor: run.uid, task: taskId }, "an update of a task that is not known");
    }
    task?.dispatch({ type: "told", update });
    await task?.idle();
    const acknowledged = { taskId: { value: taskId }, uuid: uuidBytes(update.uuid) };
    this.#sessions.get(run.uid)?.send({ type: Event_Type.ACKNOWLEDGED, acknowledged });
  }

  /** A message of the executor's to its scheduler: told to whoever listens, and lost if nobody does. */
  say(run: TaskRun, data: Uint8Array): void {
    for (const listener of this.#listeners) listener(run.record, data);
  }

  onMessage(listener: (executor: TaskRecord, data: Uint8Array) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A message of the scheduler's. False: the executor is not there. */
  message(run: TaskRun, data: Uint8Array): boolean {
    return this.#sessions.get(run.uid)?.send({ type: Event_Type.MESSAGE, message: { data } }) ?? false;
  }

  await(run: TaskRun): void {
    const executor = this.#executorOf(run.record);
    if (executor && isOver(executor.record)) {
      run.dispatch({
        type: "executorEnded",
        outcome: endWithExecutor(run.record.framework, executor.record),
      });
    } else if (executor && this.isSubscribed(executor.uid) && executor.record.kill === undefined) {
      this.#release(run);
    }
  }

  /** The first task of a group takes the others along: they come in one event. */
  async handOver(run: TaskRun): Promise<void> {
    const executor = this.#executorOf(run.record);
    const tasks = this.#unitOf(run);
    if (executor === undefined || tasks[0] !== run) return;
    await this.#resize(executor);
    const problem = await this.#bringVolumes(executor, tasks);
    // One may have ended meanwhile: what is over is not handed over, and of a group nothing is then.
    await Promise.all(tasks.map((task) => task.idle()));
    if (problem !== undefined || tasks.some(({ record }) => record.phase !== "running")) {
      const outcome = problem ?? killedBeforeStart(GROUP_ENDED);
      for (const task of tasks) task.dispatch({ type: "executorEnded", outcome });
      for (const task of tasks) if (isOver(task.record)) await this.takeBack(task);
      return;
    }
    const session = this.#sessions.get(executor.uid);
    const { record } = executor;
    const spec = record.executor?.spec;
    if (session === undefined || spec === undefined) return;
    const form = session.form(run.record.spec.role);
    const info = executorInfo({ spec }, record.framework.id, session.form(record.spec.role));
    const infos = tasks.map((task) => taskInfo(asObject(task.record), form, info));
    session.send(launchEvent(infos, run.record.spec.group !== undefined));
    // It could not know what to kill before.
    for (const task of tasks) if (task.record.kill !== undefined) this.askToKill(task);
  }

  async takeBack(run: TaskRun): Promise<void> {
    const executor = this.#executorOf(run.record);
    if (executor?.record.sandbox === undefined) return;
    const others = this.#tasksOf(executor.record).filter(
      (task) => task !== run && task.record.phase === "running",
    );
    const kept = others.flatMap(({ record }) => persistentVolumes(record.spec));
    const receiver = { uid: executor.uid, sandbox: executor.record.sandbox };
    await this.#options.lateVolumes.take(receiver, persistentVolumes(run.record.spec), kept);
  }

  askToKill(run: TaskRun): void {
    const { record } = run;
    const executor = this.#executorOf(record);
    const session = executor && this.#sessions.get(executor.uid);
    const left = Math.max(0, (record.kill?.killAt ?? 0) - this.#options.clock.now());
    session?.send({
      type: Event_Type.KILL,
      kill: {
        taskId: { value: taskIdOf(asObject(record)) },
        killPolicy: { gracePeriod: durationInfo(`${Math.round(left)}ms`) },
      },
    });
  }

  shutDown(run: TaskRun): boolean {
    if (run.record.executor === undefined) return false;
    return this.#sessions.get(run.uid)?.send({ type: Event_Type.SHUTDOWN }) ?? false;
  }

  /** Told of each state of each executor's record. */
  observeExecutor(record: TaskRecord, recovered: boolean): void {
    if (isOver(record)) {
      this.#sessions.get(record.uid)?.end();
      this.#limits.delete(record.uid);
      this.#registrations.forget(record.uid);
      for (const task of this.#tasksOf(record)) {
        if (isOver(task.record)) continue;
        task.dispatch({ type: "executorEnded", outcome: endWithExecutor(task.record.framework, record) });
      }
    } else if (record.phase === "running") this.#registrations.expect(record, recovered);
  }

  /** Told of each state of each task's record. */
  observeTask(record: TaskRecord): void {
    if (!isRunByExecutor(record.spec) || !isOver(record)) return;
    const executor = this.#executorOf(record);
    if (executor && !isOver(executor.record)) void this.#resize(executor);
  }

  /** What an executor holds together with the tasks that it runs. */
  resourcesOf(record: TaskRecord): TaskSpec["resources"] {
    const tasks = this.#tasksOf(record).filter((task) => !isOver(task.record));
    const all = [record, ...tasks.map((task) => task.record)].map(({ spec }) => fromSpec(spec.resources));
    return toSpec(Resources.sum(all.map((resources) => resources.toUnreserved())));
  }

  /** How a task stands that was handed over, as the executor's list tells; and what it was asked meanwhile. */
  #compare(task: TaskRun, { unacknowledgedTasks, unacknowledgedUpdates }: Subscription): void {
    const { record } = task;
    if (record.phase !== "running") return;
    const id = taskIdOf(asObject(record));
    const known =
      (record.told ?? []).length > 0 ||
      unacknowledgedTasks.has(id) ||
      unacknowledgedUpdates.some(({ taskId }) => taskId === id);
    if (!known) {
      // Whether it got there cannot be known: it is not launched again (Mesos: Slave::_subscribe).
      const message = "The task was handed to its executor, which does not know it";
      const outcome = dropped(record.framework, REASON.agentRestarted, message);
      task.dispatch({ type: "executorEnded", outcome });
    } else if (record.kill !== undefined) this.askToKill(task);
  }

  #greet({ uid, record }: TaskRun, { session, framework }: Subscription): void {
    const { node } = this.#options;
    const spec = record.executor?.spec;
    if (spec === undefined) return;
    session.send({
      type: Event_Type.SUBSCRIBED,
      subscribed: {
        executorInfo: executorInfo({ spec }, record.framework.id, session.form(record.spec.role)),
        frameworkInfo: framework,
        agentInfo: create(AgentInfoSchema, { hostname: node.hostname, id: { value: node.name } }),
        containerId: { value: uid },
      },
    });
  }

  /** The record that is over is known by its uuids too: an update that comes again is acknowledged again. */
  #task(executor: TaskRecord, taskId: string, uuid: string): TaskRun | undefined {
    const mine = this.#tasksOf(executor).filter(({ record }) => taskIdOf(asObject(record)) === taskId);
    return (
      mine.find(({ record }) => record.told?.includes(uuid)) ?? mine.find(({ record }) => !isOver(record))
    );
  }

  #tasksOf({ namespace, name }: TaskRecord): TaskRun[] {
    return [...this.#options.tasks()].filter(
      ({ record }) =>
        isRunByExecutor(record.spec) && record.spec.executor?.name === name && record.namespace === namespace,
    );
  }

  /** What is handed over together: a task by itself, or all that there are of its group, in their order. */
  #unitOf(run: TaskRun): readonly TaskRun[] {
    const group = recordGroup(run.record);
    if (group === undefined) return [run];
    const place = ({ record }: TaskRun) => record.spec.offer?.index ?? 0;
    return [...this.#options.tasks()]
      .filter(({ record }) => recordGroup(record) === group)
      .sort((a, b) => place(a) - place(b));
  }

  /** A task that waits for its executor waits no longer; of a group, once all of them wait. */
  #release(run: TaskRun): void {
    const tasks = this.#unitOf(run);
    if (tasks.length < (run.record.spec.group?.size ?? 1)) return;
    if (tasks.some(({ record }) => record.phase !== "launching")) return;
    for (const task of tasks) task.dispatch({ type: "executorReady" });
  }

  #executorOf({ namespace, spec }: TaskRecord): TaskRun | undefined {
    for (const run of this.#options.executors()) {
      if (run.record.name === spec.executor?.name && run.record.namespace === namespace) return run;
    }
    return undefined;
  }

  /** One that has subscribed meanwhile, if only once in its first minute, is let be. */
  #expire(uid: string, kill: RegistrationKill): void {
    const run = [...this.#options.executors()].find((one) => one.uid === uid);
    if (run === undefined || isOver(run.record) || this.isSubscribed(uid)) return;
    if (kill.cause === "registration" && run.record.executor?.subscribed) return;
    run.dispatch(kill);
  }

  /** The end of the tasks if they cannot have their volumes. */
  async #bringVolumes(executor: TaskRun, tasks: readonly TaskRun[]): Promise<Outcome | undefined> {
    const { uid, record } = executor;
    try {
      const volumes = tasks.flatMap((task) => persistentVolumes(task.record.spec));
      if (record.sandbox !== undefined) {
        await this.#options.lateVolumes.bring({ uid, sandbox: record.sandbox }, volumes);
      }
      return undefined;
    } catch (error) {
      return failureOutcome(error);
    }
  }

  async #resize(executor: TaskRun): Promise<void> {
    const { containerizer, limits, log, signal } = this.#options;
    if (executor.record.phase !== "running") return;
    try {
      const now = limitsOf({ resources: this.resourcesOf(executor.record) }, limits);
      const key = JSON.stringify(now);
      if (this.#limits.get(executor.uid) === key) return;
      this.#limits.set(executor.uid, key);
      await containerizer.update(executor.uid, now);
    } catch (err) {
      this.#limits.delete(executor.uid);
      if (!signal.aborted)
        log.warn({ err, executor: executor.uid }, "an executor has not the limits of its tasks");
    }
  }
}

/** Mesos: executor.proto. */
export const launchEvent = (tasks: readonly TaskInfo[], grouped: boolean): ExecutorEvent =>
  grouped
    ? { type: Event_Type.LAUNCH_GROUP, launchGroup: { taskGroup: { tasks: [...tasks] } } }
    : { type: Event_Type.LAUNCH, launch: { task: tasks[0] } };

/** What conversions want of a Task. */
const asObject = ({ namespace, name, spec }: TaskRecord) => ({
  apiVersion: "",
  kind: "Task",
  metadata: { namespace, name },
  spec,
});

/** Whether the token is the executor's, in a time that says nothing. */
export function isToken(record: TaskRecord, token: string): boolean {
  const [mine, given] = [Buffer.from(record.executor?.token ?? ""), Buffer.from(token)];
  return mine.length > 0 && mine.length === given.length && timingSafeEqual(mine, given);
}
