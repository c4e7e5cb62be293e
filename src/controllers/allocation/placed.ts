import type { Task } from "../../api/task.ts";
import { hasEnded } from "../../api/taskstate.ts";
import { Applier } from "../../cluster/apply.ts";
import { findCondition, setCondition } from "../../cluster/conditions.ts";
import { Controller, from, type Reconciler } from "../../cluster/controller.ts";
import { isConflict, isNotFound } from "../../cluster/errors.ts";
import type { Live } from "../../cluster/object.ts";
import { timestamp } from "../../cluster/time.ts";
import type { Dependencies } from "../dependencies.ts";
import { taskTerms } from "../world/builtin.ts";
import { roleRefusal } from "../world/roles.ts";
import { Explainer, PLACED_MANAGER } from "./explainer.ts";

/**
 * Keeps the condition Placed of built-in tasks in step with what can be told without an allocation: that a task has its
 * agent, or that no allocation will ever give it one.
 */
export function createPlacedController(deps: Dependencies): Controller {
  const { caches, clients, clock, config, logger, recorder } = deps;
  const applier = new Applier(clients.tasks, PLACED_MANAGER);
  const explainer = new Explainer(deps);

  const reconcile: Reconciler = async (key, signal) => {
    const task = caches.tasks.store.get(key);
    if (task === undefined || !needs(task)) return;
    if (task.spec.agent === undefined) {
      const roles = (path: string) => caches.roles.store.by("path", path);
      const { namespace = "" } = task.metadata;
      const refusal = roleRefusal(roles, task.spec.role, namespace, config.roles.implicit);
      const terms = taskTerms(task.spec);
      const why = refusal ?? ("reason" in terms ? terms : undefined);
      if (why !== undefined) await explainer.say(task, why, signal);
      return;
    }
    const message = `placed on ${task.spec.agent} by the built-in framework`;
    const condition = { type: "Placed", status: "True" as const, reason: "Placed", message };
    const before = task.status?.conditions;
    const placed = findCondition(setCondition(before, condition, timestamp(clock.now())), "Placed");
    if (placed === undefined) return;
    try {
      await applier.conditions(task, [placed], { signal });
      recorder.record(task, { type: "Normal", reason: "Placed", message });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  };

  const waiting = function* () {
    for (const key of caches.tasks.store.indexed("pending")) {
      for (const { metadata } of caches.tasks.store.by("pending", key)) {
        yield `${metadata.namespace ?? ""}/${metadata.name}`;
      }
    }
  };
  return new Controller({
    name: "placed",
    reconcile,
    sources: [
      from(caches.tasks, undefined, ({ type, object }) => type !== "deleted" && needs(object)),
      from(caches.roles, waiting),
    ],
    workers: 4,
    logger,
    clock,
    breath: deps.breath,
    metrics: deps.controllerMetrics,
  });
}

function needs({ spec, status }: Live<Task>): boolean {
  if (spec.framework !== undefined || hasEnded(status)) return false;
  return spec.agent === undefined || findCondition(status?.conditions, "Placed")?.status !== "True";
}
