import { parseArgs } from "node:util";
import { BenchError } from "./failure.ts";
import { wholeNumber } from "./wholenumber.ts";

export const BENCHES = ["launches", "pods", "failover"] as const;
export type BenchName = (typeof BENCHES)[number];

export interface Options {
  readonly agents: number;
  /** Of one measurement. */
  readonly tasks: number;
  readonly tasksPerOffer: readonly number[];
  readonly alternations: number;
  readonly only: ReadonlySet<BenchName>;
  /** Tasks that run all the time. */
  readonly existing: number;
  /** Tasks without an offer that no agent can hold. */
  readonly flood: number;
  /** Tasks for which each slot Pod keeps room: slot.minimum of the operator. */
  readonly warm: number;
  /** Of each client; 0: each its program's own default. */
  readonly qps: number;
  /** Launches, or Pods, at a time that are not bound yet. */
  readonly inFlight: number;
  /** Offers outstanding at a time; 0: enough for four times what is in flight. */
  readonly maxOffers: number;
  /** The operator's allocation.interval. */
  readonly interval: string;
  /** Seconds for which a task, or a Pod, runs. */
  readonly seconds: number;
  /** Seconds after the last task's end until what it cost is counted: its slot Pod is made smaller after fifteen, which is two writes. */
  readonly settle: number;
  /** Seconds between an agent's heartbeats. */
  readonly heartbeat: number;
  /** Folder for CPU profiles of the operator (.cpuprofile) and the API server (.pprof); absent: none. */
  readonly profile: string | undefined;
}

export const USAGE = `npm run bench:cluster -- [flags]
  --agents N            simulated nodes (1000)
  --tasks N             tasks, and Pods, of one measurement (twice the agents, 400 to 4000)
  --tasks-per-offer K,… tasks launched on one offer (1,10)
  --alternations N      rounds of: tasks for each K, then Pods (3)
  --only NAME,…         of ${BENCHES.join(", ")} (launches,pods)
  --existing N          tasks that run all the while (0)
  --flood N             tasks without an offer that fit nowhere, waiting all the while (0)
  --warm N              tasks for which each node's slot Pod keeps room, used or not: the operator's slot.minimum (0)
  --qps N               of the operator, kube-scheduler and every client, bursts of twice that; 0: their defaults (1000)
  --in-flight N         launches, or Pods, at a time that are not bound yet (64)
  --max-offers N        outstanding at a time (enough for four times what is in flight)
  --interval D          the operator's allocation.interval (1s)
  --seconds N           for which a task, or a Pod, runs (2)
  --settle N            seconds after the last task's end until what it cost is counted (16: slot Pods are made smaller after 15)
  --heartbeat N         seconds between the renewals of an agent's Lease (15)
  --profile DIR         write a CPU profile of each operator and, by measurement, of the API server there
One JSON line a measurement on stdout, progress on stderr.`;

const NUMBERS = {
  agents: 1000,
  tasks: 0,
  alternations: 3,
  existing: 0,
  flood: 0,
  warm: 0,
  qps: 1000,
  "in-flight": 64,
  "max-offers": 0,
  seconds: 2,
  settle: 16,
  heartbeat: 15,
} as const;
/** What makes no sense at 0. */
const POSITIVE: ReadonlySet<string> = new Set(["agents", "alternations", "in-flight", "heartbeat"]);

type NumberName = keyof typeof NUMBERS;

/** Undefined: the usage is asked for. Throws BenchError with what is wrong. */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parse(args);
  if (values.help) return undefined;
  const number = (name: NumberName): number =>
    wholeNumber(name, values[name], NUMBERS[name], POSITIVE.has(name) ? 1 : 0);
  const agents = number("agents");
  return {
    agents,
    tasks: number("tasks") || Math.min(4000, Math.max(400, 2 * agents)),
    tasksPerOffer: list(values["tasks-per-offer"] ?? "1,10").map(tasksPerOffer),
    alternations: number("alternations"),
    only: new Set(list(values.only ?? "launches,pods").map(benchName)),
    existing: number("existing"),
    flood: number("flood"),
    warm: number("warm"),
    qps: number("qps"),
    inFlight: number("in-flight"),
    maxOffers: number("max-offers"),
    interval: values.interval ?? "1s",
    seconds: number("seconds"),
    settle: number("settle"),
    heartbeat: number("heartbeat"),
    profile: values.profile,
  };
}

function parse(args: readonly string[]) {
  const text = { type: "string" } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        agents: text,
        tasks: text,
        "tasks-per-offer": text,
        alternations: text,
        only: text,
        existing: text,
        flood: text,
        warm: text,
        qps: text,
        "in-flight": text,
        "max-offers": text,
        interval: text,
        seconds: text,
        settle: text,
        heartbeat: text,
        profile: text,
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (cause) {
    throw new BenchError(`${cause instanceof Error ? cause.message : cause}\n${USAGE}`, { cause });
  }
}

const list = (text: string): string[] => text.split(",").filter((item) => item !== "");

function benchName(text: string): BenchName {
  const name = BENCHES.find((one) => one === text);
  if (name === undefined) throw new BenchError(`--only knows ${BENCHES.join(", ")}, not ${text}`);
  return name;
}

/** The API takes no more in one operation. */
const MOST_TASKS = 32;

function tasksPerOffer(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= MOST_TASKS) return value;
  throw new BenchError(`--tasks-per-offer takes numbers from 1 to ${MOST_TASKS}, not ${text}`);
}
