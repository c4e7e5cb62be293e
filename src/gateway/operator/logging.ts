import type { Logger } from "../../cluster/logger.ts";
import type { Clock, Timer } from "../../cluster/time.ts";

/** glog's verbosity as a level of this program's logger. */
const LEVELS = ["info", "debug", "trace"] as const;

/** How much is logged for a while. Loggers of parts that were made before keep theirs. */
export class Verbosity {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #configured: string;
  #back: Timer | undefined;

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
    this.#configured = logger.level;
  }

  get level(): number {
    return Math.max(0, LEVELS.indexOf(this.#logger.level as (typeof LEVELS)[number]));
  }

  /** `duration` in milliseconds, then it is as it was configured. */
  set(level: number, duration: number): void {
    this.#back?.cancel();
    this.#logger.level =
      level === 0 ? this.#configured : (LEVELS[Math.min(level, LEVELS.length - 1)] ?? "trace");
    this.#back = this.#clock.setTimeout(() => this.reset(), duration);
  }

  reset(): void {
    this.#back?.cancel();
    this.#logger.level = this.#configured;
  }
}
