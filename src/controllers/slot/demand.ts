import type { Task } from "../../api/task.ts";
import { hasBegun } from "../../api/taskstate.ts";
import type { Live } from "../../cluster/object.ts";
import type { Resources } from "../../resources/index.ts";
import { holdings } from "../world/holdings.ts";
import { NO_SIZE, plus, type Size } from "./size.ts";

const MEBIBYTE = 2 ** 20;

/** Tasks that are granted together or not at all: one task, or those of a LAUNCH_GROUP that have not begun. */
export interface Demand {
  readonly tasks: readonly Live<Task>[];
  readonly size: Size;
  /** The agent may have made their containers: nobody but the agent may end them. */
  readonly begun: boolean;
}

/** What a task holds of a slot Pod: its cpus and mem. */
export const taskSize = (task: Task): Size => slotSize(holdings(task));

/** What of resources a slot Pod stands for: cpus and mem. */
export function slotSize(resources: Resources): Size {
  const held = resources.scalarQuantities();
  return {
    cpuMilli: held.get("cpus"),
    memoryBytes: Math.ceil((held.get("mem") * MEBIBYTE) / 1000),
  };
}

/** Of tasks that have not ended, oldest first. */
export function demandsOf(tasks: readonly Live<Task>[]): readonly Demand[] {
  const units = new Map<string, Live<Task>[]>();
  for (const task of [...tasks].sort(byAge)) {
    const key = unitKey(task);
    const unit = units.get(key);
    if (unit) unit.push(task);
    else units.set(key, [task]);
  }
  return Array.from(units.values(), (members) => ({
    tasks: members,
    size: members.map(taskSize).reduce(plus, NO_SIZE),
    begun: members.some(({ status }) => hasBegun(status)),
  }));
}

function unitKey({ metadata, spec, status }: Live<Task>): string {
  const alone = spec.group === undefined || hasBegun(status);
  return alone ? metadata.uid : `${metadata.namespace} ${spec.framework} ${spec.group?.id}`;
}

function byAge(a: Live<Task>, b: Live<Task>): number {
  const [x, y] = [ageKey(a), ageKey(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** creationTimestamp has whole seconds, so tasks of one second go by the order in their offer, then by name. */
function ageKey({ metadata, spec }: Live<Task>): string {
  const { operation = 0, index = 0 } = spec.offer ?? {};
  const order = [operation, index].map((number) => String(number).padStart(4, "0")).join(" ");
  return `${metadata.creationTimestamp} ${order} ${metadata.namespace ?? ""} ${metadata.name}`;
}
