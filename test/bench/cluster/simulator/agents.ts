import { TaskStatusWriter } from "../../../../src/agent/run/statusWriter.ts";
import { addAmounts, grantable } from "../../../../src/agent/slot/grant.ts";
import { NO_AMOUNTS, slotState } from "../../../../src/agent/slot/slotState.ts";
import { slotPodName } from "../../../../src/api/group.ts";
import type { Task } from "../../../../src/api/task.ts";
import { hasBegun, hasEnded } from "../../../../src/api/taskstate.ts";
import { Controller, from } from "../../../../src/cluster/controller.ts";
import type { Pod } from "../../../../src/cluster/core.ts";
import type { Logger } from "../../../../src/cluster/logger.ts";
import { keyOf, type Live, type Ref } from "../../../../src/cluster/object.ts";
import type { Reflector } from "../../../../src/cluster/reflector.ts";
import type { Resource } from "../../../../src/cluster/resource.ts";
import type { Reader } from "../../../../src/cluster/store.ts";
import { systemClock } from "../../../../src/cluster/time.ts";
import { isSlot } from "../../../../src/controllers/slot/state.ts";
import { SYSTEM } from "./protocol.ts";
import { SimulatedTask, wants } from "./task.ts";

const WORKERS = 64;

export interface AgentsOptions {
  readonly tasks: Resource<Task>;
  readonly taskCache: Reflector<Task, "agent">;
  readonly podCache: Reflector<Pod>;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** A task that was taken on, and what it holds of its slot. */
interface Held {
  readonly task: Live<Task>;
  readonly run: SimulatedTask;
}

/**
 * The agents of every node: each starts what its slot Pod has room for, by the agent's own rule, and tells of its tasks. No
 * container is made.
 */
export function createAgents({ tasks, taskCache, podCache, logger, signal }: AgentsOptions): Controller {
  /** By agent, then by uid. */
  const held = new Map<string, Map<string, Held>>();
  const newest = new NewestTasks(tasks, taskCache);
  const { reader, writer } = newest;
  const statusWriter = new TaskStatusWriter({
    objects: writer,
    store: reader,
    clock: systemClock,
    log: logger,
  });

  async function reconcile(agent: string): Promise<void> {
    const slot = podCache.store.get(`${SYSTEM}/${slotPodName(agent)}`);
    const known = taskCache.store.by("agent", agent);
    const own = held.get(agent) ?? new Map<string, Held>();
    held.set(agent, own);
    for (const { metadata, spec } of known) {
      const killed = spec.kill !== undefined || metadata.deletionTimestamp !== undefined;
      if (killed) own.get(metadata.uid)?.run.kill();
    }
    const sum = Array.from(own.values(), ({ task }) => wants(task)).reduce(addAmounts, NO_AMOUNTS);
    const waiting = known.filter(
      ({ metadata, spec, status }) =>
        !own.has(metadata.uid) && !hasBegun(status) && !hasEnded(status) && spec.kill === undefined,
    );
    const granted = grantable(waiting.map(candidate), slot && slotState(slot), sum);
    for (const { uid } of granted) {
      const task = waiting.find(({ metadata }) => metadata.uid === uid);
      if (task !== undefined) start(agent, own, task);
    }
  }

  function start(agent: string, own: Map<string, Held>, task: Live<Task>): void {
    const run = new SimulatedTask(task, statusWriter);
    const { uid } = task.metadata;
    own.set(uid, { task, run });
    run
      .run(signal)
      .catch((err: unknown) => {
        if (!signal.aborted) logger.error({ err, task: keyOf(task.metadata) }, "a task was given up");
      })
      .finally(() => {
        own.delete(uid);
        newest.forget(task.metadata);
        controller.enqueue(agent);
      });
  }

  const controller = new Controller({
    name: "agents",
    reconcile,
    sources: [
      from(taskCache, ({ spec }) => (spec.agent === undefined ? [] : [spec.agent])),
      from(
        podCache,
        ({ spec }) => (spec?.nodeName === undefined ? [] : [spec.nodeName]),
        ({ object }) => isSlot(object, SYSTEM),
      ),
    ],
    workers: WORKERS,
    logger,
  });
  return controller;
}

const candidate = (task: Live<Task>) => {
  const { uid, namespace = "", name, creationTimestamp: createdAt } = task.metadata;
  return { uid, namespace, name, createdAt, wants: wants(task) };
};

/**
 * Tasks as they were last written from here, where the cache does not show that yet: a container takes longer to start than a watch
 * to catch up, here nothing does.
 */
class NewestTasks {
  readonly reader: Pick<Reader<Task>, "get">;
  readonly writer: Pick<Resource<Task>, "get" | "updateStatus">;
  readonly #written = new Map<string, Live<Task>>();

  constructor(tasks: Resource<Task>, cache: Reflector<Task, "agent">) {
    this.reader = { get: (key) => newer(cache.store.get(key), this.#written.get(key)) };
    this.writer = {
      get: (ref, options) => tasks.get(ref, options),
      updateStatus: async (object, options) => {
        const task = await tasks.updateStatus(object, options);
        this.#written.set(keyOf(task.metadata), task);
        return task;
      },
    };
  }

  forget(ref: Ref): void {
    this.#written.delete(keyOf(ref));
  }
}

function newer(a: Live<Task> | undefined, b: Live<Task> | undefined): Live<Task> | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return BigInt(a.metadata.resourceVersion) > BigInt(b.metadata.resourceVersion) ? a : b;
}
