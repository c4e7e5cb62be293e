/**
 * Processor time of the API server for one write of each kind, with nothing else on it. `npm run bench:writes`; JSON lines on stdout.
 * `--crds` names folders of definitions to compare, in turn, each on an API server of its own.
 */
import { parseArgs } from "node:util";
import { eachLimited } from "../../../src/controllers/limited.ts";
import { readCpuTimes } from "../cluster/cputime.ts";
import { round } from "../cluster/statistics.ts";
import { open, type Target } from "./target.ts";
import { makeWrites } from "./writes.ts";

const USAGE = `npm run bench:writes -- [flags]
  --crds DIR,…      definitions to compare (crds)
  --count N         writes of each kind (200)
  --alternations N  (3)`;

/** Writes at a time. */
const WIDTH = 8;

async function measure(
  target: Target,
  count: number,
  print: (write: string, ms: number) => void,
): Promise<void> {
  for (const { name, write } of makeWrites(target.connection)) {
    const all = Array.from({ length: count }, (_, index) => index);
    const before = readCpuTimes().get("apiserver") ?? 0;
    await eachLimited(all, WIDTH, async (index) => {
      await write(index);
    });
    print(name, ((readCpuTimes().get("apiserver") ?? 0) - before) / count);
  }
}

async function main(): Promise<void> {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: { crds: text, count: text, alternations: text, help: { type: "boolean", default: false } },
  });
  if (values.help) return console.log(USAGE);
  const count = Number(values.count ?? 200);
  const sums = new Map<string, Map<string, number[]>>();
  for (let alternation = 1; alternation <= Number(values.alternations ?? 3); alternation++) {
    for (const crds of (values.crds ?? "crds").split(",")) {
      const target = await open(crds);
      try {
        // The first ones compile rules and schemas.
        await measure(target, Math.ceil(count / 4), () => {});
        await measure(target, count, (write, ms) => {
          console.log(
            JSON.stringify({ bench: "writes", crds, alternation, write, apiserverMs: round(ms, 2) }),
          );
          const byWrite = sums.get(crds) ?? new Map<string, number[]>();
          sums.set(crds, byWrite);
          byWrite.set(write, [...(byWrite.get(write) ?? []), ms]);
        });
      } finally {
        await target.stop();
      }
    }
  }
  for (const [crds, byWrite] of sums) {
    const least = Array.from(byWrite, ([write, list]) => [write, round(Math.min(...list), 2)] as const);
    console.log(
      JSON.stringify({ bench: "writes-least", crds, count, apiserverMs: Object.fromEntries(least) }),
    );
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
