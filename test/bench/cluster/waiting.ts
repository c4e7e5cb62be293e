import { setTimeout as delay } from "node:timers/promises";
import { BenchError } from "./failure.ts";

const POLL = 100;

/** The first answer that is not undefined. Throws BenchError, with what `late` says, after `timeout` ms. */
export async function until<T>(
  check: () => Promise<T | undefined> | T | undefined,
  timeout: number,
  late: () => string,
): Promise<T> {
  const deadline = performance.now() + timeout;
  for (;;) {
    const answer = await check();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new BenchError(late());
    await delay(POLL);
  }
}
