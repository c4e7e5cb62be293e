import { createHash } from "node:crypto";
import type { Framework } from "../../api/framework.ts";
import { LABEL_AGENT, LABEL_FRAMEWORK, LABEL_OFFER, LABEL_ROLE, TASK_FINALIZER } from "../../api/group.ts";
import { typeMeta } from "../../api/kind.ts";
import type { Offer } from "../../api/offer.ts";
import { Task, type TaskSpec, type TaskTemplate } from "../../api/task.ts";
import type { Live } from "../../cluster/object.ts";
import { labelsOf } from "../allocation/offerobject.ts";

/** Where in the answer to an Offer a task stands. */
export interface Origin {
  readonly offer: Live<Offer>;
  /** Index of the operation, and of the task in it. */
  readonly operation: number;
  readonly index: number;
}

const LONGEST_PREFIX = 200;

/** The template's name, else one made of where it stands: a replay gives the same. */
export const taskName = (origin: Origin, template: TaskTemplate): string =>
  template.name ??
  derived(origin, createHash("sha256").update(origin.offer.metadata.uid).digest("hex").slice(0, 12));

/** For a task whose name belongs to another one. */
export const spareTaskName = (origin: Origin): string => derived(origin, origin.offer.metadata.uid);

function derived({ offer, operation, index }: Origin, id: string): string {
  const prefix = offer.spec.framework.slice(0, LONGEST_PREFIX).replace(/[-.]+$/, "");
  return `${prefix}-${id}-${operation}-${index}`;
}

/** Whether a Task was made from exactly that place. */
export function isFrom({ spec }: Task, { offer, operation, index }: Origin): boolean {
  const from = spec.offer;
  return from?.uid === offer.metadata.uid && from.operation === operation && from.index === index;
}

type ExecutorRef = NonNullable<TaskSpec["executor"]>;

export interface LaunchContext {
  readonly framework: Live<Framework>;
  readonly group?: TaskSpec["group"];
  /** False for the record of a launch that was refused: without an agent nobody ever starts it. */
  readonly launched: boolean;
  /** The Executor object of a Mesos id. */
  readonly executor?: (executorId: string) => Omit<ExecutorRef, "executorId"> | undefined;
}

export function taskObject(
  name: string,
  origin: Origin,
  template: TaskTemplate,
  { framework, group, launched, executor: executorOf }: LaunchContext,
): Task {
  const { offer, operation, index } = origin;
  const { name: _name, ttlAfterFinished, executorId, ...info } = template;
  const executor = executorId === undefined ? undefined : executorOf?.(executorId);
  const { namespace } = offer.metadata;
  const { role, agent } = offer.spec;
  return {
    ...typeMeta(Task),
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      labels: labelsOf({
        [LABEL_FRAMEWORK]: offer.spec.framework,
        [LABEL_ROLE]: role,
        [LABEL_AGENT]: agent,
        [LABEL_OFFER]: offer.metadata.name,
      }),
      finalizers: [TASK_FINALIZER],
    },
    spec: {
      ...withDefaultUser(info, framework.spec.user),
      framework: offer.spec.framework,
      role,
      ...(launched && { agent }),
      offer: { name: offer.metadata.name, uid: offer.metadata.uid, operation, index },
      ...(group && { group }),
      ...(executor !== undefined && executorId !== undefined && { executor: { ...executor, executorId } }),
      ...(ttlAfterFinished !== undefined && { ttlAfterFinished }),
    },
  };
}

/** FrameworkInfo.user is that of its tasks and executors which name none. */
export function withDefaultUser<T extends Pick<TaskTemplate, "container">>(
  info: T,
  user: string | undefined,
): T {
  if (user === undefined || info.container?.user !== undefined) return info;
  return { ...info, container: { imagePullPolicy: "IfNotPresent" as const, ...info.container, user } };
}

/** The least of a template that tells which task it was: for one that the API server would not have as it is. */
export function bareTemplate({ taskId, displayName, resources, labels }: TaskTemplate): TaskTemplate {
  return {
    ...(taskId !== undefined && { taskId }),
    ...(displayName !== undefined && { displayName }),
    ...(labels !== undefined && { labels }),
    resources,
    // It never runs: it has no agent.
    command: { shell: true, value: "exit 1" },
  };
}
