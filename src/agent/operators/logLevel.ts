import type { Logger } from "../../cluster/logger.ts";
import type { Clock, Timer } from "../../cluster/time.ts";
import { type Answer, badRequest } from "../../http/answer.ts";
import type { Call_SetLoggingLevel } from "../../wire/gen/mesos/v1/agent/agent_pb.ts";

/** How verbose glog is with Mesos's --v, and what that is here. */
const LEVELS = ["info", "debug", "trace"] as const;
const NANOS_PER_MS = 1_000_000n;
const LONGEST_MS = 2 ** 31 - 1;

/** The verbosity of the agent's log, which may be raised for a while (libprocess: src/logging.cpp, Logging::set_level). */
export class LogLevel {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #original: string;
  #back: Timer | undefined;

  constructor(log: Logger, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
    this.#original = log.level;
  }

  get level(): number {
    return Math.max(0, numberOf(this.#log.level));
  }

  /** The level goes back by itself. Lower than it was from the start it cannot be set. */
  set(call: Call_SetLoggingLevel | undefined): Answer {
    const { level = 0, duration } = call ?? {};
    const name = LEVELS[level];
    if (name === undefined) return badRequest(`Invalid level '${level}': at most ${LEVELS.length - 1}`);
    if (level < numberOf(this.#original)) {
      return badRequest(`Invalid level '${level}': it is at least ${numberOf(this.#original)}`);
    }
    const ms = Number((duration?.nanoseconds ?? 0n) / NANOS_PER_MS);
    if (ms < 0) return badRequest("Invalid duration");
    this.#back?.cancel();
    this.#log.level = name;
    this.#back = this.#clock.setTimeout(
      () => {
        this.#log.level = this.#original;
      },
      Math.min(ms, LONGEST_MS),
    );
    return { status: 200 };
  }
}

const numberOf = (name: string): number => (LEVELS as readonly string[]).indexOf(name);
