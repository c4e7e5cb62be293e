import type { Connection } from "../../../src/cluster/connection.ts";
import { type CpuTimes, cpuBetween, readCpuTimes } from "./cputime.ts";
import { settled } from "./quiet.ts";
import { type Life, type Pace, paceOf, round } from "./statistics.ts";
import { type Count, total, writesBetween } from "./writes.ts";

/** What has been spent so far. */
export interface Spent {
  readonly writes: Count;
  readonly cpu: CpuTimes;
}

/** Once what was asked for before has settled. */
export async function spentSoFar(connection: Connection): Promise<Spent> {
  const writes = await settled(connection);
  return { writes, cpu: readCpuTimes() };
}

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
  /** Writes that the API server refused, conflicts above all, a launch. */
  readonly refused: Readonly<Record<string, number>>;
  /** Milliseconds of processor time by program, a launch. */
  readonly cpuMs: Readonly<Record<string, number>>;
}

export function measure(
  name: Pick<Measurement, "bench" | "agents" | "alternation" | "tasksPerOffer">,
  lives: readonly Life[],
  before: Spent,
  after: Spent,
): Measurement {
  const writes = writesBetween(before.writes.taken, after.writes.taken);
  const refused = writesBetween(before.writes.refused, after.writes.refused);
  const cpu = cpuBetween(before.cpu, after.cpu);
  return {
    ...name,
    tasks: lives.length,
    bound: paceOf(lives, "bound"),
    running: paceOf(lives, "running"),
    writesPerLaunch: round(total(writes) / lives.length, 2),
    writes: each(writes, lives.length),
    refused: each(refused, lives.length),
    cpuMs: Object.fromEntries(Array.from(cpu, ([program, ms]) => [program, round(ms / lives.length, 1)])),
  };
}

/** Most first. */
function each(counts: ReadonlyMap<string, number>, launches: number): Record<string, number> {
  const rounded = Array.from(counts, ([key, count]) => [key, round(count / launches, 2)] as const);
  return Object.fromEntries(rounded.filter(([, count]) => count > 0).sort(([, a], [, b]) => b - a));
}

/** As printed: flat, for whatever reads JSON lines. */
export const line = ({ bound, running, writes, refused, cpuMs, ...rest }: Measurement): object => ({
  ...rest,
  launchesPerSecond: bound.perSecond,
  boundP50ms: bound.p50ms,
  boundP99ms: bound.p99ms,
  runningPerSecond: running.perSecond,
  p50ms: running.p50ms,
  p99ms: running.p99ms,
  cpuMs,
  writes,
  refused,
});
