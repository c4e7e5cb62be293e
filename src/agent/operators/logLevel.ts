import type { Logger } from "../../cluster/logger.ts";
import type { Clock } from "../../cluster/time.ts";
import { LEVELS, numberOf, Verbosity } from "../../convert/verbosity.ts";
import { type Answer, badRequest } from "../../http/answer.ts";
import type { Call_SetLoggingLevel } from "../../wire/gen/mesos/v1/agent/agent_pb.ts";

const NANOS_PER_MS = 1_000_000n;
const LONGEST_MS = 2 ** 31 - 1;

/** The verbosity of the agent's log, which may be raised for a while. */
export class LogLevel {
  readonly #verbosity: Verbosity;

  constructor(log: Logger, clock: Clock) {
    this.#verbosity = new Verbosity(log, clock);
  }

  get level(): number {
    return this.#verbosity.level;
  }

  /** Lower than it was from the start it cannot be set. */
  set(call: Call_SetLoggingLevel | undefined): Answer {
    const { level = 0, duration } = call ?? {};
    const name = LEVELS[level];
    if (name === undefined) return badRequest(`Invalid level '${level}': at most ${LEVELS.length - 1}`);
    const least = numberOf(this.#verbosity.configured);
    if (level < least) return badRequest(`Invalid level '${level}': it is at least ${least}`);
    const ms = Number((duration?.nanoseconds ?? 0n) / NANOS_PER_MS);
    if (ms < 0) return badRequest("Invalid duration");
    this.#verbosity.set(name, Math.min(ms, LONGEST_MS));
    return { status: 200 };
  }
}
