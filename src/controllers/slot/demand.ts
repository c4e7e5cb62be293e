import { type Executor, executorHasBegun } from "../../api/executor.ts";
import type { Task } from "../../api/task.ts";
import { hasBegun } from "../../api/taskstate.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import type { Resources } from "../../resources/index.ts";
import { holdings } from "../world/holdings.ts";
import { NO_SIZE, plus, type Size } from "./size.ts";

const MEBIBYTE = 2 ** 20;

/**
 * What is granted together or not at all: one task, those of a LAUNCH_GROUP that have not begun, or an executor with the tasks
 * that are to begin with it.
 */
export interface Demand {
  readonly tasks: readonly Live<Task>[];
  readonly executors: readonly Live<Executor>[];
  readonly size: Size;
  /** The agent may have made their containers: nobody but the agent may end them. */
  readonly begun: boolean;
}

/** What a task, or an executor, holds of a slot Pod: its cpus and mem. */
export const heldSize = (holder: Task | Executor): Size => slotSize(holdings(holder));

/** What of resources a slot Pod stands for: cpus and mem. */
export function slotSize(resources: Resources): Size {
  const held = resources.scalarQuantities();
  return {
    cpuMilli: held.get("cpus"),
    memoryBytes: Math.ceil((held.get("mem") * MEBIBYTE) / 1000),
  };
}

/** Of tasks and executors that have not ended, oldest first. */
export function demandsOf(
  tasks: readonly Live<Task>[],
  executors: readonly Live<Executor>[],
): readonly Demand[] {
  const waiting = new Set(
    executors.filter(({ status }) => !executorHasBegun(status)).map(({ metadata }) => keyOf(metadata)),
  );
  const units = new Map<string, { tasks: Live<Task>[]; executors: Live<Executor>[] }>();
  const unit = (key: string) => {
    const made = units.get(key) ?? { tasks: [], executors: [] };
    units.set(key, made);
    return made;
  };
  for (const executor of [...executors].sort(byAge)) unit(keyOf(executor.metadata)).executors.push(executor);
  for (const task of [...tasks].sort(byAge)) unit(unitKey(task, waiting)).tasks.push(task);
  const demands = Array.from(units.values(), (members): Demand => {
    const begun =
      members.tasks.some(({ status }) => hasBegun(status)) ||
      members.executors.some(({ status }) => executorHasBegun(status));
    const size = [...members.executors, ...members.tasks].map(heldSize).reduce(plus, NO_SIZE);
    return { ...members, size, begun };
  });
  return executors.length === 0 ? demands : demands.sort((a, b) => compare(oldest(a), oldest(b)));
}

const oldest = ({ executors: [executor], tasks: [task] }: Demand): string => {
  const first = executor ?? task;
  return first === undefined ? "" : ageKey(first);
};

/** `waiting`: executors that have not begun. */
function unitKey({ metadata, spec, status }: Live<Task>, waiting: ReadonlySet<string>): string {
  if (hasBegun(status)) return metadata.uid;
  const executor = spec.executor && `${metadata.namespace}/${spec.executor.name}`;
  if (executor !== undefined && waiting.has(executor)) return executor;
  return spec.group === undefined ? metadata.uid : `${metadata.namespace} ${spec.framework} ${spec.group.id}`;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const byAge = (a: Live<Task> | Live<Executor>, b: Live<Task> | Live<Executor>): number =>
  compare(ageKey(a), ageKey(b));

/** creationTimestamp has whole seconds, so tasks of one second go by the order in their offer, then by name. */
function ageKey({ metadata, spec }: Live<Task> | Live<Executor>): string {
  const { operation = 0, index = 0 } = spec.offer ?? {};
  const order = [operation, index].map((number) => String(number).padStart(4, "0")).join(" ");
  return `${metadata.creationTimestamp} ${order} ${metadata.namespace ?? ""} ${metadata.name}`;
}
