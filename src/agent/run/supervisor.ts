import type { Logger } from "pino";
import type { Agent } from "../../api/agent.ts";
import type { Task } from "../../api/task.ts";
import { hasBegun, hasEnded } from "../../api/taskstate.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import type { Watched } from "../../cluster/reflector.ts";
import type { Clock } from "../../cluster/time.ts";
import type { FrameworkFacts, TaskRecord } from "../checkpoint/record.ts";
import type { RecordStore } from "../checkpoint/recordStore.ts";
import type { RecoveredContainer } from "../containerizer/containerizer.ts";
import type { Stamp, Step } from "../lifecycle/event.ts";
import { failed, gone, killedBeforeStart, refused } from "../lifecycle/outcome.ts";
import { REASON } from "../lifecycle/reason.ts";
import { recover } from "../lifecycle/recovery.ts";
import { graceOf } from "../lifecycle/transition.ts";
import { addAmounts, amountsOf, type Candidate, grantable } from "../slot/grant.ts";
import { type Amounts, NO_AMOUNTS } from "../slot/slotState.ts";
import type { SlotWatch } from "../slot/slotWatch.ts";
import { type AdmissionOptions, admit, frameworkFacts } from "./admission.ts";
import type { Effects } from "./effects.ts";
import { groupKey, isBroken, isReady, type Member } from "./groups.ts";
import { Inquiries } from "./inquiries.ts";
import { adoption, ending, intent, type RecordContext } from "./intent.ts";
import { killRequest } from "./killRequest.ts";
import { TaskRun } from "./taskRun.ts";

export interface SupervisorOptions extends RecordContext {
  /** Tasks with spec.agent of this agent. */
  readonly tasks: Watched<Task>;
  /** The agent's own object. */
  readonly agent: Watched<Agent>;
  readonly slots: Pick<SlotWatch, "state" | "reflector">;
  readonly records: RecordStore;
  readonly effects: Effects;
  readonly admission: AdmissionOptions;
  /** Containers that carry the agent's label and have no record, by id. */
  readonly remove: (id: string) => Promise<void>;
  readonly clock: Clock;
  readonly uuid: () => string;
  readonly log: Logger;
  /** Aborts when the agent stops. */
  readonly signal: AbortSignal;
  /** `recovered`: as an agent before this one left it. */
  readonly onRecord: (record: TaskRecord, recovered: boolean) => void;
  readonly onForget: (uid: string) => void;
}

interface Group {
  readonly members: Member[];
  readonly size: number;
}

/**
 * Keeps the tasks of this node as the API asks for: level-based, so that it does not matter which change it hears of. It decides from what is
 * in its stores; each task's run does the rest.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #runs = new Map<string, TaskRun>();
  readonly #strays = new Map<string, RecoveredContainer>();
  readonly #inquiries: Inquiries;
  /** Versions of Tasks called unreachable that were answered. */
  readonly #answered = new Map<string, string>();
  #scheduled = false;
  #started = false;
  #closing = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { clock, log, signal } = options;
    this.#inquiries = new Inquiries({ clock, log, signal, onEnd: () => this.schedule() });
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
    if (this.#inquiries.size > 0) return true;
    return [...this.#runs.values()].some(({ record }) => STARTING.has(record.phase));
  }

  /** Takes up every task that has a record, with what is left of its container. Needs no API server. */
  recover(records: readonly TaskRecord[], containers: readonly RecoveredContainer[]): void {
    for (const container of containers) this.#strays.set(container.id, container);
    for (const record of records) {
      const container = this.#strays.get(record.uid);
      this.#strays.delete(record.uid);
      const found = { container, bootId: this.#options.bootId };
      const run = this.#add(record);
      const step = recover(record, found, this.#stamp());
      this.#options.onRecord(record, true);
      if (step.record !== record) this.#options.onRecord(step.record, false);
      run.begin(step);
    }
  }

  /** Starts to follow the API, once its stores are filled. */
  async follow(): Promise<void> {
    const { tasks, agent, slots } = this.#options;
    const schedule = () => this.schedule();
    tasks.onChange(schedule);
    agent.onChange(schedule);
    slots.reflector.onChange(schedule);
    await Promise.all([tasks.synced, agent.synced, slots.reflector.synced]);
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
    const { tasks } = this.#options;
    const waiting: Live<Task>[] = [];
    for (const task of tasks.store.values()) {
      const run = this.#runs.get(task.metadata.uid);
      if (run) this.#compare(run, task);
      else if (hasEnded(task.status) || this.#inquiries.has(task.metadata.uid)) continue;
      else if (hasBegun(task.status) || this.#strays.has(task.metadata.uid)) this.#takeOver(task);
      else waiting.push(task);
    }
    for (const run of this.#runs.values()) this.#checkGone(run);
    this.#removeStrays();
    const groups = this.#membersByGroup();
    for (const group of groups.values()) this.#actOnGroup(group);
    const isDoomed = (task: Live<Task>) =>
      isToBeKilled(task) || isBroken(groups.get(groupKey(task) ?? "")?.members ?? []);
    for (const task of waiting) if (isDoomed(task)) this.#endUnbegun(task);
    if (!this.#closing) this.#startGranted(waiting.filter((task) => !isDoomed(task)));
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

  /** The API says that a task was begun here, and there is no record: its container is taken over, or its loss told. */
  #takeOver(task: Live<Task>): void {
    const { uid } = task.metadata;
    this.#inquiries.start(task.metadata.uid, NO_AMOUNTS, async () => {
      const { admission, signal } = this.#options;
      const framework = (await frameworkFacts(task, admission, signal)) ?? NO_FRAMEWORK;
      const container = this.#strays.get(uid);
      if (container?.state === "running" || container?.state === "exited") {
        const slot = this.#options.slots.state?.podUid;
        const record = adoption(task, framework, container, slot, this.#options);
        this.#strays.delete(uid);
        const found = { container, bootId: this.#options.bootId };
        return this.#create(recover(record, found, this.#stamp()));
      }
      if (container) await this.#options.remove(uid);
      this.#strays.delete(uid);
      const why = "The agent has no record of the task and no container of it is left";
      const outcome = gone(framework, REASON.agentRestarted, why);
      return this.#create(ending(task, framework, outcome, this.#options, this.#stamp()));
    });
  }

  /** Containers that neither a record nor the API knows as going on. */
  #removeStrays(): void {
    for (const { id } of this.#strays.values()) {
      if (this.#inquiries.has(id)) continue;
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

  #actOnGroup({ members, size }: Group): void {
    if (isBroken(members)) {
      for (const { uid, ended } of members) if (!ended) this.#killForGroup(uid);
    } else if (isReady(members, size)) {
      for (const { uid } of members) this.#runs.get(uid)?.dispatch({ type: "groupReady" });
    }
  }

  #membersByGroup(): ReadonlyMap<string, Group> {
    const groups = new Map<string, Group>();
    for (const task of this.#options.tasks.store.values()) {
      const key = groupKey(task);
      if (key === undefined) continue;
      const record = this.#runs.get(task.metadata.uid)?.record;
      const over = record?.phase === "ended" || record?.phase === "settled";
      const ended = over || hasEnded(task.status);
      const state = over ? record.latest?.state : task.status?.state;
      const group = groups.get(key) ?? { members: [], size: task.spec.group?.size ?? 1 };
      group.members.push({ uid: task.metadata.uid, phase: record?.phase, ended, state });
      groups.set(key, group);
    }
    return groups;
  }

  #killForGroup(uid: string): void {
    const run = this.#runs.get(uid);
    if (!run || run.record.kill) return;
    const message = "Another task of its group has ended";
    run.dispatch({ type: "kill", cause: "group", graceMs: graceOf(run.record.spec), message });
  }

  /** The operator does so too; whoever is first wins. */
  #endUnbegun(task: Live<Task>): void {
    this.#inquiries.start(task.metadata.uid, NO_AMOUNTS, async () => {
      const { admission, signal } = this.#options;
      const framework = (await frameworkFacts(task, admission, signal)) ?? NO_FRAMEWORK;
      const why = isToBeKilled(task)
        ? "The task was killed before it started"
        : "Another task of its group has ended";
      return this.#create(ending(task, framework, killedBeforeStart(why), this.#options, this.#stamp()));
    });
  }

  #startGranted(waiting: readonly Live<Task>[]): void {
    const slot = this.#options.slots.state;
    if (!slot) return;
    const candidates: Candidate[] = [];
    for (const task of waiting) {
      try {
        candidates.push(candidate(task));
      } catch (error) {
        this.#refuse(task, error);
      }
    }
    for (const { uid } of grantable(candidates, slot, this.#held())) {
      const task = waiting.find(({ metadata }) => metadata.uid === uid);
      if (task) this.#start(task, slot.podUid);
    }
  }

  /** Its resources say what the schema cannot refuse. */
  #refuse(task: Live<Task>, error: unknown): void {
    this.#inquiries.start(task.metadata.uid, NO_AMOUNTS, async () => {
      const { admission, signal } = this.#options;
      const framework = (await frameworkFacts(task, admission, signal)) ?? NO_FRAMEWORK;
      const outcome = refused(REASON.invalid, error instanceof Error ? error.message : String(error));
      return this.#create(ending(task, framework, outcome, this.#options, this.#stamp()));
    });
  }

  #start(task: Live<Task>, slot: string): void {
    this.#inquiries.start(task.metadata.uid, amountsOf(task.spec.resources), async () => {
      const { admission, signal, effects } = this.#options;
      const admitted = await admit(task, admission, signal);
      if ("outcome" in admitted) {
        const { framework, outcome } = admitted;
        return this.#create(ending(task, framework, outcome, this.#options, this.#stamp()));
      }
      effects.setLevel(task.metadata.uid, admitted.level);
      const step = intent(task, admitted.framework, slot, this.#options, this.#stamp());
      await this.#create(step, (error) => {
        const why = `The agent cannot write its checkpoint, so the task is not started: ${error}`;
        return ending(
          task,
          admitted.framework,
          failed(REASON.launchFailed, why),
          this.#options,
          this.#stamp(),
        );
      });
    });
  }

  /** Puts a new task's record on disk, then acts. Without a durable intent nothing is started: `otherwise` says what then. */
  async #create({ record, effects }: Step, otherwise?: (error: unknown) => Step): Promise<void> {
    try {
      await this.#options.records.save(record);
    } catch (error) {
      this.#options.log.error(
        { err: error, task: keyOf(record) },
        "the record of a task could not be written",
      );
      const step = otherwise?.(error) ?? { record, effects };
      return this.#begin(step);
    }
    this.#begin({ record, effects });
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
  #held(): Amounts {
    let held = this.#inquiries.wants();
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

/** Milliseconds. */
const LOOK_AGAIN = 1_000;

/** Phases in which a task has not been launched yet, but may be. */
const STARTING: ReadonlySet<string> = new Set(["claiming", "preparing", "prepared", "launching"]);

/** Of a framework that is there no more: its tasks are told all that is known. */
const NO_FRAMEWORK: FrameworkFacts = { id: "", partitionAware: true, killingState: true };

const isToBeKilled = ({ spec, metadata }: Live<Task>): boolean =>
  spec.kill !== undefined || metadata.deletionTimestamp !== undefined;

function candidate(task: Live<Task>): Candidate {
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
  };
}
