import { parseArgs } from "node:util";
import { BenchError } from "../cluster/failure.ts";
import { wholeNumber } from "../cluster/wholenumber.ts";

export interface Options {
  /** Subscribed frameworks: half of them speak JSON, half protobuf. */
  readonly frameworks: number;
  readonly agents: number;
  /** For which offers are counted. */
  readonly seconds: number;
  /** Launched in all. */
  readonly tasks: number;
  readonly tasksPerOffer: number;
  /** Tasks at a time that were accepted and do not run yet. */
  readonly inFlight: number;
  /** The operator's allocation.interval. */
  readonly interval: string;
  /** Folder for a CPU profile of the operator; absent: none. */
  readonly profile: string | undefined;
}

export const USAGE = `npm run bench:gateway -- [flags]
  --frameworks N      subscribed to one gateway, half of them in JSON, half in protobuf (200)
  --agents N          simulated nodes (200)
  --seconds N         for which offers are counted (20)
  --tasks N           launched in all by ACCEPT (400)
  --tasks-per-offer N launched by one ACCEPT (1)
  --in-flight N       tasks at a time that were accepted and do not run yet (8)
  --interval D        the operator's allocation.interval (1s)
  --profile DIR       write a CPU profile of the operator there
One JSON line a measurement on stdout, progress on stderr.`;

const NUMBERS = {
  frameworks: 200,
  agents: 200,
  seconds: 20,
  tasks: 400,
  "tasks-per-offer": 1,
  "in-flight": 8,
} as const;

const text = { type: "string" } as const;
const FLAGS = {
  frameworks: text,
  agents: text,
  seconds: text,
  tasks: text,
  "tasks-per-offer": text,
  "in-flight": text,
  interval: text,
  profile: text,
  help: { type: "boolean", short: "h" },
} as const;

/** Undefined: the usage is asked for. Throws BenchError with what is wrong. */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parse(args);
  if (values.help) return undefined;
  const number = (name: keyof typeof NUMBERS) => wholeNumber(name, values[name], NUMBERS[name], 1);
  return {
    frameworks: number("frameworks"),
    agents: number("agents"),
    seconds: number("seconds"),
    tasks: number("tasks"),
    tasksPerOffer: number("tasks-per-offer"),
    inFlight: number("in-flight"),
    interval: values.interval ?? "1s",
    profile: values.profile,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: FLAGS });
  } catch (cause) {
    throw new BenchError(`${cause instanceof Error ? cause.message : cause}\n${USAGE}`, { cause });
  }
}
