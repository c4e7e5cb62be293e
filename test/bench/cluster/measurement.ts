import { type Life, type Pace, paceOf, round } from "./statistics.ts";
import { total, type Writes, writesBetween } from "./writes.ts";

/** One line of the output. */
export interface Measurement {
  readonly bench: string;
  readonly agents: number;
  readonly alternation: number;
  /** Undefined: Pods. */
  readonly tasksPerOffer?: number;
  readonly tasks: number;
  readonly bound: Pace;
  readonly running: Pace;
  readonly writesPerLaunch: number;
  /** By "VERB resource", a launch. */
  readonly writes: Readonly<Record<string, number>>;
}

export function measure(
  name: Pick<Measurement, "bench" | "agents" | "alternation" | "tasksPerOffer">,
  lives: readonly Life[],
  before: Writes,
  after: Writes,
): Measurement {
  const writes = writesBetween(before, after);
  const each = [...writes].map(([key, count]) => [key, round(count / lives.length, 2)] as const);
  return {
    ...name,
    tasks: lives.length,
    bound: paceOf(lives, "bound"),
    running: paceOf(lives, "running"),
    writesPerLaunch: round(total(writes) / lives.length, 2),
    writes: Object.fromEntries(each.filter(([, count]) => count > 0).sort(([, a], [, b]) => b - a)),
  };
}

/** As printed: flat, for whatever reads JSON lines. */
export const line = ({ bound, running, writes, ...rest }: Measurement): object => ({
  ...rest,
  launchesPerSecond: bound.perSecond,
  boundP50ms: bound.p50ms,
  boundP99ms: bound.p99ms,
  runningPerSecond: running.perSecond,
  p50ms: running.p50ms,
  p99ms: running.p99ms,
  writes,
});
