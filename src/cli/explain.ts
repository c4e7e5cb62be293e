import type { Task } from "../api/task.ts";
import { findCondition } from "../cluster/conditions.ts";
import { events } from "../cluster/core.ts";
import { formatResources, fromSpec } from "../resources/index.ts";
import type { CliContext } from "./context.ts";
import { age, table } from "./table.ts";

/** `explain TASK`: what it asked, whether it is placed and why not, its history and its Events. */
export async function explain(context: CliContext, name: string): Promise<void> {
  const ref = { name, namespace: context.namespace };
  const task = await context.found(`task ${context.namespace}/${name}`, context.kinds.tasks.get(ref));
  context.write(`${describeTask(task).join("\n")}\n`);
  const now = new Date();
  const updates = (task.status?.updates ?? []).map((update) => [
    age(update.timestamp, now),
    update.state,
    update.reason ?? "",
    update.message ?? "",
  ]);
  if (updates.length > 0) context.write(`\n${table(["AGO", "STATE", "REASON", "MESSAGE"], updates)}`);
  const { items } = await events(context.connection).list({
    namespace: context.namespace,
    fieldSelector: `regarding.uid=${task.metadata.uid}`,
  });
  const rows = items.map((event) => [
    age(event.series?.lastObservedTime ?? event.eventTime ?? event.metadata.creationTimestamp, now),
    event.type ?? "",
    event.reason ?? "",
    event.note ?? "",
  ]);
  if (rows.length > 0) context.write(`\n${table(["AGO", "EVENT", "REASON", "MESSAGE"], rows)}`);
}

/** The first lines of `explain`. */
export function describeTask(task: Task): string[] {
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
  if (status?.message !== undefined) lines.push(`Message:    ${status.message}`);
  if (placed !== undefined && placed.status !== "True")
    lines.push(`Not placed: ${placed.reason}: ${placed.message}`);
  if (placed === undefined && spec.agent === undefined)
    lines.push("Not placed: the operator has not looked at it yet");
  return lines;
}
