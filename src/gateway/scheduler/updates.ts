import type { StatusUpdate, Task } from "../../api/task.ts";
import { unacknowledgedUpdates } from "../../api/taskupdate.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import type { Clock, Timer } from "../../cluster/time.ts";
import { taskIdOf } from "../../convert/status.ts";

/** Mesos: src/slave/constants.hpp, STATUS_UPDATE_RETRY_INTERVAL_MIN and _MAX; milliseconds. */
const FIRST_RETRY = 10_000;
const LAST_RETRY = 600_000;

export interface UpdatesOptions {
  readonly clock: Clock;
  readonly send: (task: Live<Task>, update: StatusUpdate) => void;
  /** Has the acknowledgement written down, however long that takes. */
  readonly acknowledge: (task: Live<Task>, uuid: string) => void;
}

/** What is known of one task. */
interface Entry {
  task: Live<Task>;
  /** The update that waits for its acknowledgement. */
  outstanding?: { readonly update: StatusUpdate; readonly timer: Timer };
  /** The last one acknowledged, which the cache may not show yet. */
  acknowledged?: string;
}

/**
 * Tells a framework the status updates of its tasks, at least once: one of a task at a time, again and again, ever less often, until
 * it is acknowledged (Mesos: task_status_update_manager). What the master itself says is told once; nobody acknowledges that.
 */
export class Updates {
  readonly #options: UpdatesOptions;
  readonly #entries = new Map<string, Entry>();
  /** By the uuid of what is outstanding. */
  readonly #waiting = new Map<string, Entry>();
  #stopped = false;

  constructor(options: UpdatesOptions) {
    this.#options = options;
  }

  /** The task as it is now. */
  observe(task: Live<Task>): void {
    if (this.#stopped) return;
    const key = keyOf(task.metadata);
    const known = this.#entries.get(key);
    const entry = known?.task.metadata.uid === task.metadata.uid ? known : { task };
    if (known !== undefined && entry !== known) this.#settle(known);
    entry.task = task;
    this.#entries.set(key, entry);
    this.#advance(entry);
  }

  forget(task: Live<Task>): void {
    const key = keyOf(task.metadata);
    const entry = this.#entries.get(key);
    if (entry !== undefined) this.#settle(entry);
    this.#entries.delete(key);
  }

  /** Of a task (Mesos id) and an update; false: none such waits. */
  acknowledge(taskId: string, uuid: string): boolean {
    const entry = this.#waiting.get(uuid);
    if (entry === undefined || taskIdOf(entry.task) !== taskId) return false;
    this.#acknowledge(entry, uuid);
    this.#advance(entry);
    return true;
  }

  stop(): void {
    this.#stopped = true;
    for (const entry of this.#waiting.values()) this.#settle(entry);
    this.#entries.clear();
  }

  /** Nothing of it is outstanding any more. */
  #settle(entry: Entry): void {
    if (entry.outstanding === undefined) return;
    entry.outstanding.timer.cancel();
    this.#waiting.delete(entry.outstanding.update.uuid);
    delete entry.outstanding;
  }

  #advance(entry: Entry): void {
    for (;;) {
      const [head] = waiting(entry);
      if (head?.uuid !== entry.outstanding?.update.uuid) this.#settle(entry);
      if (head === undefined || entry.outstanding !== undefined) return;
      this.#options.send(entry.task, head);
      if (this.#stopped) return;
      if (head.source !== "SOURCE_MASTER") {
        this.#retryIn(entry, head, FIRST_RETRY);
        return;
      }
      this.#acknowledge(entry, head.uuid);
    }
  }

  #retryIn(entry: Entry, update: StatusUpdate, interval: number): void {
    const timer = this.#options.clock.setTimeout(() => {
      this.#options.send(entry.task, update);
      if (!this.#stopped) this.#retryIn(entry, update, Math.min(interval * 2, LAST_RETRY));
    }, interval);
    entry.outstanding = { update, timer };
    this.#waiting.set(update.uuid, entry);
  }

  #acknowledge(entry: Entry, uuid: string): void {
    entry.acknowledged = uuid;
    this.#options.acknowledge(entry.task, uuid);
  }
}

/** Oldest first. */
function waiting({ task, acknowledged }: Entry): readonly StatusUpdate[] {
  const updates = unacknowledgedUpdates(task.status?.updates, task.spec.acknowledged);
  const at = updates.findIndex(({ uuid }) => uuid === acknowledged);
  return updates.slice(at + 1);
}
