/** Tasks in gangs: what is taken together. */
import type { Stepwise } from "../stepwise.ts";
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
  /** Executors that go with it, as it has the last of their tasks; what they hold is among the amounts. */
  readonly along?: readonly HeldTask[];
}

export function gangKey({ id, gang }: HeldTask): string {
  return gang === undefined ? `task ${id}` : `gang ${gang}`;
}

/** Tasks that are looked at between two yields. */
const BETWEEN = 256;

export function* gangsOf(tasks: readonly HeldTask[], tree: FairTree): Stepwise<Gang[]> {
  const byKey = new Map<string, HeldTask[]>();
  for (const [i, task] of tasks.entries()) {
    const key = gangKey(task);
    const members = byKey.get(key);
    if (members === undefined) byKey.set(key, [task]);
    else members.push(task);
    if (i % BETWEEN === 0) yield;
  }
  const gangs: Gang[] = [];
  for (const [key, members] of byKey) {
    gangs.push({
      key,
      tasks: members,
      revocable: members.every(({ revocable }) => revocable),
      priority: Math.max(...members.map(({ priority }) => priority)),
      startedAt: Math.max(...members.map(({ startedAt }) => startedAt)),
      byRole: sums(members, ({ role }) => role, tree),
      byAgent: sums(members, ({ agent }) => agent, tree),
    });
    if (gangs.length % BETWEEN === 0) yield;
  }
  return gangs;
}

/** The gang with executors that it takes along. */
export function withExecutors(gang: Gang, along: readonly HeldTask[], tree: FairTree): Gang {
  if (along.length === 0) return gang;
  const [byRole, byAgent] = [copied(gang.byRole), copied(gang.byAgent)];
  for (const { role, agent, resources } of along) {
    const amounts = tree.vector(resources);
    for (const [sums, name] of [[byRole, role] as const, [byAgent, agent] as const]) {
      const sum = sums.get(name);
      if (sum === undefined) sums.set(name, Float64Array.from(amounts));
      else addTo(sum, amounts, 1);
    }
  }
  return { ...gang, byRole, byAgent, along };
}

const copied = (sums: ReadonlyMap<string, Vector>): Map<string, Vector> =>
  new Map(Array.from(sums, ([name, vector]) => [name, Float64Array.from(vector)]));

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
export const taken =
  (warned: (key: string) => boolean) =>
  (a: Gang, b: Gang): number => {
    if (a === b) return 0;
    return (
      a.priority - b.priority ||
      Number(warned(b.key)) - Number(warned(a.key)) ||
      b.startedAt - a.startedAt ||
      (a.key < b.key ? -1 : 1)
    );
  };
