import { API_VERSION, TASK_FINALIZER } from "../../../src/api/group.ts";
import type { Task } from "../../../src/api/task.ts";
import { tasks } from "../../../src/client/handles.ts";
import { findCondition } from "../../../src/cluster/conditions.ts";
import type { Connection } from "../../../src/cluster/connection.ts";
import { createLogger } from "../../../src/cluster/logger.ts";
import { Reflector } from "../../../src/cluster/reflector.ts";
import { eachLimited } from "../../../src/controllers/limited.ts";
import { WORK } from "../cluster/controlplane.ts";
import { round } from "../cluster/statistics.ts";
import { until } from "../cluster/waiting.ts";

const WIDTH = 16;
const LABEL = "bench";
/** One of them fits nowhere for so many that do. */
const FIT = 4;

/** What became of tasks without a framework; milliseconds from the first's creation. */
export interface Applied {
  readonly tasks: number;
  /** Until all that fit have an agent. */
  readonly placedMs: number;
  /** Until all that fit nowhere say why. */
  readonly explainedMs: number;
}

/** Applies so many at one time, as people do: a third with a constraint on each other's agents, a third to be spread, and removes them once each has its answer. */
export async function applyTasks(
  connection: Connection,
  name: string,
  count: number,
  seconds: number,
  patience: number,
): Promise<Applied> {
  const handle = tasks(connection);
  const selection = { namespace: WORK, labelSelector: `${LABEL}=${name}` };
  const logger = createLogger({ name: "applied", level: "warn" });
  const cache = new Reflector(handle, { ...selection, logger });
  const stop = new AbortController();
  const running = cache.run(stop.signal);
  const all = Array.from({ length: count }, (_, index) => task(name, index, seconds));
  const fitting = Math.ceil((count * FIT) / (FIT + 1));
  try {
    await cache.synced;
    const began = performance.now();
    const after = async (wanted: number, isSo: (task: Task) => boolean) => {
      const found = () => [...cache.store.values()].filter(isSo).length;
      await until(
        () => (found() >= wanted ? true : undefined),
        patience,
        () => `${found()} of ${wanted} tasks without a framework have their answer`,
      );
      return round(performance.now() - began);
    };
    const placed = after(fitting, ({ spec }) => spec.agent !== undefined);
    const explained = after(
      count - fitting,
      ({ status }) => findCondition(status?.conditions, "Placed")?.status === "False",
    );
    const made = eachLimited(all, WIDTH, async (one) => {
      await handle.create(one);
    });
    await Promise.all([made, placed, explained]);
    return { tasks: count, placedMs: await placed, explainedMs: await explained };
  } finally {
    await eachLimited([...cache.store.values()], WIDTH, async ({ metadata }) => {
      await handle.delete(metadata).catch(() => {});
    });
    stop.abort();
    await running;
  }
}

function task(name: string, index: number, seconds: number): Task {
  const fits = index % (FIT + 1) !== FIT;
  const constraint = [undefined, "Unique", "Balanced"] as const;
  const operator = constraint[index % constraint.length];
  return {
    apiVersion: API_VERSION,
    kind: "Task",
    metadata: {
      name: `${name}-${index}`,
      namespace: WORK,
      labels: { [LABEL]: name },
      finalizers: [TASK_FINALIZER],
    },
    spec: {
      role: "*",
      resources: [
        { name: "cpus", scalar: fits ? 0.1 : 1000 },
        { name: "mem", scalar: 64 },
      ],
      command: { shell: true, value: `sleep ${seconds}` },
      labels: { [LABEL]: name },
      // Of each other: tasks that run already may be on each agent there is.
      ...(operator && { constraints: [{ attribute: "HOSTNAME", operator, peers: LABEL }] }),
    },
  };
}
