import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const PROGRAM = join(import.meta.dirname, "../../bench/events/main.ts");
const run = promisify(execFile);

interface Line {
  readonly bench: string;
  readonly events?: number;
  readonly launched?: number;
  readonly heapMiB?: number;
  readonly bytesPerEvent?: number;
}

async function bench(...flags: string[]): Promise<Line[]> {
  const { stdout } = await run(process.execPath, ["--expose-gc", PROGRAM, "--agents", "50", ...flags]);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
}

/** Numbers of a busy machine are not judged, but for the heap: nothing of an event stays. */
it("bench:events tells the heap after each tenth of the events, and its slope", async () => {
  const lines = await bench("--events", "20000");
  const heaps = lines.filter((line) => line.bench === "heap");
  expect(heaps).toHaveLength(11);
  expect(heaps.at(-1)?.events).toBeGreaterThanOrEqual(20_000);
  expect(heaps.at(-1)?.launched).toBeGreaterThan(1_000);
  expect((heaps.at(-1)?.heapMiB ?? Number.NaN) - (heaps[1]?.heapMiB ?? 0)).toBeLessThan(10);
  expect(lines.at(-1)).toMatchObject({ bench: "heap-slope", bytesPerEvent: expect.any(Number) });
}, 180_000);

it("bench:events tells how long the event loop is held up at a rate of events", async () => {
  const [line] = await bench("--rate", "500", "--seconds", "2");
  expect(line).toMatchObject({
    bench: "loop",
    delayMs: { max: expect.any(Number) },
    turnCpuMs: { above50: expect.any(Number) },
  });
  expect(line?.events).toBeGreaterThan(500);
}, 60_000);
