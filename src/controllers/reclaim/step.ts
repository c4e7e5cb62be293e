import type { Reclaimed } from "../../allocator/index.ts";
import { type Executor, executorIsGoing } from "../../api/executor.ts";
import type { Task, TaskSpec } from "../../api/task.ts";
import { hasBegun, hasEnded } from "../../api/taskstate.ts";
import type { Live } from "../../cluster/object.ts";
import { isRunBy } from "../executor/ending.ts";
import { dropState, type Transition } from "../task/ending.ts";

/** Of Mesos's reasons the one that is nearest (mesos.proto, TaskStatus.Reason). */
const REASON = "REASON_CONTAINER_PREEMPTED";

/** How a task is taken back: by a kill with its own grace, or at once if its agent has not begun with it. */
export type TakeStep =
  | { readonly kind: "kill"; readonly kill: NonNullable<TaskSpec["kill"]> }
  | { readonly kind: "end"; readonly transition: Transition };

/** Undefined: there is nothing to do, it has ended or will. */
export function takeStep(
  { metadata, spec, status }: Live<Task>,
  role: string,
  partitionAware: boolean,
): TakeStep | undefined {
  if (hasEnded(status) || spec.kill !== undefined || metadata.deletionTimestamp !== undefined)
    return undefined;
  const message = `taken back for the role ${role}, which is below its fair share; ${spec.role} is above its own`;
  if (hasBegun(status)) return { kind: "kill", kill: { reason: REASON, message } };
  return { kind: "end", transition: { state: dropState(partitionAware), reason: REASON, message } };
}

/**
 * What becomes of an executor that is to go with its tasks. `wait`: they have not ended; `leave`: somebody else ends it, or its framework
 * has given it another task since. `isTaken`: whether a task is to be taken too, or has been and the cache does not show it yet.
 */
export function takeExecutorStep(
  executor: Live<Executor>,
  tasks: readonly Live<Task>[],
  isTaken: (task: Live<Task>) => boolean,
): "shutDown" | "wait" | "leave" {
  // A DEFAULT one ends with the last of its tasks.
  if (executorIsGoing(executor) || executor.spec.type === "DEFAULT") return "leave";
  const live = tasks.filter((task) => isRunBy(executor, task) && !hasEnded(task.status));
  const kept = live.some(
    (task) => !task.spec.kill && task.metadata.deletionTimestamp === undefined && !isTaken(task),
  );
  if (kept) return "leave";
  return live.length > 0 ? "wait" : "shutDown";
}

/** That a task will be taken: for which role, and when (milliseconds of the clock that decisions are made by). */
export interface Mark {
  readonly role: string;
  readonly at: number;
}

export interface MarkChanges {
  readonly set: ReadonlyMap<string, Mark>;
  readonly clear: readonly string[];
}

/** What has to be written on tasks (by uid) so that they say what is decided, where `before` is what they say. */
export function markChanges(before: ReadonlyMap<string, Mark>, warn: readonly Reclaimed[]): MarkChanges {
  const now = new Map(warn.flatMap(({ tasks, role, at }) => tasks.map((id) => [id, { role, at }] as const)));
  const set = [...now].filter(([id, { role, at }]) => {
    const said = before.get(id);
    return said === undefined || said.role !== role || said.at !== at;
  });
  return { set: new Map(set), clear: [...before.keys()].filter((id) => !now.has(id)) };
}
