/** What every workload has: an engine, a clock of its own that goes on an interval a round, and a line for each measurement. */
import {
  AllocationEngine,
  type AllocationOptions,
  type PlannedOffer,
  parseMinAllocatable,
} from "../../../src/allocator/index.ts";

export interface Size {
  readonly agents: number;
  readonly frameworks: number;
  readonly rounds: number | undefined;
  readonly sorter: "drf" | "random";
  readonly seeded: boolean;
  readonly storm: boolean;
}

export interface Measurement {
  readonly round: number;
  /** Of the allocation alone, once all that happened before is taken in: what Mesos's benchmarks time. */
  readonly ms: number;
  readonly offers: number;
  /** More fields of this workload. */
  readonly more?: Readonly<Record<string, number | string>>;
}

export interface Workload {
  readonly name: string;
  /** What it does, in a sentence. */
  readonly about: string;
  run(size: Size, report: (measurement: Measurement, bench: Bench) => void): void;
}

/** Mesos's own default. */
const INTERVAL_MS = 1_000;
/** What the operator would give a round before it lets others work. */
export const STEP_MS = 10;

export class Bench {
  readonly engine = new AllocationEngine();
  now = 0;
  roles = 1;
  readonly #sorter: "drf" | "random";
  readonly #minAllocatable = parseMinAllocatable("cpus:0.01|mem:32");

  constructor(sorter: "drf" | "random") {
    this.#sorter = sorter;
  }

  options(): AllocationOptions {
    return {
      now: this.now,
      random: Math.random,
      sorter: this.#sorter,
      minAllocatable: this.#minAllocatable,
      maxOffersPerFramework: Number.POSITIVE_INFINITY,
    };
  }

  /** One allocation after another interval: events are taken in before and timed apart. */
  round(): {
    readonly offers: readonly PlannedOffer[];
    readonly ms: number;
    readonly more: Record<string, number>;
  } {
    const intakeMs = timed(() => this.engine.settle());
    const { offers, ms, more } = this.loadedRound();
    return { offers, ms, more: { ...more, intakeMs: tenth(intakeMs) } };
  }

  /** The same with what happened before to be taken in, step by step too. */
  loadedRound(): {
    readonly offers: readonly PlannedOffer[];
    readonly ms: number;
    readonly more: Record<string, number>;
  } {
    this.now += INTERVAL_MS;
    const clock = () => performance.now();
    const [start, cpuStart] = [clock(), threadMs()];
    const round = this.engine.begin(this.options());
    let longestStepMs = 0;
    let longestStepCpuMs = 0;
    for (let done = false; !done; ) {
      const [from, cpuFrom] = [clock(), threadMs()];
      done = round.step(STEP_MS, clock);
      longestStepMs = Math.max(longestStepMs, clock() - from);
      longestStepCpuMs = Math.max(longestStepCpuMs, threadMs() - cpuFrom);
    }
    const ms = clock() - start;
    const cpuMs = tenth(threadMs() - cpuStart);
    const longest = { longestStepMs: tenth(longestStepMs), longestStepCpuMs: tenth(longestStepCpuMs) };
    return { offers: round.offers, ms, more: { cpuMs, ...longest } };
  }

  /** Declined for good, or given back without a filter. */
  giveBack(offers: readonly PlannedOffer[], time = 0): void {
    for (const offer of offers) {
      this.engine.withdraw(offer);
      if (time > 0) this.engine.refuse({ ...offer, now: this.now, time });
    }
  }
}

/** What this thread has computed: without what other work on the machine took, and without the collector's own threads. */
export function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

export function timed(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

/** Thousandths below 10, else tenths: enough to see a millisecond. */
export const tenth = (ms: number): number =>
  ms < 10 ? Math.round(ms * 1000) / 1000 : Math.round(ms * 10) / 10;

export const rssMiB = (): number => Math.round(process.memoryUsage().rss / 2 ** 20);
