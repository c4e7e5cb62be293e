import type { Agent } from "../../api/agent.ts";
import type { Executor } from "../../api/executor.ts";
import type { Task } from "../../api/task.ts";
import { hasBegun, hasEnded } from "../../api/taskstate.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import type { Watched } from "../../cluster/reflector.ts";
import type { TaskRecord } from "../checkpoint/record.ts";
import type { RecordStore } from "../checkpoint/recordStore.ts";
import type { RecoveredContainer } from "../containerizer/containerizer.ts";
import type { DefaultExecutors, Doom } from "../defaultexecutor/defaultExecutors.ts";
import type { Stamp, Step } from "../lifecycle/event.ts";
import { isRunByExecutor, recoverExecutorTask } from "../lifecycle/executorTask.ts";
import type { Outcome } from "../lifecycle/outcome.ts";
import { recover } from "../lifecycle/recovery.ts";
import { graceOf } from "../lifecycle/transition.ts";
import { addAmounts, amountsOf, type Candidate, grantable } from "../slot/grant.ts";
import type { Amounts } from "../slot/slotState.ts";
import type { SlotWatch } from "../slot/slotWatch.ts";
import type { Effects } from "./effects.ts";
import { doomed, GROUP_ENDED, type Group, groupKey, groupsOf, isBroken, isReady } from "./groups.ts";
import { Intake, type IntakeOptions } from "./intake.ts";
import { killRequest } from "./killRequest.ts";
import { TaskRun } from "./taskRun.ts";

/** What a supervisor keeps going: tasks, or what is run as a task is. */
export type TaskSource = Pick<Watched<Task>, "synced" | "onChange"> & {
  readonly store: Pick<Watched<Task>["store"], "get" | "values">;
};

export interface SupervisorOptions extends Omit<IntakeOptions, "onBegin" | "onEnd"> {
  /** Tasks with spec.agent of this agent. */
  readonly tasks: TaskSource;
  /** What others have begun below the same slot. */
  readonly heldByOthers: () => Amounts;
  /** Whether a task has to wait for what runs it, or why it can never run. */
  readonly obstacle: (task: Live<Task>) => "wait" | Outcome | undefined;
  /** The agent's own object. */
  readonly agent: Watched<Agent>;
  readonly slots: Pick<SlotWatch, "state" | "reflector">;
  readonly records: RecordStore;
  /** Below which tasks of groups run; absent: these are no tasks. */
  readonly defaultExecutors?: DefaultExecutors;
  readonly effects: Effects;
  /** `recovered`: as an agent before this one left it. */
  readonly onRecord: (record: TaskRecord, recovered: boolean) => void;
  readonly onForget: (uid: string) => void;
}

/**
 * Keeps the tasks of this node as the API asks for: level-based, so that it does not matter which change it hears of. It decides from what is
 * in its stores; each task's run does the rest.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #runs = new Map<string, TaskRun>();
  readonly #strays = new Map<string, RecoveredContainer>();
  readonly #intake: Intake;
  /** Versions of Tasks called unreachable that were answered. */
  readonly #answered = new Map<string, string>();
  #scheduled = false;
  #started = false;
  #closing = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#intake = new Intake({
      ...options,
      onBegin: (step) => this.#begin(step),
      onEnd: () => this.schedule(),
    });
  }

  runs(): Iterable<TaskRun> {
    return this.#runs.values();
  }

  run(uid: string): TaskRun | undefined {
    return this.#runs.get(uid);
  }

  /** From now on no task is started; what is under way goes on. */
  close(): void {
    this.#closing = true;
  }

  /** Whether a task is on its way from being taken on to running. */
  get starting(): boolean {
    if (this.#intake.size > 0) return true;
    return [...this.#runs.values()].some(({ record }) => STARTING.has(record.phase));
  }

  /** Takes up every task that has a record, with what is left of its container. Needs no API server. */
  recover(records: readonly TaskRecord[], containers: readonly RecoveredContainer[]): void {
    const own = this.#options.defaultExecutors?.recover(containers) ?? containers;
    for (const container of own) this.#strays.set(container.id, container);
    for (const record of records) {
      const container = this.#strays.get(record.uid);
      this.#strays.delete(record.uid);
      const found = { container, bootId: this.#options.bootId };
      const run = this.#add(record);
      const step = isRunByExecutor(record.spec)
        ? recoverExecutorTask(record)
        : recover(record, found, this.#stamp());
      this.#options.onRecord(record, true);
      if (step.record !== record) this.#options.onRecord(step.record, false);
      run.begin(step);
    }
  }

  /** Starts to follow the API, once its stores are filled. */
  async follow(): Promise<void> {
    const { tasks, agent, slots, defaultExecutors } = this.#options;
    const schedule = () => this.schedule();
    defaultExecutors?.onChange(schedule);
    tasks.onChange(schedule);
    agent.onChange(schedule);
    slots.reflector.onChange(schedule);
    await Promise.all([tasks.synced, defaultExecutors?.synced, agent.synced, slots.reflector.synced]);
    this.#started = true;
    this.schedule();
  }

  /** Looks at everything once more, soon. */
  schedule(): void {
    if (this.#scheduled || !this.#started || this.#options.signal.aborted) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      const { signal, log, clock } = this.#options;
      if (signal.aborted) return;
      try {
        this.#look();
      } catch (err) {
        log.error({ err }, "the tasks could not be looked at; it is tried again");
        clock.setTimeout(() => this.schedule(), LOOK_AGAIN);
      }
    });
  }

  #look(): void {
    const { tasks, defaultExecutors } = this.#options;
    const waiting: Live<Task>[] = [];
    for (const task of tasks.store.values()) {
      const run = this.#runs.get(task.metadata.uid);
      if (run) this.#compare(run, task);
      else if (hasEnded(task.status) || this.#intake.has(task.metadata.uid)) continue;
      else if (hasBegun(task.status) || this.#strays.has(task.metadata.uid)) this.#takeOver(task);
      else if (!this.#isHeldUp(task)) waiting.push(task);
    }
    for (const run of this.#runs.values()) this.#checkGone(run);
    this.#removeStrays();
    const recordOf = (uid: string) => this.#runs.get(uid)?.record;
    const groups = groupsOf(tasks.store.values(), recordOf);
    for (const group of groups.values()) this.#actOnGroup(group);
    const dooms = defaultExecutors?.look(tasks.store.values(), recordOf) ?? NO_DOOMS;
    for (const [uid, doom] of dooms) this.#killForExecutor(uid, doom);
    const left = waiting.filter((task) => {
      const broken = isBroken(groups.get(groupKey(task) ?? "")?.members ?? []);
      return !this.#endWaiting(task, broken, dooms.get(task.metadata.uid));
    });
    if (!this.#closing) this.#startGranted(left);
  }

  /** Ends a task that has not begun, if it is not to; tells whether it was. */
  #endWaiting(task: Live<Task>, groupBroken: boolean, doom: Doom | undefined): boolean {
    if (isToBeKilled(task)) this.#intake.endBeforeStart(task, "The task was killed before it started");
    else if (groupBroken) this.#intake.endBeforeStart(task, GROUP_ENDED);
    else if (doom?.cause === "request") this.#intake.endBeforeStart(task, doom.message);
    else if (doom) this.#intake.drop(task, doom.message);
    else return false;
    return true;
  }

  #isHeldUp(task: Live<Task>): boolean {
    const obstacle = isToBeKilled(task) ? undefined : this.#options.obstacle(task);
    if (obstacle !== undefined && obstacle !== "wait") this.#intake.endWith(task, obstacle);
    return obstacle !== undefined;
  }

  /** What the API asks of a task that runs here. */
  #compare(run: TaskRun, task: Live<Task>): void {
    const { record } = run;
    if (record.phase === "ended" || record.phase === "settled") return;
    const { agent, slots } = this.#options;
    const own = agent.store.get(this.#options.admission.node);
    const request = killRequest(task, own, slots.state?.ending ?? false);
    const later = record.kill && record.kill.killAt <= this.#options.clock.now() + (request?.graceMs ?? 0);
    if (request && !later) run.dispatch({ type: "kill", ...request });
    if (hasEnded(task.status) && record.phase !== "claiming") {
      run.dispatch({ type: "overruled", graceMs: graceOf(record.spec) });
      return;
    }
    const { resourceVersion } = task.metadata;
    if (task.status?.unreachableSince !== undefined && this.#answered.get(run.uid) !== resourceVersion) {
      this.#answered.set(run.uid, resourceVersion);
      run.dispatch({ type: "reregistered" });
    }
  }

  /** A run whose object is no longer there, or is another one of the same name. */
  #checkGone(run: TaskRun): void {
    const { record } = run;
    const task = this.#options.tasks.store.get(keyOf(record));
    if (task?.metadata.uid === record.uid) return;
    if (record.phase !== "settled") {
      if (record.kill?.cause !== "overruled") {
        run.dispatch({ type: "overruled", graceMs: graceOf(record.spec) });
      }
      return;
    }
    this.#runs.delete(run.uid);
    this.#answered.delete(run.uid);
    this.#options.effects.forget(run.uid);
    this.#options.onForget(run.uid);
    run.forget();
  }

  #takeOver(task: Live<Task>): void {
    const { uid } = task.metadata;
    const slot = this.#options.slots.state?.podUid;
    this.#intake.takeOver(task, this.#strays.get(uid), slot, () => this.#strays.delete(uid));
  }

  /** Containers that neither a record nor the API knows as going on. */
  #removeStrays(): void {
    for (const { id } of this.#strays.values()) {
      if (this.#intake.has(id)) continue;
      this.#strays.delete(id);
      this.#options.log.warn({ container: id }, "a container that belongs to no task is removed");
      this.#options.remove(id).catch((err: unknown) => {
        this.#options.log.error(
          { err, container: id },
          "a container that belongs to no task could not be removed",
        );
      });
    }
  }

  #actOnGroup(group: Group): void {
    const { members, size } = group;
    for (const { uid } of doomed(group)) this.#killForGroup(uid);
    if (isBroken(members) || !isReady(members, size)) return;
    for (const { uid } of members) this.#runs.get(uid)?.dispatch({ type: "groupReady" });
  }

  #killForGroup(uid: string): void {
    const run = this.#runs.get(uid);
    if (!run || run.record.kill) return;
    run.dispatch({ type: "kill", cause: "group", graceMs: graceOf(run.record.spec), message: GROUP_ENDED });
  }

  #killForExecutor(uid: string, { cause, message }: Doom): void {
    const run = this.#runs.get(uid);
    if (!run || run.record.kill) return;
    run.dispatch({ type: "kill", cause, graceMs: graceOf(run.record.spec), message });
  }

  #startGranted(waiting: readonly Live<Task>[]): void {
    const slot = this.#options.slots.state;
    if (!slot) return;
    const candidates: Candidate[] = [];
    const { defaultExecutors } = this.#options;
    for (const task of waiting) {
      const executor = defaultExecutors?.of(task);
      if (executor === "unknown") continue;
      try {
        candidates.push(candidate(task, executor));
      } catch (error) {
        this.#intake.refuse(task, error);
      }
    }
    const others = addAmounts(this.held(), this.#options.heldByOthers());
    for (const { uid, executor } of grantable(candidates, slot, others, defaultExecutors?.held())) {
      if (executor) defaultExecutors?.grant(executor.uid);
      const task = waiting.find(({ metadata }) => metadata.uid === uid);
      if (task) this.#intake.start(task, slot.podUid);
    }
  }

  #begin(step: Step): void {
    this.#options.onRecord(step.record, false);
    this.#add(step.record).begin(step);
  }

  #add(record: TaskRecord): TaskRun {
    const { records, effects, clock, uuid, log } = this.#options;
    const onChange = (run: TaskRun) => {
      this.#options.onRecord(run.record, false);
      this.schedule();
    };
    const run = new TaskRun(record, { records, effects, clock, uuid, log, onChange });
    this.#runs.set(record.uid, run);
    return run;
  }

  /** What of the slot is taken by tasks that are started, or about to be. */
  held(): Amounts {
    let held = this.#intake.wants();
    for (const { record } of this.#runs.values()) {
      const over = record.phase === "settled" || (record.phase === "ended" && record.released);
      if (!over) held = addAmounts(held, amountsOf(record.spec.resources));
    }
    return held;
  }

  #stamp(): Stamp {
    const { clock, uuid } = this.#options;
    return { now: clock.now(), uuid };
  }
}

const NO_DOOMS: ReadonlyMap<string, Doom> = new Map();

/** Milliseconds. */
const LOOK_AGAIN = 1_000;

/** Phases in which a task has not been launched yet, but may be. */
const STARTING: ReadonlySet<string> = new Set(["claiming", "preparing", "prepared", "launching"]);

const isToBeKilled = ({ spec, metadata }: Live<Task>): boolean =>
  spec.kill !== undefined || metadata.deletionTimestamp !== undefined;

function candidate(task: Live<Task>, executor: Live<Executor> | undefined): Candidate {
  const { uid, name, namespace = "", creationTimestamp } = task.metadata;
  const key = groupKey(task);
  const size = task.spec.group?.size;
  return {
    uid,
    name,
    namespace,
    createdAt: creationTimestamp,
    wants: amountsOf(task.spec.resources),
    ...(key === undefined || size === undefined ? {} : { group: { key, size } }),
    ...(executor && {
      executor: { uid: executor.metadata.uid, wants: amountsOf(executor.spec.resources) },
    }),
  };
}
