/** The smallest value that at least `share` (0 to 1) of all do not exceed; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** To so many digits after the point. */
export function round(value: number, digits = 0): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}

/** What one measurement saw of one launch, or one Pod: wall times in milliseconds. */
export interface Life {
  /** When it was asked for. */
  readonly asked: number;
  bound?: number;
  running?: number;
  ended?: number;
}

export interface Pace {
  readonly perSecond: number;
  readonly p50ms: number;
  readonly p99ms: number;
}

/** How fast something came to `stage`, and how long each took from when it was asked for. */
export function paceOf(lives: readonly Life[], stage: "bound" | "running"): Pace {
  const times = lives.flatMap(({ asked, [stage]: at }) => (at === undefined ? [] : [{ asked, at }]));
  const latencies = times.map(({ asked, at }) => at - asked);
  const begin = Math.min(...times.map(({ asked }) => asked));
  const end = Math.max(...times.map(({ at }) => at));
  return {
    perSecond: round((times.length * 1000) / (end - begin), 1),
    p50ms: round(quantile(latencies, 0.5)),
    p99ms: round(quantile(latencies, 0.99)),
  };
}
