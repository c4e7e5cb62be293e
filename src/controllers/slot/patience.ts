import type { Clock } from "../../cluster/time.ts";

interface Wait {
  readonly key: string;
  readonly since: number;
}

/** Since when something has been in the way of an agent's slot, as this process saw it. One thing at a time. */
export class Patience {
  readonly #clock: Clock;
  readonly #waits = new Map<string, Wait>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds since `key` was first given for the agent; another key starts anew. */
  waited(agent: string, key: string): number {
    const now = this.#clock.monotonic();
    const wait = this.#waits.get(agent);
    if (wait?.key === key) return now - wait.since;
    this.#waits.set(agent, { key, since: now });
    return 0;
  }

  forget(agent: string): void {
    this.#waits.delete(agent);
  }
}
