/**
 * `npm run bench:state`: offers flow to frameworks that decline them, with and without pollers of /state, by turns. One JSON line a phase,
 * at last the ratios of the medians. The pollers are a process of their own; the cluster is made up, in this process.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Leader } from "./state/leader.ts";
import { LoopWatch } from "./state/loop.ts";
import { clusterOf } from "./state/objects.ts";

const { values } = parseArgs({
  options: {
    agents: { type: "string", default: "5000" },
    tasks: { type: "string", default: "10000" },
    frameworks: { type: "string", default: "2" },
    refuse: { type: "string", default: "5s" },
    pollers: { type: "string", default: "50" },
    every: { type: "string", default: "10" },
    seconds: { type: "string", default: "20" },
    alternations: { type: "string", default: "3" },
    gzip: { type: "boolean", default: false },
  },
});
const number = (name: Exclude<keyof typeof values, "gzip" | "refuse">): number => {
  const value = Number(values[name]);
  if (value > 0) return value;
  throw new RangeError(`--${name} is a number above 0, not '${values[name]}'`);
};
const [agents, tasks, frameworks] = [number("agents"), number("tasks"), number("frameworks")];
const [pollers, every, seconds] = [number("pollers"), number("every"), number("seconds")];

type Phase = { readonly offersPerSecond: number } & ReturnType<LoopWatch["end"]>;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const print = (object: object): void => console.log(JSON.stringify(object));

async function watch(leader: Leader): Promise<Phase> {
  const [offers, start] = [leader.offers, performance.now()];
  const loop = new LoopWatch();
  await pause(seconds * 1000);
  const rate = ((leader.offers - offers) * 1000) / (performance.now() - start);
  return { offersPerSecond: Math.round(rate), ...loop.end() };
}

/** With pollers, and what they say in the end. */
async function watchPolled(leader: Leader, port: number): Promise<Phase & { readonly polls: unknown }> {
  const program = join(import.meta.dirname, "state/pollers.ts");
  const args = [program, port, pollers, every, values.gzip ? 1 : 0].map(String);
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  // Until the first of them are under way.
  await pause(1_000);
  const phase = await watch(leader);
  child.kill("SIGTERM");
  await ended;
  return { ...phase, polls: JSON.parse(said) };
}

const median = (list: readonly number[]): number =>
  [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;

const { leader, port } = await Leader.start(clusterOf(agents, tasks, frameworks), values.refuse);
print({
  bench: "state",
  agents,
  tasks,
  frameworks,
  refuse: values.refuse,
  pollers,
  every,
  gzip: values.gzip,
});
await pause(5_000);
const [alone, polled]: [Phase[], Phase[]] = [[], []];
for (let alternation = 1; alternation <= number("alternations"); alternation++) {
  const without = await watch(leader);
  alone.push(without);
  print({ alternation, pollers: 0, ...without });
  const together = await watchPolled(leader, port);
  polled.push(together);
  print({ alternation, pollers, ...together });
}
const ratio = (of: keyof Phase): number =>
  Math.round((median(polled.map((one) => one[of])) / median(alone.map((one) => one[of]))) * 100) / 100;
print({
  ratios: "polled over alone",
  offersPerSecond: ratio("offersPerSecond"),
  delayP99: ratio("delayP99Ms"),
  turnCpuP99: ratio("turnCpuP99Ms"),
  turnCpuMax: ratio("turnCpuMaxMs"),
});
await leader.stop();
process.exit(0);
