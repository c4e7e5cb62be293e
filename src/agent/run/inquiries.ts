import type { Logger } from "pino";
import { Backoff } from "../../cluster/backoff.ts";
import type { Clock } from "../../cluster/time.ts";
import { addAmounts } from "../slot/grant.ts";
import { type Amounts, NO_AMOUNTS } from "../slot/slotState.ts";

export interface InquiriesOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Called after each that is over, also one that failed and may be made again. */
  readonly onEnd: () => void;
}

/** What is being found out about tasks before they have a record: at most one thing a task at a time. */
export class Inquiries {
  readonly #options: InquiriesOptions;
  readonly #open = new Map<string, Amounts>();
  readonly #backoffs = new Map<string, Backoff>();

  constructor(options: InquiriesOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#open.size;
  }

  has(uid: string): boolean {
    return this.#open.has(uid);
  }

  /** What the tasks will take of the slot, all together. */
  wants(): Amounts {
    let wants = NO_AMOUNTS;
    for (const each of this.#open.values()) wants = addAmounts(wants, each);
    return wants;
  }

  /** Does the work; after a failure the task counts as inquired into until a pause is over. */
  start(uid: string, wants: Amounts, work: () => Promise<void>): void {
    if (this.#open.has(uid)) return;
    this.#open.set(uid, wants);
    const end = () => {
      this.#open.delete(uid);
      this.#options.onEnd();
    };
    work().then(
      () => {
        this.#backoffs.delete(uid);
        end();
      },
      (err: unknown) => {
        const { clock, log, signal } = this.#options;
        if (signal.aborted) return;
        const backoff = this.#backoffs.get(uid) ?? new Backoff({ base: 200, max: 10_000 });
        this.#backoffs.set(uid, backoff);
        log.warn({ err, task: uid }, "a task cannot be taken on yet");
        clock.setTimeout(end, backoff.next());
      },
    );
  }
}
