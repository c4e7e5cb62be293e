/** `npm run bench:loop`: how long the operator keeps its event loop, its memory, and failover, at N agents on a real API server. */
import { cpus } from "node:os";
import { sayToTerminal } from "../../../hack/devcluster/progress.ts";
import { BenchError } from "../cluster/failure.ts";
import { LoopBench } from "./bench.ts";
import { readOptions, USAGE } from "./options.ts";

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) return void console.log(USAGE);
  console.log(JSON.stringify({ bench: "settings", ...options, cpus: cpus().length }));
  const bench = await LoopBench.start(options, sayToTerminal);
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => void bench.stop().finally(() => process.exit(1)));
  }
  let failed = true;
  try {
    for await (const line of bench.measure()) console.log(JSON.stringify(line));
    failed = false;
  } finally {
    await bench.stop(failed);
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    const known = error instanceof BenchError;
    console.error(`bench:loop: ${known ? error.message : error instanceof Error ? error.stack : error}`);
    process.exit(1);
  },
);
