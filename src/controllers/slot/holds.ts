import type { Clock } from "../../cluster/time.ts";

/** Milliseconds for which an agent is not offered after the kubelet refused a resize; doubled each time. */
const FIRST = 30_000;
const LONGEST = 600_000;

interface Hold {
  readonly until: number;
  readonly length: number;
}

/**
 * Agents whose kubelet would not grant what the operator thought free. Offering them again at once would lead to the
 * next refusal, so they rest for a while. Lost with the leader: the next one learns it by one refusal.
 */
export class SlotHolds {
  readonly #clock: Clock;
  readonly #holds = new Map<string, Hold>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Starts a hold; a longer one if the last has ended not long ago. */
  refused(agent: string): void {
    const now = this.#clock.monotonic();
    const last = this.#holds.get(agent);
    if (last && now < last.until) return;
    const again = last !== undefined && now < last.until + last.length;
    const length = again ? Math.min(last.length * 2, LONGEST) : FIRST;
    this.#holds.set(agent, { until: now + length, length });
  }

  /** Milliseconds that the hold still lasts; 0: none. */
  remaining(agent: string): number {
    const hold = this.#holds.get(agent);
    return hold === undefined ? 0 : Math.max(0, hold.until - this.#clock.monotonic());
  }

  forget(agent: string): void {
    this.#holds.delete(agent);
  }
}
