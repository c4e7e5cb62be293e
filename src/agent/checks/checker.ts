import { type Clock, sleep } from "../../cluster/time.ts";
import type { CheckStatus } from "../checkpoint/record.ts";
import { InconclusiveError, type Probe } from "./probe.ts";

/** Times in milliseconds. */
export interface Schedule {
  /** From the start of the task to the first attempt. */
  readonly delay: number;
  /** From the end of an attempt to the next one. */
  readonly interval: number;
  /** 0: no limit. */
  readonly timeout: number;
}

/** The result of an attempt, or why there is none. */
export type Attempt = { readonly status: CheckStatus } | { readonly failure: string };

export interface CheckerOptions {
  readonly schedule: Schedule;
  readonly probe: Probe;
  /** Milliseconds since the task was started, when `run` is called. */
  readonly age: number;
  readonly clock: Clock;
  readonly onAttempt: (attempt: Attempt) => void;
}

/** Makes attempts by the schedule until the signal aborts. Never rejects. */
export async function runChecker(options: CheckerOptions, signal: AbortSignal): Promise<void> {
  const { schedule, clock, age } = options;
  let wait = Math.max(0, schedule.delay - age);
  while (!signal.aborted) {
    await sleep(clock, wait, signal).catch(() => {});
    if (signal.aborted) return;
    const attempt = await tryOnce(options, signal);
    if (signal.aborted) return;
    if (attempt) options.onAttempt(attempt);
    wait = schedule.interval;
  }
}

async function tryOnce(
  { schedule, probe, clock }: CheckerOptions,
  signal: AbortSignal,
): Promise<Attempt | undefined> {
  const limit = new AbortController();
  const stop = () => limit.abort(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  let late = false;
  const timer =
    schedule.timeout > 0
      ? clock.setTimeout(() => {
          late = true;
          limit.abort(new Error("too late"));
        }, schedule.timeout)
      : undefined;
  try {
    return { status: await probe(limit.signal) };
  } catch (error) {
    if (late) return { failure: `no result within ${schedule.timeout} ms` };
    if (error instanceof InconclusiveError) return undefined;
    return { failure: error instanceof Error ? error.message : String(error) };
  } finally {
    timer?.cancel();
    signal.removeEventListener("abort", stop);
  }
}
