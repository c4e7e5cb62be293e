import { quantile, round } from "../cluster/statistics.ts";

/** Milliseconds between two looks; what a turn of the loop takes beyond that, it was held up. */
const EVERY = 1;

const threadMs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

/**
 * How long the event loop was held up, by processor time of its thread: on a machine that others use too, a clock tells of them. The
 * collector's work on the thread counts; what its helpers do does not.
 */
export class Turns {
  readonly #computed: number[] = [];
  readonly #timer: NodeJS.Timeout;
  #last = threadMs();

  constructor() {
    this.#timer = setInterval(() => {
      const now = threadMs();
      this.#computed.push(now - this.#last);
      this.#last = now;
    }, EVERY);
  }

  stop(): { p50: number; p99: number; p999: number; max: number; above50: number } {
    clearInterval(this.#timer);
    const at = (share: number) => round(quantile(this.#computed, share), 1);
    const above50 = this.#computed.filter((ms) => ms > 50).length;
    return { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1), above50 };
  }
}
