import type { Measurement } from "./measurement.ts";
import { median, round } from "./statistics.ts";

/** Medians over the alternations, and ours against kube-scheduler's: above 1 is better for rates, below 1 for times and writes. */
export function summary(measurements: readonly Measurement[]): object[] {
  const pods = measurements.filter(({ bench }) => bench === "pods");
  const launches = measurements.filter(({ bench }) => bench === "launches");
  const byK = Map.groupBy(launches, ({ tasksPerOffer = 1 }) => tasksPerOffer);
  return [...byK].map(([tasksPerOffer, own]) => ({
    bench: "summary",
    agents: own[0]?.agents,
    tasksPerOffer,
    ...medians("tasks", own),
    ...(pods.length > 0 && { ...medians("pods", pods), ...ratios(own, pods) }),
  }));
}

const rate = ({ bound }: Measurement) => bound.perSecond;
const p50 = ({ bound }: Measurement) => bound.p50ms;
const p99 = ({ bound }: Measurement) => bound.p99ms;
const writes = ({ writesPerLaunch }: Measurement) => writesPerLaunch;

const of = (list: readonly Measurement[], pick: (one: Measurement) => number): number =>
  median(list.map(pick));

const medians = (prefix: string, list: readonly Measurement[]): object => ({
  [`${prefix}PerSecond`]: of(list, rate),
  [`${prefix}BoundP50ms`]: of(list, p50),
  [`${prefix}BoundP99ms`]: of(list, p99),
  [`${prefix}RunningP50ms`]: of(list, ({ running }) => running.p50ms),
  [`${prefix}RunningP99ms`]: of(list, ({ running }) => running.p99ms),
  [`${prefix}Writes`]: of(list, writes),
  [`${prefix}ApiserverCpuMs`]: of(list, ({ cpuMs }) => cpuMs.apiserver ?? 0),
});

const ratios = (own: readonly Measurement[], pods: readonly Measurement[]): object => ({
  rateRatio: round(of(own, rate) / of(pods, rate), 2),
  boundP50Ratio: round(of(own, p50) / of(pods, p50), 2),
  boundP99Ratio: round(of(own, p99) / of(pods, p99), 2),
  writesRatio: round(of(own, writes) / of(pods, writes), 2),
});
