import type { Agent } from "../api/agent.ts";
import { DurationError, durationMs } from "../api/duration.ts";
import { hasEnded } from "../api/taskstate.ts";
import { type CliContext, CliError } from "./context.ts";
import { age, table } from "./table.ts";

export interface MaintenanceOptions {
  /** RFC 3339, `now`, or so long from now: `+30m`. */
  readonly start?: string;
  readonly duration?: string;
  readonly clear?: boolean;
}

/** `maintenance AGENT`: plans it, withdraws it, or without options shows how it stands and what frameworks answered. */
export async function maintenance(
  context: CliContext,
  name: string,
  options: MaintenanceOptions,
): Promise<void> {
  const now = new Date();
  const patch = patchOf(options, now);
  if (patch === undefined) {
    context.write(await standing(context, name, now));
    return;
  }
  const call = context.kinds.agents.mergePatch({ name }, { spec: patch }, { fieldManager: "kubectl-mesos" });
  const { spec } = await context.found(`agent ${name}`, call);
  const words =
    spec.maintenance === undefined
      ? "no maintenance is planned any more"
      : `maintenance is planned from ${windowText(spec.maintenance)}`;
  context.write(`agent ${name}: ${words}\n`);
}

/** What of spec the options change; undefined: nothing. */
export function patchOf(options: MaintenanceOptions, now: Date): { maintenance: object | null } | undefined {
  const { start, duration, clear } = options;
  if (clear === true) {
    if (start !== undefined || duration !== undefined)
      throw new CliError("--clear goes without --start and --duration");
    return { maintenance: null };
  }
  if (start === undefined) {
    if (duration !== undefined) throw new CliError("--duration needs --start: a time, now, or +30m");
    return undefined;
  }
  return { maintenance: { start: startTime(start, now), duration: duration ?? null } };
}

function startTime(text: string, now: Date): string {
  try {
    if (text === "now") return seconds(now.getTime());
    if (text.startsWith("+")) return seconds(now.getTime() + durationMs(text.slice(1)));
  } catch (cause) {
    if (cause instanceof DurationError) throw new CliError(cause.message, { cause });
    throw cause;
  }
  if (Number.isNaN(Date.parse(text)))
    throw new CliError(`"${text}" is no time: write 2026-01-31T22:00:00Z, now, or +30m`);
  return text;
}

const seconds = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

const windowText = ({ start, duration }: NonNullable<Agent["spec"]["maintenance"]>): string =>
  `${start}${duration === undefined ? " for good" : ` for ${duration}`}`;

async function standing(context: CliContext, name: string, now: Date): Promise<string> {
  const agent = await context.found(`agent ${name}`, context.kinds.agents.get({ name }));
  const { maintenance: window } = agent.spec;
  if (window === undefined) return `agent ${name}: no maintenance is planned\n`;
  const { items } = await context.kinds.tasks.list({ fieldSelector: `spec.agent=${name}` });
  const left = Map.groupBy(
    items.filter(({ status }) => !hasEnded(status)),
    ({ metadata, spec }) => `${metadata.namespace ?? ""}/${spec.framework ?? ""}`,
  );
  return describe(agent, new Map([...left].map(([key, tasks]) => [key, tasks.length])), now);
}

/** The status view. `tasks`: how many have not ended, by "namespace/framework", of built-in ones by "namespace/". */
export function describe(agent: Agent, tasks: ReadonlyMap<string, number>, now: Date): string {
  const { spec, status } = agent;
  if (spec.maintenance === undefined) return "";
  const phase = status?.maintenance?.phase ?? "not looked at by the operator yet";
  const head = `Maintenance: ${windowText(spec.maintenance)}\nPhase:       ${phase}\n`;
  const asked = status?.maintenance?.frameworks ?? [];
  const known = new Set(asked.map(({ namespace, framework }) => `${namespace}/${framework}`));
  const rows = [
    ...asked.map(({ namespace, framework, response, at }) => [
      namespace,
      framework,
      response,
      age(at, now),
      String(tasks.get(`${namespace}/${framework}`) ?? 0),
    ]),
    ...[...tasks]
      .filter(([key]) => !known.has(key))
      .map(([key, count]) => {
        const [namespace = "", framework = ""] = key.split("/");
        return [namespace, framework === "" ? "(built-in)" : framework, "", "", String(count)];
      }),
  ];
  if (rows.length === 0) return `${head}No framework runs tasks there.\n`;
  return `${head}\n${table(["NAMESPACE", "FRAMEWORK", "RESPONSE", "AGO", "TASKS"], rows)}`;
}
