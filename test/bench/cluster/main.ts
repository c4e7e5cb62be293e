/** `npm run bench:cluster`: launches end to end on simulated nodes, kube-scheduler beside. One JSON line a measurement. */
import { cpus } from "node:os";
import { sayToTerminal } from "../../../hack/devcluster/progress.ts";
import { Bench } from "./bench.ts";
import { BenchError } from "./failure.ts";
import { line, type Measurement } from "./measurement.ts";
import { type Options, readOptions, USAGE } from "./options.ts";
import { summary } from "./summary.ts";

const say = sayToTerminal;
const print = (object: object): void => console.log(JSON.stringify(object));

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

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) return void console.log(USAGE);
  const { only, profile: _, ...rest } = options;
  print({ bench: "settings", ...rest, only: [...only], ...limits(options.qps), cpus: cpus().length });
  const bench = await Bench.start(options, say);
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => void bench.stop().finally(() => process.exit(1)));
  }
  let failed = true;
  try {
    await measureAll(bench, options);
    failed = false;
  } finally {
    await bench.stop(failed);
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    const known = error instanceof BenchError;
    console.error(`bench:cluster: ${known ? error.message : error instanceof Error ? error.stack : error}`);
    process.exit(1);
  },
);
