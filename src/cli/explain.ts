import { type Executor, executorHasEnded } from "../api/executor.ts";
import type { Task } from "../api/task.ts";
import { hasEnded } from "../api/taskstate.ts";
import { findCondition } from "../cluster/conditions.ts";
import { events } from "../cluster/core.ts";
import { isNotFound } from "../cluster/errors.ts";
import { formatResources, fromSpec } from "../resources/index.ts";
import type { CliContext } from "./context.ts";
import { age, table } from "./table.ts";
import { parseTarget } from "./target.ts";

/** `explain TASK`, `explain executor/NAME`: what it asked, whether it is placed and why not, its history and its Events. */
export async function explain(context: CliContext, text: string): Promise<void> {
  const { kind, name } = parseTarget(text);
  const { namespace } = context;
  const { executors, tasks } = context.kinds;
  if (kind === "executor") {
    const what = `executor ${namespace}/${name}`;
    const executor = await context.found(what, executors.get({ name, namespace }));
    const { items } = await tasks.list({ namespace, fieldSelector: `spec.agent=${executor.spec.agent}` });
    context.write(`${describeExecutor(executor, items).join("\n")}\n`);
    return tellEvents(context, executor.metadata.uid);
  }
  const task = await context.found(`task ${namespace}/${name}`, tasks.get({ name, namespace }));
  // It may be gone before its tasks.
  const executor =
    task.spec.executor &&
    (await executors.get({ name: task.spec.executor.name, namespace }).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    }));
  context.write(`${describeTask(task, executor).join("\n")}\n`);
  const now = new Date();
  const updates = (task.status?.updates ?? []).map((update) => [
    age(update.timestamp, now),
    update.state,
    update.reason ?? "",
    update.message ?? "",
  ]);
  if (updates.length > 0) context.write(`\n${table(["AGO", "STATE", "REASON", "MESSAGE"], updates)}`);
  await tellEvents(context, task.metadata.uid);
}

async function tellEvents(context: CliContext, uid: string): Promise<void> {
  const now = new Date();
  const { items } = await events(context.connection).list({
    namespace: context.namespace,
    fieldSelector: `regarding.uid=${uid}`,
  });
  const rows = items.map((event) => [
    age(event.series?.lastObservedTime ?? event.eventTime ?? event.metadata.creationTimestamp, now),
    event.type ?? "",
    event.reason ?? "",
    event.note ?? "",
  ]);
  if (rows.length > 0) context.write(`\n${table(["AGO", "EVENT", "REASON", "MESSAGE"], rows)}`);
}

/** What an executor holds itself, beside its tasks, until it has ended. */
export const heldBy = ({ spec, status }: Executor): string =>
  executorHasEnded(status) ? "" : formatResources(fromSpec(spec.allocated ?? spec.resources ?? []));

/** What `explain` says of an executor. */
export function describeExecutor(executor: Executor, tasks: readonly Task[]): string[] {
  const { metadata, spec, status } = executor;
  const live = tasks.filter(
    (task) =>
      task.spec.executor?.name === metadata.name &&
      task.metadata.namespace === metadata.namespace &&
      !hasEnded(task.status),
  );
  return [
    `Executor:   ${metadata.namespace}/${metadata.name} (${spec.executorId})`,
    `State:      ${status?.state ?? "Pending"}${status?.reason === undefined ? "" : ` ${status.reason}`}`,
    `Type:       ${spec.type}`,
    `Role:       ${spec.role}`,
    `Framework:  ${spec.framework}`,
    `Agent:      ${spec.agent}`,
    `Holds:      ${heldBy(executor) || "nothing"}`,
    `Tasks:      ${live.map((task) => task.metadata.name).join(", ") || "none"}`,
    ...(status?.message === undefined ? [] : [`Message:    ${status.message}`]),
  ];
}

/** The first lines of `explain` of a task. */
export function describeTask(task: Task, executor?: Executor): string[] {
  const { spec, status } = task;
  const placed = findCondition(status?.conditions, "Placed");
  const lines = [
    `Task:       ${task.metadata.namespace}/${task.metadata.name}${spec.taskId === undefined ? "" : ` (${spec.taskId})`}`,
    `State:      ${status?.state ?? "TASK_STAGING"}${status?.reason === undefined ? "" : ` ${status.reason}`}`,
    `Role:       ${spec.role}`,
    `Framework:  ${spec.framework ?? "built-in"}`,
    `Resources:  ${formatResources(fromSpec(spec.resources))}`,
    `Agent:      ${spec.agent ?? "none yet"}`,
  ];
  if (spec.executor !== undefined) {
    const state = executor === undefined ? "gone" : (executor.status?.state ?? "Pending");
    const held = executor === undefined ? "" : heldBy(executor);
    const holds = held === "" ? "" : `, which holds ${held} beside its tasks`;
    lines.push(`Executor:   ${spec.executor.name} (${spec.executor.executorId}), ${state}${holds}`);
  }
  if (status?.message !== undefined) lines.push(`Message:    ${status.message}`);
  if (placed !== undefined && placed.status !== "True")
    lines.push(`Not placed: ${placed.reason}: ${placed.message}`);
  if (placed === undefined && spec.agent === undefined)
    lines.push("Not placed: the operator has not looked at it yet");
  return lines;
}
