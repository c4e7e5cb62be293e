import { type Resources, type TaskInfo, toSpec } from "mesos-operator/framework";

/** What the framework wants: how many tasks at a time, and what one of them is. */
export interface Demand {
  readonly name: string;
  readonly each: Resources;
  /** Tasks going at the same time, at most. */
  readonly parallel: number;
  /** Tasks in all; Infinity for a service that never ends. */
  readonly total: number;
  readonly command: string;
}

/** Counts tasks by their Mesos id, so that a repeated update changes nothing. */
export class Progress {
  readonly #demand: Demand;
  readonly #going = new Set<string>();
  readonly #done = new Set<string>();
  #started = 0;
  #failed = 0;

  constructor(demand: Demand) {
    this.#demand = demand;
  }

  get wanted(): number {
    const left = this.#demand.total - this.#started;
    return Math.max(0, Math.min(left, this.#demand.parallel - this.#going.size));
  }

  get finished(): boolean {
    return this.#started >= this.#demand.total && this.#going.size === 0;
  }

  /** Fills an offer with as many tasks as are wanted and fit. */
  fill(offered: Resources, nextId: () => string): TaskInfo[] {
    const tasks: TaskInfo[] = [];
    let left = offered;
    while (this.wanted > 0 && left.contains(this.#demand.each)) {
      const taskId = nextId();
      left = left.subtract(this.#demand.each);
      this.#going.add(taskId);
      this.#started += 1;
      tasks.push({
        taskId,
        resources: toSpec(this.#demand.each),
        command: { value: this.#demand.command },
        ttlAfterFinished: "2m",
      });
    }
    return tasks;
  }

  /** A task that an earlier run of this program launched and that still goes. */
  adopt(taskId: string): void {
    if (this.#going.has(taskId) || this.#done.has(taskId)) return;
    this.#going.add(taskId);
    this.#started += 1;
  }

  /** The end of a task, or a launch that did not happen. */
  end(taskId: string, ok: boolean): void {
    this.#going.delete(taskId);
    if (this.#done.has(taskId)) return;
    this.#done.add(taskId);
    if (!ok) this.#failed += 1;
  }

  toString(): string {
    return `${this.#going.size} going, ${this.#done.size} done, ${this.#failed} failed`;
  }
}
