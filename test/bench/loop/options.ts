import { parseArgs } from "node:util";
import { wholeNumber } from "../cluster/wholenumber.ts";

export interface Options {
  readonly agents: number;
  /** Running from the beginning. */
  readonly tasks: number;
  /** Of the load. */
  readonly seconds: number;
  readonly frameworks: number;
  /** Folder for CPU profiles of the operator; absent: none. */
  readonly profile: string | undefined;
  /** Of the operator's Node. */
  readonly nodeOptions: string;
  readonly failover: boolean;
}

/** What the chart sets: docs/operating.md. */
const NODE_OPTIONS = "--max-old-space-size=768 --max-semi-space-size=8";

export const USAGE = `npm run bench:loop -- [flags]
  --agents N            simulated nodes (5000)
  --tasks N             that run all the while (10000)
  --seconds N           of load (40)
  --frameworks N        that decline, and launch, through the gateway (20)
  --no-failover         leave out a standby and a program that takes over cold
  --node-options TEXT   of the operator (${NODE_OPTIONS})
  --profile DIR         write a CPU profile of each operator there, and name what ran in the longest turns
One JSON line a measurement on stdout, progress on stderr.`;

/** Undefined: the usage is asked for. */
export function readOptions(args: readonly string[]): Options | undefined {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ agents: text, tasks: text, seconds: text, frameworks: text, profile: text },
      "node-options": text,
      "no-failover": { type: "boolean", default: false },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return undefined;
  return {
    agents: wholeNumber("agents", values.agents, 5000, 1),
    tasks: wholeNumber("tasks", values.tasks, 10_000, 0),
    seconds: wholeNumber("seconds", values.seconds, 40, 1),
    frameworks: wholeNumber("frameworks", values.frameworks, 20, 1),
    profile: values.profile,
    nodeOptions: values["node-options"] ?? NODE_OPTIONS,
    failover: !values["no-failover"],
  };
}
