import { execFile } from "node:child_process";
import { ClusterError, lastLines } from "./failure.ts";

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
}

/**
 * Runs a program to its end and gives what it wrote to stdout.
 * @throws ClusterError with the last lines of stderr when it cannot start or ends with another code than 0.
 */
export function run(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const [file, ...args] = argv;
  if (file === undefined) throw new TypeError("a command needs a program");
  const { input, ...rest } = options;
  return new Promise((resolve, reject) => {
    const child = execFile(file, args, { ...rest, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const said = lastLines(stderr.trim() === "" ? error.message : stderr, 15);
      reject(new ClusterError(`${argv.join(" ")} failed:\n${said}`, { cause: error }));
    });
    // A program that ends without reading its input is no failure.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input ?? "");
  });
}

/** Like `run`, but a failure is the answer `undefined`: for asking whether something is there. */
export async function tryRun(argv: readonly string[]): Promise<string | undefined> {
  return run(argv).catch(() => undefined);
}
