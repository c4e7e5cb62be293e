import { setTimeout as delay } from "node:timers/promises";
import { readInside, SandboxFileError } from "../files/sandboxFile.ts";
import { STDERR, STDOUT } from "../sandbox/sandbox.ts";
import type { OutputResponse, OutputStream } from "./processio.ts";

/** What a process wrote last is there before its end is told; a moment more for reading it. */
const LAST_WORDS_MS = 1_000;

/** Sends what is appended to stdout and stderr of a folder, until `ended` resolves or the client leaves. */
export async function followOutput(
  folder: string,
  output: OutputResponse,
  ended: (signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const stop = new AbortController();
  output.closed.addEventListener("abort", () => stop.abort(), { once: true });
  const end = ended(stop.signal)
    .catch(() => {})
    .then(() => delay(LAST_WORDS_MS, undefined, { signal: stop.signal }))
    .catch(() => {})
    .then(() => stop.abort());
  try {
    await Promise.all([
      follow(folder, STDOUT, "STDOUT", output, stop.signal),
      follow(folder, STDERR, "STDERR", output, stop.signal),
      end,
    ]);
  } finally {
    stop.abort();
    output.end();
  }
}

async function follow(
  folder: string,
  file: string,
  stream: OutputStream,
  output: OutputResponse,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const chunk of readInside(folder, file, { tail: 0, follow: signal })) {
      await output.write(stream, chunk);
    }
  } catch (error) {
    // The task may have removed it.
    if (!(error instanceof SandboxFileError)) throw error;
  }
}
