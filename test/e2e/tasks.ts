import type { z } from "zod";
import { API_VERSION } from "../../src/api/group.ts";
import type { Task, taskSpec } from "../../src/api/task.ts";
import { hasEnded, type TaskState } from "../../src/api/taskstate.ts";
import type { Live } from "../../src/cluster/object.ts";
import { type Cluster, until } from "./cluster.ts";

export type TaskInput = Partial<z.input<typeof taskSpec>>;

/** A Task that asks little, for the built-in framework unless the spec says otherwise. */
export function task(namespace: string, name: string, spec: TaskInput): object {
  return {
    apiVersion: API_VERSION,
    kind: "Task",
    metadata: { name, namespace },
    spec: {
      role: "dev",
      resources: [
        { name: "cpus", scalar: 0.05 },
        { name: "mem", scalar: 32 },
      ],
      ...spec,
    },
  };
}

/** Waits until the task has one of these states; fails at once when it ends otherwise. */
export function reaches(
  cluster: Cluster,
  namespace: string,
  name: string,
  states: readonly TaskState[],
  timeout = 60_000,
): Promise<Live<Task>> {
  let seen: Task | undefined;
  return until(
    `${namespace}/${name} is ${states.join(" or ")}`,
    async () => {
      seen = await cluster.kinds.tasks.get({ name, namespace });
      return states.includes(seen.status?.state ?? "TASK_STAGING") ? (seen as Live<Task>) : undefined;
    },
    { timeout },
  ).catch((cause: unknown) => {
    throw new Error(`${namespace}/${name} is ${JSON.stringify(seen?.status ?? "not there")}`, { cause });
  });
}

/** Waits until the task has ended, and returns it. */
export function ends(
  cluster: Cluster,
  namespace: string,
  name: string,
  timeout = 60_000,
): Promise<Live<Task>> {
  let seen: Task | undefined;
  return until(
    `${namespace}/${name} has ended`,
    async () => {
      seen = await cluster.kinds.tasks.get({ name, namespace });
      return hasEnded(seen.status) ? (seen as Live<Task>) : undefined;
    },
    { timeout },
  ).catch((cause: unknown) => {
    throw new Error(`${namespace}/${name} is ${JSON.stringify(seen?.status ?? "not there")}`, { cause });
  });
}

/** The states a task went through, in order. */
export const history = (task: Task): TaskState[] =>
  (task.status?.updates ?? []).map((update) => update.state);
