import { isDeepStrictEqual } from "node:util";
import type { ExecutorTemplate } from "../api/executor.ts";
import type { Operation } from "../api/offer.ts";
import type { Resource as ResourceSpec } from "../api/resource.ts";
import { MOST_IN_GROUP, type TaskTemplate } from "../api/task.ts";
import { enumName } from "../wire/enums.ts";
import {
  type Offer_Operation,
  Offer_Operation_ReserveSchema,
  Offer_Operation_Type,
  Offer_Operation_TypeSchema,
  type Resource,
  type TaskInfo,
} from "../wire/gen/mesos/v1/mesos_pb.ts";
import { executorTemplate } from "./executor.ts";
import { groupExecutor, taskOfGroup } from "./group.ts";
import { resourceSpec, resourceSpecs } from "./resources.ts";
import { taskTemplate } from "./task.ts";
import { onlyFields, Unsupported } from "./unsupported.ts";

/** A task that cannot be launched, and why. */
export interface RefusedTask {
  readonly info: TaskInfo;
  readonly message: string;
  readonly reason: "REASON_TASK_INVALID" | "REASON_TASK_GROUP_INVALID";
}

export interface ConvertedOperation {
  /** What is left to carry out; absent: nothing is. */
  readonly operation?: Operation;
  readonly refused: readonly RefusedTask[];
  /** Of an operation other than a launch: why it cannot be carried out. */
  readonly problem?: string;
}

export const tasksOf = ({ type, launch, launchGroup }: Offer_Operation): readonly TaskInfo[] => {
  if (type === Offer_Operation_Type.LAUNCH) return launch?.taskInfos ?? [];
  return type === Offer_Operation_Type.LAUNCH_GROUP ? (launchGroup?.taskGroup?.tasks ?? []) : [];
};

export const isLaunch = ({ type }: Offer_Operation): boolean =>
  type === Offer_Operation_Type.LAUNCH || type === Offer_Operation_Type.LAUNCH_GROUP;

/** An operation of an ACCEPT on offers of this agent. Never throws: what cannot be done is told. */
export function convertOperation(operation: Offer_Operation, agent: string): ConvertedOperation {
  try {
    switch (operation.type) {
      case Offer_Operation_Type.LAUNCH:
        return launch(operation, agent);
      case Offer_Operation_Type.LAUNCH_GROUP:
        return launchGroup(operation, agent);
      default:
        return { operation: resourceOperation(operation), refused: [] };
    }
  } catch (error) {
    if (error instanceof Unsupported) return { refused: [], problem: error.message };
    throw error;
  }
}

/** Each task by itself. */
function launch(operation: Offer_Operation, agent: string): ConvertedOperation {
  const reason = "REASON_TASK_INVALID";
  const refused: RefusedTask[] = [];
  const tasks: TaskTemplate[] = [];
  const executors = new Map<string, ExecutorTemplate>();
  for (const info of tasksOf(operation)) {
    const message = noFeedback(operation) ?? attempt(() => takeExecutor(executors, info));
    const converted = typeof message === "string" ? message : attempt(() => taskTemplate(info, agent));
    if (typeof converted === "string") refused.push({ info, message: converted, reason });
    else tasks.push(converted);
  }
  if (tasks.length === 0) return { refused };
  const launch = { tasks, ...(executors.size > 0 && { executors: [...executors.values()] }) };
  return { refused, operation: { type: "LAUNCH", launch } };
}

/** Tasks of one operation may share an executor: same ExecutorID means identical ExecutorInfo. */
function takeExecutor(executors: Map<string, ExecutorTemplate>, { executor }: TaskInfo): void {
  if (executor === undefined) return;
  const template = executorTemplate(executor);
  const known = executors.get(template.executorId);
  if (known !== undefined && !isDeepStrictEqual(known, template)) {
    throw new Unsupported(
      `ExecutorInfo is not compatible with existing ExecutorInfo with same ExecutorID '${template.executorId}'`,
    );
  }
  executors.set(template.executorId, template);
}

/** All tasks or none. */
function launchGroup(operation: Offer_Operation, agent: string): ConvertedOperation {
  const reason = "REASON_TASK_GROUP_INVALID";
  const infos = tasksOf(operation);
  const { executor: info } = operation.launchGroup ?? {};
  const executor = attempt(() => groupExecutor(info));
  const tooMany =
    infos.length > MOST_IN_GROUP ? `a task group has at most ${MOST_IN_GROUP} tasks` : undefined;
  const wrong = noFeedback(operation) ?? tooMany ?? (typeof executor === "string" ? executor : undefined);
  const converted = infos.map((task) => attempt(() => taskTemplate(taskOfGroup(task, info), agent)));
  const first = wrong ?? converted.find((one) => typeof one === "string");
  if (first !== undefined) {
    const message = (i: number) => {
      const own = converted[i];
      return wrong ?? (typeof own === "string" ? own : `A task of the task group is invalid: ${first}`);
    };
    return { refused: infos.map((info, i) => ({ info, message: message(i), reason })) };
  }
  const tasks = converted.filter((one) => typeof one !== "string");
  if (tasks.length === 0 || typeof executor === "string") return { refused: [] };
  return { refused: [], operation: { type: "LAUNCH_GROUP", launchGroup: { tasks, executor } } };
}

function attempt<T>(convert: () => T): T | string {
  try {
    return convert();
  } catch (error) {
    if (error instanceof Unsupported) return error.message;
    throw error;
  }
}

const noFeedback = ({ id }: Offer_Operation): string | undefined =>
  id === undefined ? undefined : "The 'id' field was set in an operation of type LAUNCH or LAUNCH_GROUP";

function resourceOperation(operation: Offer_Operation): Operation {
  const { type, reserve, unreserve, create, destroy, growVolume, shrinkVolume } = operation;
  const some = (field: string, resources: readonly Resource[] | undefined) => {
    if (resources === undefined) throw new Unsupported(`Expecting '${field}' to be present`);
    if (resources.length === 0) throw new Unsupported("No resources specified");
    return { resources: resourceSpecs(resources) };
  };
  switch (type) {
    case Offer_Operation_Type.RESERVE:
      if (reserve) onlyFields(Offer_Operation_ReserveSchema, reserve, ["resources"], "reserve");
      return { type: "RESERVE", reserve: some("reserve", reserve?.resources) };
    case Offer_Operation_Type.UNRESERVE:
      return { type: "UNRESERVE", unreserve: some("unreserve", unreserve?.resources) };
    case Offer_Operation_Type.CREATE:
      return { type: "CREATE", create: some("create", create?.volumes) };
    case Offer_Operation_Type.DESTROY:
      return { type: "DESTROY", destroy: some("destroy", destroy?.volumes) };
    case Offer_Operation_Type.GROW_VOLUME:
      if (growVolume === undefined) throw new Unsupported("Expecting 'grow_volume' to be present");
      return growOperation(growVolume.volume, growVolume.addition);
    case Offer_Operation_Type.SHRINK_VOLUME:
      if (shrinkVolume === undefined) throw new Unsupported("Expecting 'shrink_volume' to be present");
      return shrinkOperation(shrinkVolume.volume, shrinkVolume.subtract?.value ?? 0);
    case Offer_Operation_Type.CREATE_DISK:
    case Offer_Operation_Type.DESTROY_DISK:
      throw new Unsupported(
        `${nameOf(type)} is for disks of a resource provider, of which there are none: reserve disk and CREATE a volume`,
      );
    default:
      throw new Unsupported(`operations of type ${nameOf(type)} are not supported`);
  }
}

/** Throws Unsupported. */
export const growOperation = (volume: Resource | undefined, addition: Resource | undefined): Operation => ({
  type: "GROW_VOLUME",
  growVolume: { volume: one("volume", volume), addition: one("addition", addition) },
});

/** `subtract` is in MiB. Throws Unsupported. */
export const shrinkOperation = (volume: Resource | undefined, subtract: number): Operation => ({
  type: "SHRINK_VOLUME",
  shrinkVolume: { volume: one("volume", volume), subtract: { scalar: subtract } },
});

function one(field: string, resource: Resource | undefined): ResourceSpec {
  if (resource === undefined) throw new Unsupported(`Expecting '${field}' to be present`);
  return resourceSpec(resource);
}

const nameOf = (type: Offer_Operation_Type): string => enumName(Offer_Operation_TypeSchema, type);
