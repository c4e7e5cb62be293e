/** `npm run bench:cluster`: launches end to end on simulated nodes, kube-scheduler beside. One JSON line a measurement. */
import { print, runBench, say } from "../frame.ts";
import { Bench } from "./bench.ts";
import { line, type Measurement } from "./measurement.ts";
import { type Options, readOptions, USAGE } from "./options.ts";
import { summary } from "./summary.ts";

async function measureAll(bench: Bench, options: Options): Promise<void> {
  const { alternations, only, tasksPerOffer, existing, flood, warm } = options;
  const conditions = { existing, flood, warm };
  const measurements: Measurement[] = [];
  const failures: unknown[] = [];
  /** One that fails leaves the others: on a slow machine they have taken long. */
  const attempt = async (name: object, work: () => Promise<void>) => {
    await work().catch((error: unknown) => {
      failures.push(error);
      print({ bench: "failed", ...name, ...conditions, why: String(error) });
    });
  };
  const add = async (name: object, measured: () => Promise<Measurement>) =>
    attempt(name, async () => {
      const measurement = await measured();
      measurements.push(measurement);
      print({ ...line(measurement), ...conditions, heartbeatsLateMs: bench.heartbeatsLateMs });
    });
  for (let alternation = 1; alternation <= alternations; alternation++) {
    for (const count of only.has("launches") ? tasksPerOffer : []) {
      say(`alternation ${alternation}: ${options.tasks} tasks, ${count} an offer`);
      await add({ of: "launches", alternation, tasksPerOffer: count }, () =>
        bench.launches(alternation, count),
      );
    }
    if (only.has("pods")) {
      say(`alternation ${alternation}: ${options.tasks} Pods by kube-scheduler`);
      await add({ of: "pods", alternation }, () => bench.pods(alternation));
    }
    if (only.has("failover")) {
      say(`alternation ${alternation}: failover`);
      for (const standby of [true, false]) {
        await attempt({ of: "failover", alternation, standby }, async () =>
          print(await bench.failover(alternation, standby)),
        );
      }
    }
  }
  for (const each of summary(measurements)) print({ ...each, ...conditions });
  if (failures.length > 0) throw failures[0];
}

/** Clients by name, with the limits they run under. */
const limits = (qps: number): object => ({
  operatorQps: qps || 200,
  kubeSchedulerQps: qps || 50,
  frameworkQps: qps || 50,
  simulatorQps: "unlimited",
});

runBench({
  name: "bench:cluster",
  readOptions,
  usage: USAGE,
  settings: ({ only, profile: _, ...rest }) => ({ ...rest, only: [...only], ...limits(rest.qps) }),
  start: (options) => Bench.start(options, say),
  measure: measureAll,
});
