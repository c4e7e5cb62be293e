import type { Logger } from "pino";
import type { Task } from "../../api/task.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import type { Clock } from "../../cluster/time.ts";
import type { FrameworkFacts } from "../checkpoint/record.ts";
import type { RecordStore } from "../checkpoint/recordStore.ts";
import type { RecoveredContainer } from "../containerizer/containerizer.ts";
import type { Stamp, Step } from "../lifecycle/event.ts";
import { dropped, failed, gone, killedBeforeStart, type Outcome, refused } from "../lifecycle/outcome.ts";
import { REASON } from "../lifecycle/reason.ts";
import { recover } from "../lifecycle/recovery.ts";
import { amountsOf } from "../slot/grant.ts";
import { type Amounts, NO_AMOUNTS } from "../slot/slotState.ts";
import { type AdmissionOptions, admit, frameworkFacts } from "./admission.ts";
import type { Effects } from "./effects.ts";
import { Inquiries } from "./inquiries.ts";
import { adoption, ending, intent, type RecordContext } from "./intent.ts";

export interface IntakeOptions extends RecordContext {
  readonly records: Pick<RecordStore, "save">;
  readonly effects: Pick<Effects, "setLevel">;
  readonly admission: AdmissionOptions;
  /** Removes a container, for as long as it takes. */
  readonly remove: (id: string) => Promise<void>;
  readonly clock: Clock;
  readonly uuid: () => string;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Called with each new record, once it is on disk. */
  readonly onBegin: (step: Step) => void;
  /** Called when something was found out, or may be asked again. */
  readonly onEnd: () => void;
}

/** Of a framework that is there no more: its tasks are told all that is known. */
const NO_FRAMEWORK: FrameworkFacts = { id: "", partitionAware: true, killingState: true };

/** Takes on tasks that have no record here: finds out what the API says of them, then makes their record. */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #inquiries: Inquiries;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#inquiries = new Inquiries(options);
  }

  /** Whether something is being found out about a task. */
  has(uid: string): boolean {
    return this.#inquiries.has(uid);
  }

  get size(): number {
    return this.#inquiries.size;
  }

  /** What the tasks that are to start will take of the slot. */
  wants(): Amounts {
    return this.#inquiries.wants();
  }

  /** Starts a task below the slot Pod `slot`, which has room for it. */
  start(task: Live<Task>, slot: string): void {
    this.#inquiries.start(task.metadata.uid, amountsOf(task.spec.resources), async () => {
      const { admission, signal, effects } = this.#options;
      const admitted = await admit(task, admission, signal);
      if ("outcome" in admitted) return this.#end(task, admitted.framework, admitted.outcome);
      const { framework, level } = admitted;
      effects.setLevel(task.metadata.uid, level);
      const step = intent(task, admitted, slot, this.#options, this.#stamp());
      try {
        await this.#options.records.save(step.record);
      } catch (error) {
        // Without a durable intent nothing is started.
        const why = `The agent cannot write its checkpoint, so the task is not started: ${error}`;
        return this.#end(task, framework, failed(REASON.launchFailed, why));
      }
      this.#options.onBegin(step);
    });
  }

  /** The operator ends such tasks too; whoever is first wins. */
  endBeforeStart(task: Live<Task>, why: string): void {
    this.endWith(task, killedBeforeStart(why));
  }

  /** Its executor has ended. */
  drop(task: Live<Task>, why: string): void {
    const { uid } = task.metadata;
    this.#inquiries.start(uid, NO_AMOUNTS, async () => {
      const framework = await this.#framework(task);
      return this.#end(task, framework, dropped(framework, REASON.executorTerminated, why));
    });
  }

  /** A task that says what the schema cannot refuse. */
  refuse(task: Live<Task>, error: unknown): void {
    this.endWith(task, refused(REASON.invalid, error instanceof Error ? error.message : String(error)));
  }

  /**
   * The API says that a task was begun here, and there is no record: what runs is taken over, else its loss is told.
   *
   * @param slot the slot Pod that it is taken to run under
   * @param settled called once the container is accounted for
   */
  takeOver(
    task: Live<Task>,
    container: RecoveredContainer | undefined,
    slot: string | undefined,
    settled: () => void,
  ): void {
    this.#inquiries.start(task.metadata.uid, NO_AMOUNTS, async () => {
      const framework = await this.#framework(task);
      if (container?.state === "running" || container?.state === "exited") {
        const record = adoption(task, framework, container, slot, this.#options);
        settled();
        return this.#create(recover(record, { container, bootId: this.#options.bootId }, this.#stamp()));
      }
      if (container) await this.#options.remove(container.id);
      settled();
      const why = "The agent has no record of the task and no container of it is left";
      return this.#end(task, framework, gone(framework, REASON.agentRestarted, why));
    });
  }

  /** Ends a task that has not begun here. */
  endWith(task: Live<Task>, outcome: Outcome): void {
    this.#inquiries.start(task.metadata.uid, NO_AMOUNTS, async () =>
      this.#end(task, await this.#framework(task), outcome),
    );
  }

  #end(task: Live<Task>, framework: FrameworkFacts, outcome: Outcome): Promise<void> {
    return this.#create(ending(task, framework, outcome, this.#options, this.#stamp()));
  }

  /** An end that cannot be put on disk is told all the same: the API is then what remembers it. */
  async #create(step: Step): Promise<void> {
    const { records, log, onBegin } = this.#options;
    await records.save(step.record).catch((err: unknown) => {
      log.error({ err, task: keyOf(step.record) }, "the record of a task could not be written");
    });
    onBegin(step);
  }

  async #framework(task: Live<Task>): Promise<FrameworkFacts> {
    const { admission, signal } = this.#options;
    return (await frameworkFacts(task, admission, signal)) ?? NO_FRAMEWORK;
  }

  #stamp(): Stamp {
    const { clock, uuid } = this.#options;
    return { now: clock.now(), uuid };
  }
}
