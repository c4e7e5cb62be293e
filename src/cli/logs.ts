import { setTimeout as delay } from "node:timers/promises";
import { type Executor, executorHasEnded } from "../api/executor.ts";
import type { Task } from "../api/task.ts";
import { hasEnded } from "../api/taskstate.ts";
import { execOnAgent } from "./agentexec.ts";
import { type CliContext, CliError } from "./context.ts";
import { parseTarget, type Target } from "./target.ts";

export interface LogsOptions {
  readonly follow?: boolean;
  readonly stderr?: boolean;
  readonly file?: string;
  readonly tail?: number;
}

const READER = "/app/files.js";
/** What a task wrote last is there before its end is reported; a moment more for the way here. */
const LAST_WORDS_MS = 1_000;

/** Whose output is asked for. */
export interface Writer {
  readonly what: string;
  readonly agent: string;
  readonly sandbox: string;
  readonly ended: boolean;
}

/** `logs TASK`, `logs executor/NAME`: a file of its sandbox, read by the agent of its node; with `follow`, until it has ended. */
export async function logs(context: CliContext, text: string, options: LogsOptions): Promise<void> {
  const target = parseTarget(text);
  const writer = await find(context, target);
  if (options.tail !== undefined && !(options.tail >= 0))
    throw new CliError("--tail takes a number of bytes");
  const file = options.file ?? (options.stderr === true ? "stderr" : "stdout");
  const argv = ["node", READER, writer.sandbox, file];
  if (options.tail !== undefined) argv.push("--tail", String(options.tail));
  const follow = options.follow === true && !writer.ended;
  if (follow) argv.push("--follow");
  const stop = new AbortController();
  const reading = execOnAgent(
    context,
    writer.agent,
    argv,
    (chunk) => context.write(chunk),
    stop.signal,
  ).finally(() => stop.abort());
  if (follow) {
    while (!stop.signal.aborted) {
      await delay(1_000, undefined, { signal: stop.signal }).catch(() => {});
      if (!stop.signal.aborted && (await find(context, target)).ended) {
        await delay(LAST_WORDS_MS);
        stop.abort();
      }
    }
  }
  await reading;
}

async function find(context: CliContext, { kind, name }: Target): Promise<Writer> {
  const { namespace } = context;
  const { executors, tasks } = context.kinds;
  const executorOf = (of: string) =>
    context.found(`executor ${namespace}/${of}`, executors.get({ name: of, namespace }));
  if (kind === "executor") return writerOf(`executor ${namespace}/${name}`, await executorOf(name));
  const what = `task ${namespace}/${name}`;
  const task = await context.found(what, tasks.get({ name, namespace }));
  // Its executor's program runs it, and writes for it.
  const shares = task.status?.container?.sandbox === undefined && task.spec.executor !== undefined;
  return writerOf(what, task, shares ? await executorOf(task.spec.executor?.name ?? "") : undefined);
}

/** A task without a sandbox of its own has that of the executor that runs it. Throws CliError. */
export function writerOf(what: string, one: Task | Executor, executor?: Executor): Writer {
  const { agent } = one.spec;
  if (agent === undefined) {
    throw new CliError(`${what} is not placed yet: try 'kubectl mesos explain ${one.metadata.name}'`);
  }
  const { state } = one.status ?? {};
  const sandbox = one.status?.container?.sandbox ?? executor?.status?.container?.sandbox;
  if (sandbox === undefined) {
    const now = state ?? (one.kind === "Executor" ? "Pending" : "TASK_STAGING");
    throw new CliError(`${what} has no sandbox: it is ${now} on ${agent}`);
  }
  const ended =
    one.kind === "Executor" ? executorHasEnded((one as Executor).status) : hasEnded((one as Task).status);
  return { what, agent, sandbox, ended };
}
