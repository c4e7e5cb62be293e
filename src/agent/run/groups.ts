import type { Task } from "../../api/task.ts";
import { hasEnded } from "../../api/taskstate.ts";
import type { Live } from "../../cluster/object.ts";
import type { Phase, TaskRecord } from "../checkpoint/record.ts";
import { isRunByExecutor } from "../lifecycle/executorTask.ts";

/** A task of a LAUNCH_GROUP, as far as the agent has come with it. */
export interface Member {
  readonly uid: string;
  /** Undefined: not begun here. */
  readonly phase: Phase | undefined;
  /** Once it has ended. */
  readonly state: string | undefined;
  readonly ended: boolean;
}

/** Names a task's group on this agent; undefined: it has none. */
export const groupKey = ({ metadata, spec }: Pick<Live<Task>, "metadata" | "spec">): string | undefined =>
  recordGroup({ namespace: metadata.namespace ?? "", spec });

/** The same of a record. */
export const recordGroup = ({
  namespace,
  spec,
}: Pick<TaskRecord, "namespace" | "spec">): string | undefined =>
  spec.group && `${namespace}/${spec.framework ?? ""}/${spec.group.id}`;

/** The tasks of one LAUNCH_GROUP that the agent knows of. */
export interface Group {
  readonly members: readonly Member[];
  /** How many it has when it is whole. */
  readonly size: number;
  /** A program of the framework runs them: what becomes of those that it was given is its own. */
  readonly byExecutor: boolean;
}

/** The groups among tasks, by key; what the agent's own record says of a task goes before what the API says. */
export function groupsOf(
  tasks: Iterable<Live<Task>>,
  recordOf: (uid: string) => TaskRecord | undefined,
): ReadonlyMap<string, Group> {
  const groups = new Map<string, Group & { readonly members: Member[] }>();
  for (const task of tasks) {
    const key = groupKey(task);
    if (key === undefined) continue;
    const { uid } = task.metadata;
    const record = recordOf(uid);
    const over = record?.phase === "ended" || record?.phase === "settled";
    const ended = over || hasEnded(task.status);
    const state = over ? record.latest?.state : task.status?.state;
    const size = task.spec.group?.size ?? 1;
    const group = groups.get(key) ?? { members: [], size, byExecutor: isRunByExecutor(task.spec) };
    group.members.push({ uid, phase: record?.phase, ended, state });
    groups.set(key, group);
  }
  return groups;
}

/** Whether all of a group are prepared, so that they may be launched. */
export function isReady(members: readonly Member[], size: number): boolean {
  const ready = members.filter(({ phase }) => phase === "prepared");
  return ready.length >= size;
}

/**
 * Whether a task of the group has ended in another way than TASK_FINISHED: then the others are killed, as Mesos's default executor does
 * (src/launcher/default_executor.cpp waited()).
 */
export function isBroken(members: readonly Member[]): boolean {
  return members.some(({ ended, state }) => ended && state !== "TASK_FINISHED");
}

/**
 * Those that are to end because of the others: all that live, but what a program of the framework was given (Mesos: Slave::kill of a task
 * whose group waits for its executor).
 */
export function doomed({ members, byExecutor }: Group): readonly Member[] {
  if (!isBroken(members)) return [];
  return members.filter(({ ended, phase }) => !ended && !(byExecutor && phase === "running"));
}

/** Why they end. */
export const GROUP_ENDED = "Another task of its group has ended";
