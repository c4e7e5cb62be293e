import { tenth, threadMs } from "../allocator/bench.ts";

/** Milliseconds between looks. */
const EVERY = 2;

/** How long the event loop was kept, by the clock and by what the thread computed: others may have had the processor. */
export class LoopWatch {
  readonly #late: number[] = [];
  readonly #computed: number[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor() {
    let [at, cpu] = [performance.now(), threadMs()];
    this.#timer = setInterval(() => {
      const [now, spent] = [performance.now(), threadMs()];
      this.#late.push(Math.max(0, now - at - EVERY));
      this.#computed.push(Math.max(0, spent - cpu));
      [at, cpu] = [now, spent];
    }, EVERY);
  }

  /** Of all looks: the last part of a hundred, and the worst. */
  end(): {
    readonly delayP99Ms: number;
    readonly delayMaxMs: number;
    readonly turnCpuP99Ms: number;
    readonly turnCpuMaxMs: number;
  } {
    clearInterval(this.#timer);
    const at = (list: readonly number[], share: number) => {
      const sorted = [...list].sort((a, b) => a - b);
      return tenth(sorted[Math.floor(share * (sorted.length - 1))] ?? 0);
    };
    return {
      delayP99Ms: at(this.#late, 0.99),
      delayMaxMs: at(this.#late, 1),
      turnCpuP99Ms: at(this.#computed, 0.99),
      turnCpuMaxMs: at(this.#computed, 1),
    };
  }
}
