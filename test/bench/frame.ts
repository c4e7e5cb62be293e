import { cpus } from "node:os";
import { sayToTerminal } from "../../hack/devcluster/progress.ts";
import { BenchError } from "./cluster/failure.ts";

/** What a bench has started. */
export interface Running {
  /** `keep`: leaves its files, for who wants to know why it failed. */
  stop(keep?: boolean): Promise<void>;
}

export interface BenchProgram<Options extends object, Bench extends Running> {
  readonly name: string;
  /** undefined: how to call it is asked for. Throws BenchError. */
  readonly readOptions: (argv: string[]) => Options | undefined;
  readonly usage: string;
  /** What it says of its settings, as it prints them; absent: the options. */
  readonly settings?: (options: Options) => object;
  readonly start: (options: Options) => Promise<Bench>;
  readonly measure: (bench: Bench, options: Options) => Promise<void>;
}

export const say = sayToTerminal;
/** One line of JSON. */
export const print = (object: object): void => console.log(JSON.stringify(object));

/** The whole of a bench's program: what it has started ends however it ends, and the process with it. */
export function runBench<Options extends object, Bench extends Running>(
  program: BenchProgram<Options, Bench>,
): void {
  run(program).then(
    () => process.exit(0),
    (error: unknown) => {
      const known = error instanceof BenchError;
      const words = known ? error.message : error instanceof Error ? error.stack : error;
      console.error(`${program.name}: ${words}`);
      process.exit(1);
    },
  );
}

async function run<Options extends object, Bench extends Running>(
  program: BenchProgram<Options, Bench>,
): Promise<void> {
  const options = program.readOptions(process.argv.slice(2));
  if (options === undefined) return void console.log(program.usage);
  const settings = program.settings?.(options) ?? options;
  print({ bench: "settings", ...settings, cpus: cpus().length });
  const bench = await program.start(options);
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => void bench.stop().finally(() => process.exit(1)));
  }
  let failed = true;
  try {
    await program.measure(bench, options);
    failed = false;
  } finally {
    await bench.stop(failed);
  }
}
