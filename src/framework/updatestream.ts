import { setTimeout as delay } from "node:timers/promises";
import type { Task } from "../api/task.ts";
import { isTerminal } from "../api/taskstate.ts";
import type { Live } from "../cluster/object.ts";
import type { Reflector } from "../cluster/reflector.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import type { TaskUpdate } from "./scheduler.ts";
import { Serial } from "./serial.ts";
import { toTaskUpdate, unacknowledged } from "./updates.ts";

export interface UpdateStreamOptions {
  readonly deliver: (update: TaskUpdate) => void | Promise<void>;
  readonly acknowledge: (name: string, uuid: string) => Promise<void>;
  /** Acknowledge what `deliver` has returned from. */
  readonly implicit: boolean;
  readonly onError: (error: unknown) => void;
  readonly signal: AbortSignal;
}

const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 60_000;

/**
 * Delivers the status updates of tasks: in order for one task, tasks beside each other, each until
 * `deliver` has returned without an error (at least once).
 */
export class UpdateStream {
  readonly #options: UpdateStreamOptions;
  readonly #acknowledgements: Acknowledgements;
  readonly #queues = new Map<string, Serial>();
  readonly #taken = new Map<string, Set<string>>();

  constructor(options: UpdateStreamOptions) {
    this.#options = options;
    this.#acknowledgements = new Acknowledgements(options);
  }

  attach(reflector: Reflector<Task>): () => void {
    return reflector.onChange((change) => {
      if (change.type === "deleted") this.#forget(change.object.metadata.name);
      else this.observe(change.object);
    });
  }

  observe(task: Live<Task>): void {
    const { name } = task.metadata;
    const taken = this.#taken.get(name) ?? new Set<string>();
    this.#taken.set(name, taken);
    const queue = this.#queues.get(name) ?? new Serial(this.#options.onError);
    this.#queues.set(name, queue);
    for (const update of unacknowledged(task)) {
      if (taken.has(update.uuid)) continue;
      taken.add(update.uuid);
      void queue.run(() => this.#deliver(toTaskUpdate(task, update)));
    }
  }

  async idle(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.idle()));
    await this.#acknowledgements.idle();
  }

  async #deliver(update: TaskUpdate): Promise<void> {
    for (let wait = RETRY_FIRST_MS; !this.#options.signal.aborted; wait = Math.min(wait * 2, RETRY_MAX_MS)) {
      try {
        await this.#options.deliver(update);
        const { name, uuid, state } = update;
        if (this.#options.implicit && uuid) this.#acknowledgements.owe(name, uuid, isTerminal(state));
        return;
      } catch (error) {
        this.#options.onError(error);
        await delay(wait, undefined, { signal: this.#options.signal }).catch(() => {});
      }
    }
  }

  #forget(name: string): void {
    this.#queues.delete(name);
    this.#taken.delete(name);
  }
}
