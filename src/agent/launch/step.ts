import type { Logger } from "pino";
import type { Clock } from "../../cluster/time.ts";
import { isRuntimeAway, isTransient } from "./failure.ts";
import { retry } from "./retry.ts";

export interface StepOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Tries of a pull or a fetch whose error may go away. */
const TRIES = 4;

/** A step of a launch: while containerd is away for as long as it takes; what may go away by itself a few times. */
export function launchStep<T>(call: () => Promise<T>, { clock, log, signal }: StepOptions): Promise<T> {
  return retry(call, {
    clock,
    signal,
    when: (error, tries) => isRuntimeAway(error) || (isTransient(error) && tries < TRIES),
    onError: (err) => log.warn({ err }, "a step of a launch is tried again"),
  });
}
