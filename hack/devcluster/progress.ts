/** Receives one line for a person to read. */
export type Say = (line: string) => void;

/** Progress goes to stderr, so that stdout stays for what a command was asked to print. */
export const sayToTerminal: Say = (line) => {
  process.stderr.write(process.stderr.isTTY ? `\x1b[1m==>\x1b[0m ${line}\n` : `==> ${line}\n`);
};

const BEAT_MS = 30_000;

/**
 * Runs a step and says when it ended and how long it took; a step longer than half a minute says that it still runs.
 * A step under `quietMs` says nothing.
 */
export async function step<T>(say: Say, title: string, run: () => Promise<T>, quietMs = 0): Promise<T> {
  const begin = performance.now();
  const seconds = () => ((performance.now() - begin) / 1000).toFixed(1);
  const beat = setInterval(() => say(`${title} … ${seconds()} s`), BEAT_MS);
  try {
    const result = await run();
    if (performance.now() - begin >= quietMs) say(`${title}: ${seconds()} s`);
    return result;
  } finally {
    clearInterval(beat);
  }
}
