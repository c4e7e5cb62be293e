import type { Framework } from "../../src/api/framework.ts";
import type { Role } from "../../src/api/role.ts";
import type { Task } from "../../src/api/task.ts";
import { hasEnded, type TaskState } from "../../src/api/taskstate.ts";
import { fromSpec, Resources } from "../../src/resources/index.ts";

export interface ShareRow {
  readonly framework: string;
  readonly weight: number;
  readonly tasks: number;
  /** cpus that its live tasks hold, in thousandths. */
  readonly cpusMilli: number;
  /** Part of the cpus that both frameworks hold together, 0 to 1. */
  readonly part: number;
}

/** Who holds what of the cpus that the frameworks hold together. */
export function shares(
  frameworks: readonly Framework[],
  roles: readonly Role[],
  tasks: readonly Task[],
): readonly ShareRow[] {
  const weights = new Map(roles.map((role) => [role.spec.path, role.spec.weight]));
  const rows = frameworks.map((framework) => {
    const own = tasks.filter(
      (task) => task.spec.framework === framework.metadata.name && !hasEnded(task.status),
    );
    const held = Resources.sum(own.map((task) => fromSpec(task.spec.resources)));
    return {
      framework: framework.metadata.name,
      weight: weights.get(framework.spec.roles[0] ?? "*") ?? 1,
      tasks: own.length,
      cpusMilli: held.scalarQuantities().get("cpus"),
    };
  });
  const total = rows.reduce((sum, row) => sum + row.cpusMilli, 0);
  return rows.map((row) => ({ ...row, part: total === 0 ? 0 : row.cpusMilli / total }));
}

/** Whether each part is within `tolerance` of what the weights say. */
export function converged(rows: readonly ShareRow[], tolerance: number): boolean {
  const weight = rows.reduce((sum, row) => sum + row.weight, 0);
  return rows.length > 1 && rows.every((row) => Math.abs(row.part - row.weight / weight) <= tolerance);
}

/** How many tasks are in each state, in the order of a task's life. */
export function countStates(tasks: readonly Task[]): ReadonlyMap<TaskState, number> {
  const counts = new Map<TaskState, number>();
  for (const state of [
    "TASK_STAGING",
    "TASK_STARTING",
    "TASK_RUNNING",
    "TASK_KILLING",
    "TASK_FINISHED",
  ] as const) {
    counts.set(state, 0);
  }
  for (const task of tasks) {
    const state = task.status?.state ?? "TASK_STAGING";
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return counts;
}
