import type { Framework } from "../../api/framework.ts";
import { TASK_FINALIZER } from "../../api/group.ts";
import type { Task } from "../../api/task.ts";
import { hasEnded } from "../../api/taskstate.ts";
import { Applier } from "../../cluster/apply.ts";
import { findCondition } from "../../cluster/conditions.ts";
import { Controller, from, type Result } from "../../cluster/controller.ts";
import { isNotFound } from "../../cluster/errors.ts";
import { addFinalizer, removeFinalizer } from "../../cluster/finalizers.ts";
import type { Live } from "../../cluster/object.ts";
import { keyOf } from "../../cluster/object.ts";
import type { Change } from "../../cluster/store.ts";
import { timestamp } from "../../cluster/time.ts";
import type { Dependencies, Runnable } from "../dependencies.ts";
import { ignoringConflicts } from "./conflicts.ts";
import { refusalOf } from "./refusal.ts";
import { taskStep } from "./step.ts";
import { askToKill, frameworkOf, TASK_MANAGER, writeTransition } from "./write.ts";

/** Owner of the condition Accepted. */
const CONDITION_MANAGER = "mesos-operator-task";
const WORKERS = 8;

/** The life of each Task: its finalizer, kill and deletion, its end when nobody has begun it, why it cannot be placed, its removal. */
export function createTaskController(deps: Dependencies): Runnable {
  const { caches, config, clients, clock, recorder, logger } = deps;
  const conditions = new Applier(clients.tasks, CONDITION_MANAGER);

  async function reconcile(key: string, signal: AbortSignal): Promise<Result> {
    const task = caches.tasks.store.get(key);
    if (task === undefined) return {};
    const framework = frameworkOf(deps, task);
    const step = taskStep(task, { framework, ttl: config.tasks.ttlAfterFinished, now: clock.now() });
    switch (step.kind) {
      case "hold":
        await addFinalizer(clients.tasks, task, TASK_FINALIZER, { signal, fieldManager: TASK_MANAGER });
        return {};
      case "end":
        await writeTransition(deps, task, step.transition, signal);
        recorder.record(task, {
          type: step.transition.state === "TASK_ERROR" ? "Warning" : "Normal",
          reason: step.transition.state === "TASK_ERROR" ? "Invalid" : "Killed",
          message: step.transition.message,
        });
        return {};
      case "kill":
        await askToKill(deps, task, {}, signal);
        return {};
      case "delete":
        await remove(task, signal);
        return {};
      case "release":
        await removeFinalizer(clients.tasks, task, TASK_FINALIZER, { signal, fieldManager: TASK_MANAGER });
        return {};
      case "wait":
        return { requeueAfter: step.after };
      case "keep":
        await judge(task, framework, signal);
        return {};
    }
  }

  async function remove(task: Live<Task>, signal: AbortSignal): Promise<void> {
    const { uid, resourceVersion } = task.metadata;
    try {
      await clients.tasks.delete(task.metadata, { uid, resourceVersion, signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Says on a task why it will not run, and takes that back when it may. */
  async function judge(
    task: Live<Task>,
    framework: Live<Framework> | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    if (hasEnded(task.status)) return;
    const roles = (path: string) => caches.roles.store.by("path", path);
    const refusal = refusalOf(task, framework, roles, config.roles.implicit);
    const before = findCondition(task.status?.conditions, "Accepted");
    const accepted = { reason: "Accepted", message: "nothing is against the task" };
    const { reason, message } = refusal ?? accepted;
    const status = refusal === undefined ? "True" : "False";
    if (before === undefined && refusal === undefined) return;
    if (before?.status === status && before.reason === reason && before.message === message) return;
    const now = timestamp(clock.now());
    const lastTransitionTime = before?.status === status ? before.lastTransitionTime : now;
    const condition = { type: "Accepted", status, reason, message, lastTransitionTime } as const;
    await conditions.conditions(task, [condition], { signal });
    recorder.record(task, { type: refusal ? "Warning" : "Normal", reason, message });
  }

  const controller = new Controller({
    name: "task",
    reconcile: ignoringConflicts(reconcile),
    sources: [
      from(caches.tasks),
      from(caches.frameworks, tasksOfFramework, changesAcknowledgement),
      from(caches.roles, pendingTasks),
    ],
    workers: WORKERS,
    logger,
    clock,
    breath: deps.breath,
    metrics: deps.controllerMetrics,
  });

  function tasksOfFramework({ metadata }: Live<Framework>): string[] {
    return caches.tasks.store.by("framework", keyOf(metadata)).map((task) => keyOf(task.metadata));
  }

  function* pendingTasks(): Generator<string> {
    for (const group of caches.tasks.store.indexed("pending")) {
      for (const task of caches.tasks.store.by("pending", group)) yield keyOf(task.metadata);
    }
  }

  return {
    name: "task",
    async run(signal) {
      const stop = caches.tasks.follow((change) => {
        if (change.type !== "updated" || change.object.spec.agent === undefined) return;
        if (hasEnded(change.object.status) && !hasEnded(change.old.status))
          deps.requestAllocation("TaskEnded");
      });
      await controller.run(signal);
      stop();
    },
  };
}

/** A framework's status changes often; its tasks mind only whether it is there to acknowledge. */
function changesAcknowledgement(change: Change<Framework>): boolean {
  if (change.type !== "updated") return true;
  const { old, object } = change;
  return (
    old.metadata.deletionTimestamp !== object.metadata.deletionTimestamp ||
    old.status?.connected !== object.status?.connected ||
    old.spec.connection.type !== object.spec.connection.type
  );
}
