import type { Task as TaskObject } from "../../api/task.ts";
import type { Live } from "../../cluster/object.ts";
import { taskTerms } from "../../controllers/world/builtin.ts";
import { holdings } from "../../controllers/world/holdings.ts";
import { type TaskOwner, taskMessage, v0Task } from "../../convert/taskmessage.ts";
import { TaskSchema } from "../../wire/gen/mesos/v1/mesos_pb.ts";
import { Told } from "./told.ts";

const known = new WeakMap<Live<TaskObject>, { readonly owner: string; readonly told: Told }>();

/** A task that has an agent: Mesos knows no others. */
export function toldTask(task: Live<TaskObject>, owner: TaskOwner): Told {
  const words = `${owner.id} ${owner.user} ${owner.partitionAware}`;
  const before = known.get(task);
  if (before?.owner === words) return before.told;
  const told = new Told(
    TaskSchema,
    () => taskMessage(task, owner),
    () => v0Task(task, owner, holdings(task)),
  );
  known.set(task, { owner: words, told });
  return told;
}

/** Those of the list that can be told: one that is written by hand may ask for what nobody understands. */
export function* toldTasks(list: Iterable<Live<TaskObject>>, owner: TaskOwner): Generator<Told, void> {
  for (const task of list) if (isUnderstood(task)) yield toldTask(task, owner);
}

export const isUnderstood = ({ spec }: Live<TaskObject>): boolean => !("reason" in taskTerms(spec));
