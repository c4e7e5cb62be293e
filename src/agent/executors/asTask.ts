import type { Executor, ExecutorSpec } from "../../api/executor.ts";
import { executorHasBegun, executorHasEnded } from "../../api/executor.ts";
import type { Task, TaskSpec } from "../../api/task.ts";
import type { Live } from "../../cluster/object.ts";
import type { Watched } from "../../cluster/reflector.ts";
import type { Change } from "../../cluster/store.ts";

const known = new WeakMap<Live<Executor>, Live<Task>>();

/** An executor as the node runs it: a program with a grace period, as a task is. */
export function asTask(executor: Live<Executor>): Live<Task> {
  const before = known.get(executor);
  if (before !== undefined) return before;
  const { apiVersion, metadata, spec, status } = executor;
  const task: Live<Task> = {
    apiVersion,
    kind: "Executor",
    metadata,
    spec: programOf(spec),
    status: executorHasEnded(status)
      ? { state: "TASK_FINISHED" }
      : executorHasBegun(status)
        ? { state: "TASK_RUNNING" }
        : {},
  };
  known.set(executor, task);
  return task;
}

function programOf(spec: ExecutorSpec): TaskSpec {
  const { executorId, framework, role, agent, resources = [], allocated, shutdown } = spec;
  const { command, container, env, uris, volumes, shutdownGracePeriod = "5s" } = spec;
  return {
    taskId: executorId,
    framework,
    role,
    agent,
    resources,
    ...(allocated && { allocated }),
    ...(command && { command }),
    ...(container && { container }),
    ...(env && { env }),
    ...(uris && { uris }),
    ...(volumes && { volumes }),
    killPolicy: { gracePeriod: shutdownGracePeriod },
    ...(shutdown && {
      kill: {
        gracePeriod: shutdownGracePeriod,
        ...(shutdown.message !== undefined && { message: shutdown.message }),
      },
    }),
  };
}

/** What a supervisor of tasks is given to run executors: those that are CUSTOM, and `wanted` if they have not begun. */
export function executorsAsTasks(
  executors: Watched<Executor>,
  wanted: (executor: Live<Executor>) => boolean,
): Pick<Watched<Task>, "synced" | "onChange"> & {
  readonly store: Pick<Watched<Task>["store"], "get" | "values">;
} {
  const { store } = executors;
  const takes = (executor: Live<Executor>) => executor.spec.type === "CUSTOM";
  return {
    synced: executors.synced,
    onChange: (handler) =>
      executors.onChange(({ type, object }) => handler({ type, object: asTask(object) } as Change<Task>)),
    store: {
      get: (key) => {
        const executor = store.get(key);
        return executor && takes(executor) ? asTask(executor) : undefined;
      },
      *values() {
        for (const executor of store.values()) {
          const begun = executorHasBegun(executor.status);
          if (takes(executor) && (begun || wanted(executor))) yield asTask(executor);
        }
      },
    },
  };
}
