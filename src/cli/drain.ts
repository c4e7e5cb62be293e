import { type CliContext, CliError } from "./context.ts";

/** `drain AGENT`: no new offers, its tasks killed with their grace; with `wait`, until it is drained. */
export async function drain(
  context: CliContext,
  name: string,
  options: {
    readonly grace?: string;
    readonly markGone?: boolean;
    readonly wait?: boolean;
    readonly timeout: number;
  },
): Promise<void> {
  const { agents } = context.kinds;
  const draining = {
    markGone: options.markGone === true,
    ...(options.grace === undefined ? {} : { grace: options.grace }),
  };
  const patch = { spec: { draining } };
  await context.found(`agent ${name}`, agents.mergePatch({ name }, patch, { fieldManager: "kubectl-mesos" }));
  if (options.wait !== true) {
    context.write(`agent ${name} is draining\n`);
    return;
  }
  const deadline = Date.now() + options.timeout * 1000;
  for (;;) {
    const agent = await context.found(`agent ${name}`, agents.get({ name }));
    if (agent.status?.draining === "DRAINED") {
      context.write(`agent ${name} is drained\n`);
      return;
    }
    if (Date.now() > deadline) {
      throw new CliError(
        `agent ${name} is not drained after ${options.timeout} s: ${agent.status?.tasks ?? 0} tasks are left`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** `reactivate AGENT`: offers of a drained or deactivated agent again. */
export async function reactivate(context: CliContext, name: string): Promise<void> {
  const patch = { spec: { draining: null, unschedulable: false } };
  await context.found(
    `agent ${name}`,
    context.kinds.agents.mergePatch({ name }, patch, { fieldManager: "kubectl-mesos" }),
  );
  context.write(`agent ${name} is reactivated\n`);
}
