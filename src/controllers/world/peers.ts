import type { RunningTask, Stepwise } from "../../allocator/index.ts";
import type { Task, TaskSpec } from "../../api/task.ts";
import { hasEnded } from "../../api/taskstate.ts";
import type { Live } from "../../cluster/object.ts";

/** Built-in tasks that have an agent, by namespace and role: those that a constraint of another one there may be about. */
export type Peers = (namespace: string, role: string) => Stepwise<readonly RunningTask[]>;

/** The group that a constraint's `peers` means: tasks whose label has the same value, or all if no label is named. */
export function peersOf(labels: TaskSpec["labels"], key: string | undefined): string {
  return key === undefined ? "" : JSON.stringify([key, labels?.[key] ?? ""]);
}

const known = new WeakMap<TaskSpec, readonly string[]>();

/** All groups that a task is in. */
export function peerGroups(spec: TaskSpec): readonly string[] {
  const before = known.get(spec);
  if (before !== undefined) return before;
  const groups = ["", ...Object.keys(spec.labels ?? {}).map((key) => peersOf(spec.labels, key))];
  known.set(spec, groups);
  return groups;
}

/** Whether the task has its agent for itself: nothing else is placed or offered there while it runs. */
export function isExclusive({ framework, constraints }: TaskSpec): boolean {
  if (framework !== undefined) return false;
  return constraints?.some(({ operator, soft }) => operator === "Exclusive" && !soft) ?? false;
}

/** `tasks`, agent by agent, is asked once, when the first group is. */
export function peersAmong(tasks: () => Iterable<readonly Live<Task>[]>): Peers {
  let groups: Map<string, RunningTask[]> | undefined;
  return function* (namespace, role) {
    if (groups === undefined) {
      groups = new Map();
      for (const some of tasks()) {
        for (const task of some) {
          const key = groupKey(task.metadata.namespace ?? "", task.spec.role);
          const group = groups.get(key) ?? [];
          groups.set(key, group);
          group.push(...running(task));
        }
        yield;
      }
    }
    return groups.get(groupKey(namespace, role)) ?? [];
  };
}

const groupKey = (namespace: string, role: string): string => JSON.stringify([namespace, role]);

function running({ spec, status }: Live<Task>): RunningTask[] {
  if (spec.framework !== undefined || spec.agent === undefined || hasEnded(status)) return [];
  return [{ agent: spec.agent, groups: peerGroups(spec), exclusive: isExclusive(spec) }];
}
