import { type Clock, sleep, systemClock, type Timer } from "../cluster/time.ts";

export interface AcknowledgementsOptions {
  /** Acknowledges an update of the task's object of that name, and those before it. */
  readonly acknowledge: (name: string, uuid: string) => Promise<void>;
  readonly onError: (error: unknown) => void;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

/**
 * Milliseconds that an acknowledgement waits for the next update, which it covers then. Nobody waits for it: the agent goes on without.
 * One that came between two updates would have the agent's next write refused, as the Task has changed since it was read.
 */
const PAUSE = 15_000;
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 60_000;

interface Owed {
  /** Of the newest update that was delivered and is not being acknowledged yet. */
  uuid?: string | undefined;
  timer?: Timer | undefined;
  sending?: Promise<void> | undefined;
}

/** Acknowledges what was delivered: each task's updates in order, of several the newest alone, which covers those before it. */
export class Acknowledgements {
  readonly #options: AcknowledgementsOptions;
  readonly #clock: Clock;
  readonly #owed = new Map<string, Owed>();

  constructor(options: AcknowledgementsOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** `last`: nothing comes after it, so nothing is waited for. */
  owe(name: string, uuid: string, last: boolean): void {
    const owed = this.#owed.get(name) ?? {};
    this.#owed.set(name, owed);
    owed.uuid = uuid;
    if (owed.sending !== undefined) return;
    if (last) this.#send(name, owed);
    else owed.timer ??= this.#clock.setTimeout(() => this.#send(name, owed), PAUSE);
  }

  /** Acknowledges what is owed without a pause; resolves when that is done. */
  async idle(): Promise<void> {
    for (const [name, owed] of this.#owed) if (owed.sending === undefined) this.#send(name, owed);
    await Promise.all(Array.from(this.#owed.values(), ({ sending }) => sending));
  }

  #send(name: string, owed: Owed): void {
    owed.timer?.cancel();
    owed.timer = undefined;
    owed.sending = this.#sendAll(name, owed);
  }

  async #sendAll(name: string, owed: Owed): Promise<void> {
    while (owed.uuid !== undefined) {
      const { uuid } = owed;
      owed.uuid = undefined;
      await this.#acknowledge(name, uuid, owed);
    }
    this.#owed.delete(name);
  }

  async #acknowledge(name: string, uuid: string, owed: Owed): Promise<void> {
    const { acknowledge, onError, signal } = this.#options;
    for (let wait = RETRY_FIRST_MS; ; wait = Math.min(wait * 2, RETRY_MAX_MS)) {
      try {
        await acknowledge(name, uuid);
        return;
      } catch (error) {
        onError(error);
        if (signal.aborted) return;
        await sleep(this.#clock, wait, signal).catch(() => {});
        // A newer one covers this.
        if (owed.uuid !== undefined || signal.aborted) return;
      }
    }
  }
}
