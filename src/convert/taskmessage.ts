import { create, isFieldSet } from "@bufbuild/protobuf";
import type { StatusUpdate, Task as TaskObject } from "../api/task.ts";
import type { Live } from "../cluster/object.ts";
import type { Resources } from "../resources/index.ts";
import { enumName } from "../wire/enums.ts";
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
} from "../wire/gen/mesos/v1/mesos_pb.ts";
import { toJsonValue } from "../wire/tojson.ts";
import { Flat } from "./flat.ts";
import { stateNumber, taskIdOf, updateStatus } from "./status.ts";
import { taskInfo } from "./taskinfo.ts";

/** Whose tasks they are, as far as that shows in them. */
export interface TaskOwner {
  /** Mesos FrameworkID. */
  readonly id: string;
  readonly user: string;
  readonly partitionAware: boolean;
}

/** A task that has an agent, as the operator APIs of master and agent tell it. */
export function taskMessage(task: Live<TaskObject>, owner: TaskOwner): Task {
  const { name, taskId, agentId, resources, labels, discovery, container, healthCheck, killPolicy, limits } =
    taskInfo(task, { refinement: true, allocationRole: task.spec.role });
  const user = task.spec.container?.user ?? owner.user;
  return create(TaskSchema, {
    name,
    frameworkId: { value: owner.id },
    state: stateNumber(task.status?.state ?? "TASK_STAGING", owner.partitionAware),
    resources,
    statuses: updatesOf(task).map((update) => updateStatus(task, update, owner.partitionAware)),
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

/** What was told of it; of a task whose state was written without an update, that state. */
export function updatesOf({ metadata, status }: Live<TaskObject>): readonly StatusUpdate[] {
  const { state, updates = [], container, healthy } = status ?? {};
  if (updates.length > 0 || state === undefined) return updates;
  const timestamp = container?.finishedAt ?? container?.startedAt ?? metadata.creationTimestamp;
  const source = status?.source ?? "SOURCE_MASTER";
  return [{ uuid: metadata.uid, state, source, timestamp, ...(healthy !== undefined && { healthy }) }];
}

/** The same on the v0 paths (Mesos: src/common/http.cpp, json of a Task). */
export function v0Task(task: Live<TaskObject>, owner: TaskOwner, held: Resources): object {
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
    resources: Flat.of(held),
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
