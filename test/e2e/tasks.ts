import type { z } from "zod";
import { API_VERSION } from "../../src/api/group.ts";
import type { Task, taskSpec } from "../../src/api/task.ts";
import { hasEnded, type TaskState } from "../../src/api/taskstate.ts";
import type { Live } from "../../src/cluster/object.ts";
import { type Cluster, NeverError, until } from "./cluster.ts";

export type TaskInput = Partial<z.input<typeof taskSpec>>;

/** A Task that asks little, for the built-in framework unless the spec says otherwise. */
export function task(namespace: string, name: string, spec: TaskInput) {
  return {
    apiVersion: API_VERSION,
    kind: "Task",
    metadata: { name, namespace },
    spec: {
      role: "dev",
      resources: [
        { name: "cpus", scalar: 0.02 },
        { name: "mem", scalar: 32 },
      ],
      ...spec,
    },
  };
}

/** Waits until `good` holds for the task; fails at once when the task has ended and it does not. */
export function becomes(
  cluster: Cluster,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  what: string,
  good: (task: Live<Task>) => boolean,
  timeout = 60_000,
): Promise<Live<Task>> {
  let seen: Task | undefined;
  const look = async () => {
    const now = await cluster.kinds.tasks.get({ name, namespace });
    seen = now;
    if (good(now)) return now;
    if (hasEnded(now.status)) throw new NeverError("it has ended");
    return undefined;
  };
  return until(`${namespace}/${name} ${what}`, look, { timeout }).catch((cause: unknown) => {
    const status = JSON.stringify(seen?.status ?? "not there");
    throw new Error(`${namespace}/${name}: not yet "${what}": ${status}`, { cause });
  });
}

/** Waits until the task has one of these states; fails at once when it ends otherwise. */
export function reaches(
  cluster: Cluster,
  namespace: string,
  name: string,
  states: readonly TaskState[],
  timeout?: number,
): Promise<Live<Task>> {
  const good = ({ status }: Task) => states.includes(status?.state ?? "TASK_STAGING");
  return becomes(cluster, { namespace, name }, `is ${states.join(" or ")}`, good, timeout);
}

/** Waits until the task has ended, and returns it. */
export function ends(
  cluster: Cluster,
  namespace: string,
  name: string,
  timeout?: number,
): Promise<Live<Task>> {
  const good = ({ status }: Task) => hasEnded(status);
  return becomes(cluster, { namespace, name }, "has ended", good, timeout);
}

/** The states a task went through, in order. */
export const history = (task: Task): TaskState[] =>
  (task.status?.updates ?? []).map((update) => update.state);
