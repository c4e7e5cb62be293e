import { spawn } from "node:child_process";

export interface CommandResult {
  /** null when a signal ended it, the timeout's included. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const MAX_OUTPUT_BYTES = 1 << 20;

/** Runs a program of the node or the agent's image. Rejects only if it cannot be started. */
export function runCommand(
  argv: readonly string[],
  options: {
    readonly stdin?: string;
    readonly env: Readonly<Record<string, string>>;
    readonly timeoutMs: number;
  },
): Promise<CommandResult> {
  const [program = "", ...rest] = argv;
  const { promise, resolve, reject } = Promise.withResolvers<CommandResult>();
  const child = spawn(program, rest, {
    env: options.env,
    stdio: ["pipe", "pipe", "pipe"],
    timeout: options.timeoutMs,
    killSignal: "SIGKILL",
  });
  const collect = (stream: NodeJS.ReadableStream): (() => string) => {
    const parts: Buffer[] = [];
    let size = 0;
    stream.on("data", (part: Buffer) => {
      size += part.length;
      if (size <= MAX_OUTPUT_BYTES) parts.push(part);
    });
    return () => Buffer.concat(parts).toString("utf8");
  };
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  child.on("error", reject);
  child.on("close", (code) => resolve({ code, stdout: stdout(), stderr: stderr() }));
  // A program that does not read its input closes the pipe.
  child.stdin.on("error", () => {});
  child.stdin.end(options.stdin ?? "");
  return promise;
}
