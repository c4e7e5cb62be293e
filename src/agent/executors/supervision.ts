import { randomBytes } from "node:crypto";
import type { Executor } from "../../api/executor.ts";
import type { Task } from "../../api/task.ts";
import { hasEnded } from "../../api/taskstate.ts";
import type { EventWriter } from "../../cluster/events.ts";
import { keyOf, type Live, type Ref } from "../../cluster/object.ts";
import type { Watched } from "../../cluster/reflector.ts";
import type { Resource } from "../../cluster/resource.ts";
import type { TaskRecord } from "../checkpoint/record.ts";
import { Effects, type EffectsOptions } from "../run/effects.ts";
import { endNote } from "../run/endNote.ts";
import { Supervisor, type SupervisorOptions } from "../run/supervisor.ts";
import { executorsAsTasks } from "./asTask.ts";
import type { ExecutorHub } from "./hub.ts";
import { ExecutorStatusWriter } from "./statusWriter.ts";

type Given = "tasks" | "effects" | "executor" | "obstacle" | "onRecord" | "onForget";

export interface SupervisionOptions extends Omit<SupervisorOptions, Given> {
  readonly acting: Omit<EffectsOptions, "status">;
  readonly objects: Watched<Executor>;
  readonly client: Pick<Resource<Executor>, "get" | "updateStatus">;
  readonly tasks: Watched<Task>;
  readonly hub: ExecutorHub;
  readonly events: Pick<EventWriter, "record">;
  /** Told of each change: tasks wait for their executor. */
  readonly onChange: () => void;
}

/** Runs the executors of this node, as tasks are run. */
export function superviseExecutors(options: SupervisionOptions): Supervisor {
  const { acting, objects, client, tasks, hub, events, onChange, ...rest } = options;
  const { clock, log } = rest;
  const status = new ExecutorStatusWriter({ objects: client, store: objects.store, clock, log });
  const hasTask = ({ metadata }: Live<Executor>) => hasLiveTask(tasks, metadata);
  const supervisor = new Supervisor({
    ...rest,
    tasks: executorsAsTasks(objects, hasTask),
    effects: new Effects({ ...acting, status }),
    executor: ({ metadata }) => {
      const spec = objects.store.get(keyOf(metadata))?.spec;
      return spec && { spec, token: randomBytes(32).toString("hex"), subscribed: false };
    },
    obstacle: () => undefined,
    onRecord: (record, recovered) => {
      hub.observeExecutor(record, recovered);
      onChange();
      const object = objects.store.get(keyOf(record));
      const note = hasJustEnded(record) && !recovered ? endNote(record) : undefined;
      if (object?.metadata.uid === record.uid && note) events.record(object, note);
    },
    onForget: () => {},
  });
  tasks.onChange(() => supervisor.schedule());
  return supervisor;
}

/** Whether the API has a task for the executor that has not ended. */
export function hasLiveTask(tasks: Watched<Task>, { namespace, name }: Ref): boolean {
  return [...tasks.store.values()].some(
    ({ metadata, spec, status }) =>
      spec.executor?.name === name && metadata.namespace === namespace && !hasEnded(status),
  );
}

const hasJustEnded = ({ phase, released, pending }: TaskRecord): boolean =>
  phase === "ended" && !released && pending.length > 0;
