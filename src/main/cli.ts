#!/usr/bin/env node
import { Command } from "commander";
import { CliContext, CliError, type GlobalOptions } from "../cli/context.ts";
import { drain, reactivate } from "../cli/drain.ts";
import { explain } from "../cli/explain.ts";
import { get } from "../cli/get.ts";
import { kill } from "../cli/kill.ts";
import { logs } from "../cli/logs.ts";
import { maintenance } from "../cli/maintenance.ts";

const write = (text: string | Uint8Array): void => void process.stdout.write(text);

const program = new Command("kubectl-mesos")
  .description("See and steer Mesos tasks, offers and agents on Kubernetes.")
  .option("-n, --namespace <name>", "namespace of frameworks, offers and tasks")
  .option("-A, --all-namespaces", "look in every namespace")
  .option("--kubeconfig <path>", "kubeconfig to use")
  .option("--context <name>", "context of the kubeconfig")
  .option("--operator-namespace <name>", "namespace of the operator", "mesos-system");

async function inCluster(run: (context: CliContext) => Promise<void>): Promise<void> {
  const context = await CliContext.open(program.opts<GlobalOptions>(), write);
  try {
    await run(context);
  } finally {
    context.connection.close();
  }
}

program
  .command("get <kind>")
  .description("list agents, executors, frameworks, offers, roles or tasks, with resources in Mesos's form")
  .action((kind: string) => inCluster((context) => get(context, kind)));

program
  .command("explain <task>")
  .description("why a task is where it is, or executor/NAME: placement, what it holds, history, events")
  .action((name: string) => inCluster((context) => explain(context, name)));

program
  .command("logs <task>")
  .description("print what a task, or executor/NAME, wrote")
  .option("-f, --follow", "go on until it ends")
  .option("--stderr", "its stderr instead of its stdout")
  .option("--file <path>", "another file of its sandbox")
  .option("--tail <bytes>", "only the last bytes", Number)
  .action((name: string, options) => inCluster((context) => logs(context, name, options)));

program
  .command("kill <task>")
  .description("end a task: SIGTERM, the grace period, SIGKILL; executor/NAME shuts down with its tasks")
  .option("--grace <duration>", "instead of the kill policy's, for example 10s")
  .option("--wait", "until its end is reported")
  .action((name: string, options) => inCluster((context) => kill(context, name, options)));

program
  .command("drain <agent>")
  .description("kill the tasks of an agent and offer nothing of it")
  .option("--grace <duration>", "longest grace period of a kill")
  .option("--mark-gone", "tell frameworks that the agent is gone for good once drained")
  .option("--wait", "until it is drained")
  .option("--timeout <seconds>", "how long to wait", Number, 600)
  .action((name: string, options) => inCluster((context) => drain(context, name, options)));

program
  .command("reactivate <agent>")
  .description("offer the resources of a drained agent again")
  .action((name: string) => inCluster((context) => reactivate(context, name)));

program
  .command("maintenance <agent>")
  .description("plan maintenance of an agent, withdraw it, or show what frameworks answered")
  .option("--start <time>", "when it starts: 2026-01-31T22:00:00Z, now, or +30m from now")
  .option("--duration <duration>", "how long it lasts; without it: for good")
  .option("--clear", "no maintenance is planned any more")
  .action((name: string, options) => inCluster((context) => maintenance(context, name, options)));

program.parseAsync().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${error instanceof CliError ? "" : "error: "}${message}\n`);
  process.exitCode = 1;
});
