import type { Logger } from "pino";
import type { Clock, Timer } from "../../cluster/time.ts";
import type { TaskRecord } from "../checkpoint/record.ts";
import type { RecordStore } from "../checkpoint/recordStore.ts";
import type { Effect, Step, TaskEvent } from "../lifecycle/event.ts";
import { executorTaskTransition, isRunByExecutor } from "../lifecycle/executorTask.ts";
import { transition } from "../lifecycle/transition.ts";
import type { Effects } from "./effects.ts";

export interface TaskRunOptions {
  readonly records: Pick<RecordStore, "save" | "delete">;
  readonly effects: Effects;
  readonly clock: Clock;
  readonly uuid: () => string;
  readonly log: Logger;
  /** Called after each change of the record. */
  readonly onChange: (run: TaskRun) => void;
}

/**
 * One task on this node: takes events one at a time, puts the new record on disk, and only then acts. What the acts lead to comes back
 * as events.
 */
export class TaskRun {
  readonly #options: TaskRunOptions;
  #record: TaskRecord;
  #tail: Promise<void> = Promise.resolve();
  #escalation: Timer | undefined;
  #forgotten = false;

  /** `record` is on disk. */
  constructor(record: TaskRecord, options: TaskRunOptions) {
    this.#record = record;
    this.#options = options;
  }

  get record(): TaskRecord {
    return this.#record;
  }

  get uid(): string {
    return this.#record.uid;
  }

  /** Does what a recovery, or a first intent, says. */
  begin(step: Step): void {
    this.#enqueue(() => this.#take(step));
  }

  dispatch(event: TaskEvent): void {
    this.#enqueue(async () => {
      const { clock, uuid } = this.#options;
      const move = isRunByExecutor(this.#record.spec) ? executorTaskTransition : transition;
      await this.#take(move(this.#record, event, { now: clock.now(), uuid }));
    });
  }

  /** Resolves when all events so far are dealt with. */
  idle(): Promise<void> {
    return this.#tail;
  }

  /** Removes the record: the task is no longer of this world. */
  forget(): void {
    this.#enqueue(async () => {
      this.#forgotten = true;
      this.#escalation?.cancel();
      await this.#options.records.delete(this.uid);
    });
  }

  #enqueue(work: () => Promise<void>): void {
    this.#tail = this.#tail.then(work).catch((err: unknown) => {
      this.#options.log.error({ err, task: this.#name }, "an event of a task could not be dealt with");
    });
  }

  async #take({ record, effects }: Step): Promise<void> {
    if (this.#forgotten) return;
    if (record !== this.#record) {
      await this.#save(record);
      this.#record = record;
      this.#options.onChange(this);
    }
    for (const effect of effects) this.#act(effect);
  }

  /**
   * From the claim on, the API and containerd hold what is needed to go on, so a disk that fails is told and not waited for: the
   * intent itself was durable before this run was made.
   */
  async #save(record: TaskRecord): Promise<void> {
    try {
      await this.#options.records.save(record);
    } catch (err) {
      this.#options.log.error({ err, task: this.#name }, "the record of a task could not be written");
    }
  }

  #act(effect: Effect): void {
    if (effect.type === "escalateAt") this.#escalateAt(effect.time);
    else this.#options.effects.start(this, effect);
  }

  #escalateAt(time: number): void {
    const { clock } = this.#options;
    this.#escalation?.cancel();
    this.#escalation = clock.setTimeout(() => this.dispatch({ type: "escalate" }), time - clock.now());
  }

  get #name(): string {
    return `${this.#record.namespace}/${this.#record.name}`;
  }
}
