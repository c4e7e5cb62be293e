/**
 * The allocator under the workloads of Mesos's own benchmarks, one JSON line a measurement on stdout; what is done is said on
 * stderr. `npm run bench:allocator -- --agents 10000 --frameworks 1000 --only DeclineOffers --rounds 20`.
 */
import { parseArgs } from "node:util";
import { type Bench, type Measurement, rssMiB, type Size, tenth } from "./allocator/bench.ts";
import { workloads } from "./allocator/workloads.ts";

const { values } = parseArgs({
  options: {
    agents: { type: "string", default: "1000" },
    frameworks: { type: "string", default: "50" },
    only: { type: "string" },
    rounds: { type: "string" },
    sorter: { type: "string", default: "drf" },
    seeded: { type: "boolean", default: false },
    storm: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  console.error(
    "--agents N[,N]  1 to 50000 (default 1000)\n--frameworks N[,N]  1 to 6000 (default 50)\n--only NAME[,NAME]\n--rounds N\n" +
      "--sorter drf|random\n--seeded  DeclineOffers with half of all pairs declined\n--storm  DeclineOffers with a revive of all at the end\n",
  );
  for (const { name, about } of workloads) console.error(`${name}: ${about}`);
  process.exit(0);
}

const numbers = (text: string, least: number, most: number): number[] =>
  text.split(",").map((word) => {
    const number = Number(word);
    if (Number.isInteger(number) && number >= least && number <= most) return number;
    throw new RangeError(`'${word}' is not a whole number of ${least} to ${most}`);
  });

const chosen = values.only?.split(",");
const unknown = chosen?.find((name) => !workloads.some((workload) => workload.name === name));
if (unknown !== undefined) throw new RangeError(`there is no workload '${unknown}'; --help lists them`);
if (values.sorter !== "drf" && values.sorter !== "random") throw new RangeError("--sorter is drf or random");
const { sorter, seeded, storm } = values;
const rounds = values.rounds === undefined ? undefined : numbers(values.rounds, 1, 1_000_000)[0];

for (const workload of workloads) {
  if (chosen !== undefined && !chosen.includes(workload.name)) continue;
  for (const agents of numbers(values.agents, 1, 50_000)) {
    for (const frameworks of numbers(values.frameworks, 1, 6_000)) {
      measure(workload.name, { agents, frameworks, rounds, sorter, seeded, storm });
    }
  }
}

function measure(name: string, size: Size): void {
  const workload = workloads.find((one) => one.name === name);
  if (workload === undefined) return;
  console.error(`${name}: ${workload.about}`);
  console.error(`  ${size.agents} agents, ${size.frameworks} frameworks, sorter ${size.sorter}`);
  const times: number[] = [];
  workload.run(size, (measurement: Measurement, bench: Bench) => {
    const { round, ms, offers, more } = measurement;
    times.push(ms);
    const { agents, frameworks, filters, filterBytes } = bench.engine.size();
    const line = { bench: name, agents, frameworks, roles: bench.roles, sorter: size.sorter, round };
    const counts = { ms: tenth(ms), offers, filtered: filters, rssMiB: rssMiB() };
    console.log(JSON.stringify({ ...line, ...counts, filterBytes, ...more }));
  });
  times.sort((a, b) => a - b);
  const [median, most] = [times[Math.floor(times.length / 2)] ?? 0, times.at(-1) ?? 0];
  console.error(`  median ${tenth(median)} ms, slowest ${tenth(most)} ms of ${times.length}`);
}
