import { create, isFieldSet } from "@bufbuild/protobuf";
import type { StatusUpdate, Task as TaskObject } from "../../api/task.ts";
import type { Live } from "../../cluster/object.ts";
import { taskTerms } from "../../controllers/world/builtin.ts";
import { holdings } from "../../controllers/world/holdings.ts";
import { stateNumber, taskIdOf, updateStatus } from "../../convert/status.ts";
import { taskInfo } from "../../convert/taskinfo.ts";
import { enumName } from "../../wire/enums.ts";
import {
  ContainerInfoSchema,
  DiscoveryInfoSchema,
  HealthCheckSchema,
  LabelSchema,
  type Labels,
  NetworkInfoSchema,
  type Task,
  TaskSchema,
  TaskStateSchema,
  type TaskStatus,
  TaskStatusSchema,
} from "../../wire/gen/mesos/v1/mesos_pb.ts";
import { toJsonValue } from "../../wire/tojson.ts";
import { Flat } from "./flat.ts";
import { Told } from "./told.ts";

/** Whose tasks they are, as far as that shows in them. */
export interface TaskOwner {
  /** Mesos FrameworkID. */
  readonly id: string;
  readonly user: string;
  readonly partitionAware: boolean;
}

const known = new WeakMap<Live<TaskObject>, { readonly owner: string; readonly told: Told }>();

/** A task that has an agent: Mesos knows no others. */
export function toldTask(task: Live<TaskObject>, owner: TaskOwner): Told {
  const words = `${owner.id} ${owner.user} ${owner.partitionAware}`;
  const before = known.get(task);
  if (before?.owner === words) return before.told;
  const told = new Told(
    TaskSchema,
    () => taskMessage(task, owner),
    () => v0Task(task, owner),
  );
  known.set(task, { owner: words, told });
  return told;
}

/** Those of the list that can be told: one that is written by hand may ask for what nobody understands. */
export function* toldTasks(list: Iterable<Live<TaskObject>>, owner: TaskOwner): Generator<Told, void> {
  for (const task of list) if (isUnderstood(task)) yield toldTask(task, owner);
}

export const isUnderstood = ({ spec }: Live<TaskObject>): boolean => !("reason" in taskTerms(spec));

export function taskMessage(task: Live<TaskObject>, owner: TaskOwner): Task {
  const { name, taskId, agentId, resources, labels, discovery, container, healthCheck, killPolicy, limits } =
    taskInfo(task, { refinement: true, allocationRole: task.spec.role });
  const user = task.spec.container?.user ?? owner.user;
  return create(TaskSchema, {
    name,
    frameworkId: { value: owner.id },
    state: stateNumber(task.status?.state ?? "TASK_STAGING", owner.partitionAware),
    resources,
    statuses: statuses(task, owner),
    ...(taskId && { taskId }),
    ...(task.spec.executor && { executorId: { value: task.spec.executor.executorId } }),
    ...(agentId && { agentId }),
    ...(labels && { labels }),
    ...(discovery && { discovery }),
    ...(container && { container }),
    ...(healthCheck && { healthCheck }),
    ...(killPolicy && { killPolicy }),
    ...(user !== "" && { user }),
    limits,
  });
}

const statuses = (task: Live<TaskObject>, { partitionAware }: TaskOwner): TaskStatus[] =>
  updatesOf(task).map((update) => updateStatus(task, update, partitionAware));

/** What was told of it; of a task whose state was written without an update, that state. */
export function updatesOf({ metadata, status }: Live<TaskObject>): readonly StatusUpdate[] {
  const { state, updates = [], container, healthy } = status ?? {};
  if (updates.length > 0 || state === undefined) return updates;
  const timestamp = container?.finishedAt ?? container?.startedAt ?? metadata.creationTimestamp;
  const source = status?.source ?? "SOURCE_MASTER";
  return [{ uuid: metadata.uid, state, source, timestamp, ...(healthy !== undefined && { healthy }) }];
}

/** Mesos: src/common/http.cpp, json of a Task. */
function v0Task(task: Live<TaskObject>, owner: TaskOwner): object {
  const message = taskMessage(task, owner);
  const { labels, discovery, container, healthCheck, limits, user } = message;
  const limited = Object.entries(limits).map(([name, { value }]) => [name, infinite(value)]);
  return {
    id: taskIdOf(task),
    name: message.name,
    framework_id: owner.id,
    executor_id: message.executorId?.value ?? "",
    slave_id: message.agentId?.value ?? "",
    state: enumName(TaskStateSchema, message.state),
    resources: Flat.of(holdings(task)),
    ...(limited.length > 0 && { limits: Object.fromEntries(limited) }),
    role: task.spec.role,
    statuses: message.statuses.map(v0Status),
    ...(user !== "" && { user }),
    ...(labels && { labels: v0Labels(labels) }),
    ...(discovery && { discovery: toJsonValue(DiscoveryInfoSchema, discovery) }),
    ...(container && { container: toJsonValue(ContainerInfoSchema, container) }),
    ...(healthCheck && { health_check: toJsonValue(HealthCheckSchema, healthCheck) }),
  };
}

/** JSON has no infinity. */
const infinite = (value: number): number | string => (Number.isFinite(value) ? value : String(value));

export const v0Labels = ({ labels }: Labels): object[] =>
  labels.map((label) => toJsonValue(LabelSchema, label));

function v0Status(status: TaskStatus): object {
  const { state, timestamp, containerStatus, healthy } = status;
  const networks = containerStatus?.networkInfos ?? [];
  const id = containerStatus?.containerId?.value;
  return {
    state: enumName(TaskStateSchema, state),
    timestamp,
    ...(containerStatus && {
      container_status: {
        ...(id !== undefined && { container_id: { value: id } }),
        ...(networks.length > 0 && {
          network_infos: networks.map((one) => toJsonValue(NetworkInfoSchema, one)),
        }),
      },
    }),
    ...(isFieldSet(status, TaskStatusSchema.field.healthy) && { healthy }),
  };
}
