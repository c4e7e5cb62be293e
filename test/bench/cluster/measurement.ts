import { setTimeout as delay } from "node:timers/promises";
import type { Connection } from "../../../src/cluster/connection.ts";
import { type CpuTimes, cpuBetween, readCpuTimes } from "./cputime.ts";
import { settled } from "./quiet.ts";
import { type Life, type Pace, paceOf, round } from "./statistics.ts";
import { type Count, readWrites, total, writesBetween } from "./writes.ts";

/** Milliseconds for which programs are watched that have nothing to do but heartbeats. */
const IDLE = 5_000;

/** What has been spent so far. */
export interface Spent {
  readonly writes: Count;
  readonly cpu: CpuTimes;
  /** Milliseconds of the process's clock. */
  readonly at: number;
}

/** What a measurement begins with. */
export interface Beginning extends Spent {
  /** Milliseconds of processor time a second by program, while nothing is asked for. */
  readonly idle: CpuTimes;
}

/** Once what was asked for before has settled. */
export async function spentSoFar(connection: Connection): Promise<Spent> {
  const writes = await settled(connection);
  return { writes, cpu: readCpuTimes(), at: performance.now() };
}

/** The same, and what heartbeats and watches alone cost. */
export async function beginning(connection: Connection): Promise<Beginning> {
  const { cpu, at } = await spentSoFar(connection);
  await delay(IDLE);
  const begun = { writes: await readWrites(connection), cpu: readCpuTimes(), at: performance.now() };
  const spent = Array.from(cpuBetween(cpu, begun.cpu));
  const idle = new Map(spent.map(([program, ms]) => [program, (ms * 1000) / (begun.at - at)]));
  return { ...begun, idle };
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
  /** Milliseconds of processor time by program, a launch, without what heartbeats cost meanwhile. */
  readonly cpuMs: Readonly<Record<string, number>>;
  /** Milliseconds of processor time by program, a second: of heartbeats and watches alone. */
  readonly idleCpuMs: Readonly<Record<string, number>>;
}

export function measure(
  name: Pick<Measurement, "bench" | "agents" | "alternation" | "tasksPerOffer">,
  lives: readonly Life[],
  before: Beginning,
  after: Spent,
): Measurement {
  const writes = writesBetween(before.writes.taken, after.writes.taken);
  const refused = writesBetween(before.writes.refused, after.writes.refused);
  const { idle } = before;
  const seconds = (after.at - before.at) / 1000;
  const cpu = Array.from(
    cpuBetween(before.cpu, after.cpu),
    ([program, ms]) => [program, Math.max(0, ms - (idle.get(program) ?? 0) * seconds)] as const,
  );
  return {
    ...name,
    tasks: lives.length,
    bound: paceOf(lives, "bound"),
    running: paceOf(lives, "running"),
    writesPerLaunch: round(total(writes) / lives.length, 2),
    writes: each(writes, lives.length),
    refused: each(refused, lives.length),
    cpuMs: Object.fromEntries(cpu.map(([program, ms]) => [program, round(ms / lives.length, 1)])),
    idleCpuMs: Object.fromEntries(Array.from(idle, ([program, ms]) => [program, round(ms)])),
  };
}

/** Most first. */
function each(counts: ReadonlyMap<string, number>, launches: number): Record<string, number> {
  const rounded = Array.from(counts, ([key, count]) => [key, round(count / launches, 2)] as const);
  return Object.fromEntries(rounded.filter(([, count]) => count > 0).sort(([, a], [, b]) => b - a));
}

/** As printed: flat, for whatever reads JSON lines. */
export const line = ({
  bound,
  running,
  writes,
  refused,
  cpuMs,
  idleCpuMs,
  ...rest
}: Measurement): object => ({
  ...rest,
  launchesPerSecond: bound.perSecond,
  boundP50ms: bound.p50ms,
  boundP99ms: bound.p99ms,
  runningPerSecond: running.perSecond,
  p50ms: running.p50ms,
  p99ms: running.p99ms,
  cpuMs,
  idleCpuMs,
  writes,
  refused,
});
