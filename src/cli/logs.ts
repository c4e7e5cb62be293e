import { setTimeout as delay } from "node:timers/promises";
import { hasEnded } from "../api/taskstate.ts";
import { execOnAgent } from "./agentexec.ts";
import { type CliContext, CliError } from "./context.ts";

export interface LogsOptions {
  readonly follow?: boolean;
  readonly stderr?: boolean;
  readonly file?: string;
  readonly tail?: number;
}

const READER = "/app/files.js";
/** What a task wrote last is there before its end is reported; a moment more for the way here. */
const LAST_WORDS_MS = 1_000;

/** `logs TASK`: a file of its sandbox, read by the agent of its node; with `follow`, until the task has ended. */
export async function logs(context: CliContext, name: string, options: LogsOptions): Promise<void> {
  const ref = { name, namespace: context.namespace };
  const what = `task ${context.namespace}/${name}`;
  const { tasks } = context.kinds;
  const task = await context.found(what, tasks.get(ref));
  const sandbox = task.status?.container?.sandbox;
  if (task.spec.agent === undefined)
    throw new CliError(`${what} is not placed yet: try 'kubectl mesos explain ${name}'`);
  if (sandbox === undefined) {
    throw new CliError(
      `${what} has no sandbox: it is ${task.status?.state ?? "TASK_STAGING"} on ${task.spec.agent}`,
    );
  }
  if (options.tail !== undefined && !(options.tail >= 0))
    throw new CliError("--tail takes a number of bytes");
  const file = options.file ?? (options.stderr === true ? "stderr" : "stdout");
  const argv = ["node", READER, sandbox, file];
  if (options.tail !== undefined) argv.push("--tail", String(options.tail));
  const follow = options.follow === true && !hasEnded(task.status);
  if (follow) argv.push("--follow");
  const stop = new AbortController();
  const reading = execOnAgent(
    context,
    task.spec.agent,
    argv,
    (chunk) => context.write(chunk),
    stop.signal,
  ).finally(() => stop.abort());
  if (follow) {
    while (!stop.signal.aborted) {
      await delay(1_000, undefined, { signal: stop.signal }).catch(() => {});
      if (!stop.signal.aborted && hasEnded((await context.found(what, tasks.get(ref))).status)) {
        await delay(LAST_WORDS_MS);
        stop.abort();
      }
    }
  }
  await reading;
}
