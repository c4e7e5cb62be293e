/** Tasks in gangs: what is taken together. */
import { addTo, type FairTree, type Vector } from "./fairtree.ts";
import type { HeldTask } from "./snapshot.ts";

export interface Gang {
  /** The gang's name, or the task's id. */
  readonly key: string;
  readonly tasks: readonly HeldTask[];
  readonly revocable: boolean;
  /** The highest of its tasks: who takes one takes all. */
  readonly priority: number;
  /** When its newest task started. */
  readonly startedAt: number;
  readonly byRole: ReadonlyMap<string, Vector>;
  readonly byAgent: ReadonlyMap<string, Vector>;
}

export function gangKey({ id, gang }: HeldTask): string {
  return gang === undefined ? `task ${id}` : `gang ${gang}`;
}

export function gangsOf(tasks: readonly HeldTask[], tree: FairTree): Gang[] {
  return Array.from(Map.groupBy(tasks, gangKey), ([key, members]) => ({
    key,
    tasks: members,
    revocable: members.every(({ revocable }) => revocable),
    priority: Math.max(...members.map(({ priority }) => priority)),
    startedAt: Math.max(...members.map(({ startedAt }) => startedAt)),
    byRole: sums(members, ({ role }) => role, tree),
    byAgent: sums(members, ({ agent }) => agent, tree),
  }));
}

function sums(
  tasks: readonly HeldTask[],
  by: (task: HeldTask) => string,
  tree: FairTree,
): Map<string, Vector> {
  const found = new Map<string, Vector>();
  for (const task of tasks) {
    const amounts = tree.vector(task.resources);
    const sum = found.get(by(task));
    if (sum === undefined) found.set(by(task), amounts);
    else addTo(sum, amounts, 1);
  }
  return found;
}

/** Who is taken first: the lowest priority; of one priority who was told already, then the newest. */
export function inOrder(gangs: readonly Gang[], warned: (key: string) => boolean): Gang[] {
  return [...gangs].sort(
    (a, b) =>
      a.priority - b.priority ||
      Number(warned(b.key)) - Number(warned(a.key)) ||
      b.startedAt - a.startedAt ||
      (a.key < b.key ? -1 : 1),
  );
}
