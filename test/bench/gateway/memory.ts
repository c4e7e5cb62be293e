import type { Operator } from "../cluster/operator.ts";
import { round } from "../cluster/statistics.ts";
import { until } from "../cluster/waiting.ts";

const WORD = "bench-memory";

/** Of the operator's Node: on SIGUSR2 it collects its garbage and tells what is left, in bytes. */
export const MEMORY_FLAGS: readonly string[] = [
  "--expose-gc",
  "--import",
  `data:text/javascript,${encodeURIComponent(
    `process.on("SIGUSR2", () => { gc(); gc(); console.log(JSON.stringify({ msg: "${WORD}", ...process.memoryUsage() })); });`,
  )}`,
];

/** MiB, after a collection. */
export interface Memory {
  readonly rss: number;
  readonly heap: number;
  /** Buffers, outside of the heap. */
  readonly external: number;
}

export async function memoryOf(operator: Operator): Promise<Memory> {
  const before = operator.logged(WORD).length;
  operator.signal("SIGUSR2");
  const told = await until(
    () => operator.logged(WORD)[before],
    30_000,
    () => "the operator did not tell its memory within 30 s",
  );
  const mib = (name: string) => round(Number(told[name]) / 2 ** 20, 2);
  return { rss: mib("rss"), heap: mib("heapUsed"), external: mib("external") };
}
