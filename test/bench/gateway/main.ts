/** `npm run bench:gateway`: many frameworks on one gateway, on simulated nodes. One JSON line a measurement. */
import { cpus } from "node:os";
import { sayToTerminal } from "../../../hack/devcluster/progress.ts";
import { BenchError } from "../cluster/failure.ts";
import { GatewayBench } from "./bench.ts";
import { readOptions, USAGE } from "./options.ts";

const print = (object: object): void => console.log(JSON.stringify(object));

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) return void console.log(USAGE);
  print({ bench: "settings", ...options, cpus: cpus().length });
  const bench = await GatewayBench.start(options, sayToTerminal);
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => void bench.stop().finally(() => process.exit(1)));
  }
  let failed = true;
  try {
    for await (const line of bench.subscriptions()) print(line);
    sayToTerminal("offers, each declined");
    print(await bench.offers());
    sayToTerminal(`${options.tasks} tasks`);
    print(await bench.launches());
    failed = false;
  } finally {
    await bench.stop(failed);
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    const known = error instanceof BenchError;
    console.error(`bench:gateway: ${known ? error.message : error instanceof Error ? error.stack : error}`);
    process.exit(1);
  },
);
