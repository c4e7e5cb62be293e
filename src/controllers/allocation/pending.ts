import type { Task } from "../../api/task.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import { formatResources } from "../../resources/index.ts";
import type { Dependencies } from "../dependencies.ts";
import type { PendingGroup, PendingTask } from "../world/builtin.ts";
import { roleRefusal } from "../world/roles.ts";
import type { Scheduling } from "../world/scheduling.ts";

/** Tasks that one round tries to place; the next follows at once. */
export const MOST_PENDING = 256;

/** Tasks of the built-in framework that may be placed: in the role and the namespace they name. */
export function pendingTasks(deps: Dependencies, { assumed }: Scheduling): Live<Task>[] {
  const { caches, config } = deps;
  const tasks = [...caches.tasks.store.indexed("pending")].flatMap((key) =>
    caches.tasks.store.by("pending", key),
  );
  return tasks.filter((task) => {
    // Bound a moment ago.
    if (assumed.tasks.get(keyOf(task.metadata))?.spec.agent !== undefined) return false;
    const roles = (path: string) => caches.roles.store.by("path", path);
    const { namespace = "" } = task.metadata;
    return roleRefusal(roles, task.spec.role, namespace, config.roles.implicit) === undefined;
  });
}

export interface Chosen {
  readonly now: readonly PendingGroup[];
  /** Whether others wait for the next round. */
  readonly later: boolean;
}

/**
 * What one round tries to place: of each group as much, and in a group of each kind of task in turn, the oldest of a kind first, so
 * that a flood of tasks that fit nowhere does not keep others waiting. `turn` grows from round to round: another kind
 * begins when there are more kinds than places. `rests` leaves a task out.
 */
export function choosePending(
  groups: readonly PendingGroup[],
  rests: (uid: string) => boolean,
  turn: number,
  most = MOST_PENDING,
): Chosen {
  const ready = groups
    .map((group) => ({ ...group, tasks: group.tasks.filter(({ task }) => !rests(task.metadata.uid)) }))
    .filter(({ tasks }) => tasks.length > 0);
  const each = Math.max(1, Math.floor(most / Math.max(1, ready.length)));
  const now = ready.map((group) => ({ ...group, tasks: ofEachKind(group.tasks, each, turn) }));
  return { now, later: ready.some(({ tasks }) => tasks.length > each) };
}

function ofEachKind(tasks: readonly PendingTask[], most: number, turn: number): readonly PendingTask[] {
  if (tasks.length <= most) return tasks;
  const kinds = [...Map.groupBy(tasks, kindOf).values()];
  const first = (turn * most) % kinds.length;
  const inTurn = [...kinds.slice(first), ...kinds.slice(0, first)];
  const chosen = new Set<PendingTask>();
  for (let row = 0; chosen.size < most; row++) {
    for (const kind of inTurn) {
      const next = kind[row];
      if (next !== undefined && chosen.size < most) chosen.add(next);
    }
  }
  // Still the oldest first.
  return tasks.filter((task) => chosen.has(task));
}

/**
 * With those that found no place, those like one of them that were not tried: where an older one of a kind does not fit no younger one
 * does, and each is to be told why it waits. `tried`: what `choosePending` chose of the groups.
 */
export function withAlike(
  unplaced: readonly PendingGroup[],
  groups: readonly PendingGroup[],
  tried: readonly PendingGroup[],
  rests: (uid: string) => boolean,
): PendingGroup[] {
  const known = new Set(tried.flatMap(({ tasks }) => tasks.map(({ task }) => task.metadata.uid)));
  return unplaced.map((group) => {
    const kinds = new Set(group.tasks.map(kindOf));
    const all = groups.find(({ namespace, role }) => namespace === group.namespace && role === group.role);
    const untried = all?.tasks.filter(
      ({ task: { metadata } }) => !known.has(metadata.uid) && !rests(metadata.uid),
    );
    const alike = untried?.filter((pending) => kinds.has(kindOf(pending))) ?? [];
    return { ...group, tasks: [...group.tasks, ...alike] };
  });
}

/** Tasks with one such text are placed alike, and get one explanation. */
export function kindOf({ task, request }: PendingTask): string {
  const { constraints = [], tolerations = [] } = task.spec;
  const about = constraints.some(({ peers }) => peers !== undefined) ? request.groups : [];
  return JSON.stringify([formatResources(request.resources), constraints, about, tolerations]);
}
