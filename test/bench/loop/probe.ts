/**
 * Loaded into the operator's process before it: how long each turn of its event loop is. On SIGUSR2 it appends what it has seen since
 * the last one to the file that MESOS_BENCH_PROBE names, a line of JSON.
 */
import { appendFileSync } from "node:fs";
import { monitorEventLoopDelay, type PerformanceEntry, PerformanceObserver } from "node:perf_hooks";
import { quantile, round } from "../cluster/statistics.ts";

/** What it tells. Milliseconds. */
export interface Seen {
  readonly seconds: number;
  /** What the thread computed in one turn, the collector's part on it included. */
  readonly turnCpuMs: Record<"p50" | "p99" | "p999" | "max" | "above50", number>;
  /** By the clock: on a machine that others use it tells of them too. */
  readonly delayMs: Record<"p50" | "p99" | "p999" | "max", number>;
  /** What V8 marks in steps between collections is in none of them: a CPU profile shows it. */
  readonly gc: Record<"minor" | "major" | "longestMinorMs" | "longestMajorMs" | "ms", number>;
  readonly rssMiB: number;
  readonly peakRssMiB: number;
  readonly heapMiB: number;
  readonly cpuPerSecond: number;
  /** The longest turns: when they ended (CLOCK_MONOTONIC, as in a CPU profile), computed, by the clock, and of it the collector. */
  readonly longest: readonly { at: number; cpuMs: number; ms: number; gcMs: number }[];
}

const EVERY = 1;
const LONGEST = 40;
/** Milliseconds after which a collection has been told of. */
const TOLD = 50;
const MIB = 2 ** 20;

const threadMs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

class Probe {
  readonly #delay = monitorEventLoopDelay({ resolution: EVERY });
  #turns: number[] = [];
  #pauses: { kind: number; ms: number; end: number }[] = [];
  #longest: { at: number; cpuMs: number; ms: number }[] = [];
  #lastCpu = threadMs();
  #last = performance.now();
  #began = performance.now();
  #cpu = process.cpuUsage();

  constructor() {
    this.#delay.enable();
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const { detail, duration, startTime } = entry as PerformanceEntry & { detail: { kind: number } };
        this.#pauses.push({ kind: detail.kind, ms: duration, end: startTime + duration });
      }
    }).observe({ entryTypes: ["gc"] });
    setInterval(() => this.#turn(), EVERY).unref();
    // The first turn loads and compiles the program.
    setTimeout(() => this.tell(), EVERY);
  }

  #turn(): void {
    const [cpu, now] = [threadMs(), performance.now()];
    const cpuMs = cpu - this.#lastCpu;
    this.#turns.push(cpuMs);
    if (cpuMs > 20) {
      this.#longest.push({ at: Number(process.hrtime.bigint() / 1000n), cpuMs, ms: now - this.#last });
      this.#longest.sort((a, b) => b.cpuMs - a.cpuMs).splice(LONGEST);
    }
    this.#lastCpu = cpu;
    this.#last = now;
  }

  tell(): Seen {
    const now = performance.now();
    const seconds = (now - this.#began) / 1000;
    const at = (share: number) => round(quantile(this.#turns, share), 1);
    const above50 = this.#turns.filter((ms) => ms > 50).length;
    const late = (percent: number) => round(this.#delay.percentile(percent) / 1e6, 1);
    const used = process.cpuUsage(this.#cpu);
    const { rss, heapUsed } = process.memoryUsage();
    const minors = this.#pauses.filter(({ kind }) => kind === 1);
    const majors = this.#pauses.filter(({ kind }) => kind !== 1);
    const longest = (list: readonly { ms: number }[]) => round(Math.max(0, ...list.map(({ ms }) => ms)), 1);
    const origin = Number(process.hrtime.bigint() / 1000n) - performance.now() * 1000;
    const seen: Seen = {
      seconds: round(seconds, 1),
      turnCpuMs: { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1), above50 },
      delayMs: { p50: late(50), p99: late(99), p999: late(99.9), max: round(this.#delay.max / 1e6, 1) },
      gc: {
        ...{ minor: minors.length, major: majors.length },
        ...{ longestMinorMs: longest(minors), longestMajorMs: longest(majors) },
        ms: round(this.#pauses.reduce((sum, { ms }) => sum + ms, 0)),
      },
      rssMiB: round(rss / MIB),
      peakRssMiB: round(process.resourceUsage().maxRSS / 1024),
      heapMiB: round(heapUsed / MIB),
      cpuPerSecond: round((used.user + used.system) / 1e6 / seconds, 2),
      longest: this.#longest.map((turn) => {
        const end = (turn.at - origin) / 1000;
        const within = this.#pauses.filter((pause) => pause.end > end - turn.ms && pause.end <= end + 1);
        const gcMs = within.reduce((sum, { ms }) => sum + ms, 0);
        return { at: turn.at, cpuMs: round(turn.cpuMs, 1), ms: round(turn.ms, 1), gcMs: round(gcMs, 1) };
      }),
    };
    [this.#turns, this.#pauses, this.#longest] = [[], [], []];
    [this.#began, this.#cpu] = [now, process.cpuUsage()];
    // To count took a while too.
    [this.#lastCpu, this.#last] = [threadMs(), performance.now()];
    this.#delay.reset();
    return seen;
  }
}

const path = process.env.MESOS_BENCH_PROBE;
if (path !== undefined) {
  const probe = new Probe();
  process.on("SIGUSR2", () =>
    setTimeout(() => appendFileSync(path, `${JSON.stringify(probe.tell())}\n`), TOLD),
  );
}
