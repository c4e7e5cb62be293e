import type { Executor } from "../../api/executor.ts";
import { EXECUTOR_FINALIZER } from "../../api/group.ts";
import type { Task } from "../../api/task.ts";
import { hasEnded } from "../../api/taskstate.ts";
import { Controller, from, type Result } from "../../cluster/controller.ts";
import { isNotFound } from "../../cluster/errors.ts";
import { removeFinalizer } from "../../cluster/finalizers.ts";
import type { Live } from "../../cluster/object.ts";
import type { Change } from "../../cluster/store.ts";
import type { Dependencies, Runnable } from "../dependencies.ts";
import { ignoringConflicts } from "../task/conflicts.ts";
import { executorStep } from "./step.ts";
import { EXECUTOR_MANAGER, endExecutor } from "./write.ts";

/** The life of each Executor as far as it is the operator's: its end when nobody has begun it, its removal once it has ended. */
export function createExecutorController(deps: Dependencies): Runnable {
  const { caches, clients, clock, logger, recorder } = deps;

  async function reconcile(key: string, signal: AbortSignal): Promise<Result> {
    const executor = caches.executors.store.get(key);
    if (executor === undefined) return {};
    const tasks = caches.tasks.store.by("agent", executor.spec.agent);
    const step = executorStep(executor, { tasks, now: clock.now() });
    switch (step.kind) {
      case "end":
        await endExecutor(deps, executor, step.end, signal);
        recorder.record(executor, { type: "Normal", reason: "Ended", message: step.end.message });
        return {};
      case "delete":
        await remove(executor, signal);
        return {};
      case "release": {
        const options = { signal, fieldManager: EXECUTOR_MANAGER };
        await removeFinalizer(clients.executors, executor, EXECUTOR_FINALIZER, options);
        return {};
      }
      case "wait":
        return { requeueAfter: step.after };
      case "keep":
        return {};
    }
  }

  async function remove({ metadata }: Live<Executor>, signal: AbortSignal): Promise<void> {
    const { uid, resourceVersion } = metadata;
    try {
      await clients.executors.delete(metadata, { uid, resourceVersion, signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  return new Controller({
    name: "executor",
    reconcile: ignoringConflicts(reconcile),
    sources: [from(caches.executors), from(caches.tasks, executorOf, endsTask)],
    logger,
    clock,
    breath: deps.breath,
    metrics: deps.controllerMetrics,
  });
}

const executorOf = ({ metadata, spec }: Live<Task>): string[] =>
  spec.executor === undefined ? [] : [`${metadata.namespace}/${spec.executor.name}`];

/** An executor minds only that its tasks come and end. */
const endsTask = (change: Change<Task>): boolean =>
  change.type !== "updated" || hasEnded(change.object.status) !== hasEnded(change.old.status);
