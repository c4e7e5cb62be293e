import type { TaskStatus } from "../api/task.ts";
import { hasEnded } from "../api/taskstate.ts";
import type { CliContext } from "./context.ts";

/** `kill TASK`: asks the agent to end it; with `wait`, until its end is reported. */
export async function kill(
  context: CliContext,
  name: string,
  options: { readonly grace?: string; readonly wait?: boolean },
): Promise<void> {
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
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** What becomes of a task that is killed: one that is out of reach, be it TASK_LOST, goes on until its agent hears of it. */
export const prospect = (status: TaskStatus | undefined): string =>
  status?.unreachableSince === undefined
    ? "is told to end"
    : "is out of reach: it is told to end once its agent is back";
