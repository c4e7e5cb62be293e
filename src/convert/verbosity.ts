import { type Logger, setLogLevel } from "../cluster/logger.ts";
import type { Clock, Timer } from "../cluster/time.ts";

/** How verbose glog is with Mesos's --v, and what that is here. */
export const LEVELS = ["info", "debug", "trace"] as const;

/** Of a level that is less verbose than all of them: -1. */
export const numberOf = (name: string): number => (LEVELS as readonly string[]).indexOf(name);

/** How much is logged for a while, by all parts of the process (libprocess: src/logging.cpp, Logging::set_level). */
export class Verbosity {
  readonly #logger: Logger;
  readonly #clock: Clock;
  /** The level that it goes back to by itself. */
  readonly configured: string;
  #back: Timer | undefined;

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
    this.configured = logger.level;
  }

  get level(): number {
    return Math.max(0, numberOf(this.#logger.level));
  }

  /** `duration` in milliseconds, then it is as it was configured. */
  set(name: string, duration: number): void {
    this.#back?.cancel();
    setLogLevel(this.#logger, name);
    this.#back = this.#clock.setTimeout(() => this.reset(), duration);
  }

  reset(): void {
    this.#back?.cancel();
    setLogLevel(this.#logger, this.configured);
  }
}
