import type { Framework } from "../../api/framework.ts";
import type { Task } from "../../api/task.ts";
import { Controller, from, type Result } from "../../cluster/controller.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import type { Dependencies, Runnable } from "../dependencies.ts";
import { eachLimited } from "../limited.ts";
import type { Toleration } from "../node/taints.ts";
import { ignoringConflicts } from "../task/conflicts.ts";
import { askToKill, frameworkOf, partitionAware, writeTransition } from "../task/write.ts";
import { Standing } from "./standing.ts";
import { taintStep } from "./tolerance.ts";

/** Tasks of one node written at a time. */
const WIDTH = 8;
/** Milliseconds: longer than any timer needs to be. */
const LOOK_AGAIN = 3_600_000;

/**
 * Ends the tasks that do not tolerate a NoExecute taint of their node, as Kubernetes ends Pods; the slot Pod itself tolerates all. Keys
 * are names of nodes.
 */
export function createTaintController(deps: Dependencies): Runnable {
  const { caches, clock, logger, recorder } = deps;
  const standing = new Standing();

  async function reconcile(name: string, signal: AbortSignal): Promise<Result> {
    const now = clock.now();
    const taints = standing.observe(name, caches.nodes.store.get(name), now);
    if (taints.length === 0) return {};
    const waits: number[] = [];
    await eachLimited(caches.tasks.store.by("liveAgent", name), WIDTH, async (task) => {
      const tolerations = tolerationsOf(task);
      if (tolerations === undefined) return;
      const aware = partitionAware(deps, task);
      const step = taintStep(task, { taints, tolerations, partitionAware: aware, now });
      switch (step?.kind) {
        case "wait":
          waits.push(step.after);
          return;
        case "kill": {
          const { message } = step;
          await askToKill(deps, task, { reason: "REASON_AGENT_DRAINING", message }, signal);
          recorder.record(task, { type: "Normal", reason: "TaintEviction", message: `killed: ${message}` });
          return;
        }
        case "end": {
          const { transition } = step;
          await writeTransition(deps, task, transition, signal);
          recorder.record(task, { type: "Warning", reason: "TaintEviction", message: transition.message });
        }
      }
    });
    return waits.length === 0 ? {} : { requeueAfter: Math.min(LOOK_AGAIN, ...waits) };
  }

  /** Undefined: its framework is not there, and the task ends with it. */
  function tolerationsOf(task: Live<Task>): readonly Toleration[] | undefined {
    if (task.spec.framework === undefined) return task.spec.tolerations ?? [];
    const framework = frameworkOf(deps, task);
    return framework && (framework.spec.tolerations ?? []);
  }

  const nodesOf = ({ metadata }: Live<Framework>): string[] =>
    caches.tasks.store
      .by("liveFramework", keyOf(metadata))
      .flatMap(({ spec }) => (spec.agent === undefined ? [] : [spec.agent]));

  return new Controller({
    name: "taint",
    reconcile: ignoringConflicts(reconcile),
    sources: [
      from(caches.nodes),
      from(caches.tasks, ({ spec }) => (spec.agent === undefined ? [] : [spec.agent])),
      // Its status changes often.
      from(
        caches.frameworks,
        nodesOf,
        (change) =>
          change.type !== "updated" || change.old.metadata.generation !== change.object.metadata.generation,
      ),
    ],
    workers: 4,
    logger,
    clock,
    breath: deps.breath,
    metrics: deps.controllerMetrics,
  });
}
