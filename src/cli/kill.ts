import { executorHasEnded } from "../api/executor.ts";
import type { TaskStatus } from "../api/task.ts";
import { hasEnded } from "../api/taskstate.ts";
import { type CliContext, CliError } from "./context.ts";
import { parseTarget } from "./target.ts";

export interface KillOptions {
  readonly grace?: string;
  readonly wait?: boolean;
}

/** `kill TASK`, `kill executor/NAME`: asks the agent to end it; with `wait`, until its end is reported. */
export function kill(context: CliContext, text: string, options: KillOptions): Promise<void> {
  const { kind, name } = parseTarget(text);
  return kind === "task" ? killTask(context, name, options) : shutDown(context, name, options);
}

/** With all its tasks, as Mesos's SHUTDOWN. */
async function shutDown(context: CliContext, name: string, { grace, wait }: KillOptions): Promise<void> {
  if (grace !== undefined)
    throw new CliError("an executor has a grace period of its own: --grace is for tasks");
  const { executors } = context.kinds;
  const ref = { name, namespace: context.namespace };
  const what = `executor ${context.namespace}/${name}`;
  const executor = await context.found(what, executors.get(ref));
  if (executorHasEnded(executor.status)) {
    context.write(`${what} has ended already\n`);
    return;
  }
  if (executor.spec.shutdown === undefined) {
    const patch = { spec: { shutdown: {} } };
    await context.found(what, executors.mergePatch(ref, patch, { fieldManager: "kubectl-mesos" }));
  }
  if (wait !== true) {
    context.write(`${what} is told to shut down, with its tasks\n`);
    return;
  }
  while (!executorHasEnded((await context.found(what, executors.get(ref))).status)) await pause();
  context.write(`${what} ended\n`);
}

async function killTask(context: CliContext, name: string, options: KillOptions): Promise<void> {
  const { tasks } = context.kinds;
  const ref = { name, namespace: context.namespace };
  const what = `task ${context.namespace}/${name}`;
  const task = await context.found(what, tasks.get(ref));
  if (hasEnded(task.status)) {
    context.write(`${what} has ended already: ${task.status?.state}\n`);
    return;
  }
  if (task.spec.kill === undefined) {
    const kill = options.grace === undefined ? {} : { gracePeriod: options.grace };
    await context.found(what, tasks.mergePatch(ref, { spec: { kill } }, { fieldManager: "kubectl-mesos" }));
  }
  if (options.wait !== true) {
    context.write(`${what} ${prospect(task.status)}\n`);
    return;
  }
  for (;;) {
    const now = await context.found(what, tasks.get(ref));
    if (hasEnded(now.status)) {
      context.write(`${what} ended: ${now.status?.state}\n`);
      return;
    }
    await pause();
  }
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 500));

/** What becomes of a task that is killed: one that is out of reach, be it TASK_LOST, goes on until its agent hears of it. */
export const prospect = (status: TaskStatus | undefined): string =>
  status?.unreachableSince === undefined
    ? "is told to end"
    : "is out of reach: it is told to end once its agent is back";
