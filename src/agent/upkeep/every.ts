import type { Logger } from "pino";
import { type Clock, sleep } from "../../cluster/time.ts";

export interface EveryOptions {
  readonly name: string;
  /** Milliseconds from the end of one round to the start of the next. */
  readonly interval: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Does the work again and again until the signal aborts. A round that fails is told, and the next one comes as usual. */
export async function every(
  { name, interval, clock, log }: EveryOptions,
  work: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(clock, interval, signal).catch(() => {});
    if (signal.aborted) return;
    try {
      await work(signal);
    } catch (err) {
      if (!signal.aborted) log.warn({ err }, `${name} failed; it is tried again`);
    }
  }
}
