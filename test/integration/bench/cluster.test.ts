import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";

const PROGRAM = join(import.meta.dirname, "../../bench/cluster/main.ts");
const run = promisify(execFile);

interface Line {
  readonly bench: string;
  readonly tasks?: number;
  readonly tasksPerOffer?: number;
  readonly launchesPerSecond?: number;
  readonly boundP50ms?: number;
  readonly p50ms?: number;
  readonly p99ms?: number;
  readonly writesPerLaunch?: number;
  readonly writes?: Readonly<Record<string, number>>;
  readonly rateRatio?: number;
}

const AGENTS = 200;
const TASKS = 60;

/** What a benchmark of so many agents prints; numbers of a busy machine are not judged. */
describe(`bench:cluster at ${AGENTS} agents`, () => {
  let lines: Line[];
  const one = (bench: string): Line => {
    const found = lines.find((line) => line.bench === bench);
    if (found === undefined) throw new Error(`no line of ${bench}`);
    return found;
  };

  beforeAll(async () => {
    const sizes = ["--agents", String(AGENTS), "--tasks", String(TASKS), "--tasks-per-offer", "10"];
    const times = ["--alternations", "1", "--seconds", "0", "--settle", "0"];
    const { stdout } = await run(process.execPath, [PROGRAM, ...sizes, ...times]);
    lines = stdout
      .trimEnd()
      .split("\n")
      .map((text) => JSON.parse(text) as Line);
  }, 300_000);

  it("launches every task on offers and tells what each costs the API server", () => {
    const { tasks, tasksPerOffer, writes = {}, ...launches } = one("launches");
    expect({ tasks, tasksPerOffer }).toEqual({ tasks: TASKS, tasksPerOffer: 10 });
    expect(launches.launchesPerSecond).toBeGreaterThan(0);
    expect(launches.boundP50ms).toBeLessThanOrEqual(launches.p50ms ?? 0);
    expect(launches.p50ms).toBeLessThanOrEqual(launches.p99ms ?? 0);
    // An agent tells of each task that it starts, runs and has ended; ten share an offer.
    expect(writes).toMatchObject({ "POST tasks": 1, "PUT tasks/status": 3, "PUT offers/status": 0.1 });
    expect(launches.writesPerLaunch).toBeLessThan(12);
  });

  it("has kube-scheduler bind as many Pods on the same nodes", () => {
    const { tasks, writes } = one("pods");
    expect(tasks).toBe(TASKS);
    expect(writes).toMatchObject({ "POST pods": 1, "POST pods/binding": 1, "PATCH pods/status": 2 });
  });

  it("sums up with ratios", () => {
    expect(one("summary").rateRatio).toBeGreaterThan(0);
  });
});

describe.each([
  ["bench:cluster", PROGRAM],
  ["bench:gateway", join(import.meta.dirname, "../../bench/gateway/main.ts")],
])("%s", (name, program) => {
  it("says in a sentence what is wrong with its flags", async () => {
    const wrong = run(process.execPath, [program, "--agents", "many"]);
    await expect(wrong).rejects.toMatchObject({
      code: 1,
      stderr: `${name}: --agents is a whole number above 0, not many\n`,
    });
  });
});
