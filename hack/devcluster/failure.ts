/** A failure a person can act on: its message says what happened and what to do. */
export class ClusterError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ClusterError";
  }
}

/** Runs a program of this folder: what a person can act on becomes a line on stderr and the exit code 1. */
export async function endWithMessage(running: Promise<unknown>): Promise<void> {
  try {
    await running;
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

/** The last `count` lines of a text, indented, for quoting a log in a message. */
export function lastLines(text: string, count: number): string {
  const lines = text.trimEnd().split("\n").slice(-count);
  return lines.map((line) => `    ${line}`).join("\n");
}
