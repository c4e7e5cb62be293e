import { create } from "@bufbuild/protobuf";
import { LABEL_AGENT } from "../api/group.ts";
import type { StatusUpdate, Task } from "../api/task.ts";
import type { TaskState as StateName } from "../api/taskstate.ts";
import { enumNumber } from "../wire/enums.ts";
import {
  CheckInfo_Type,
  type CheckStatusInfo,
  CheckStatusInfoSchema,
  type ContainerStatus,
  ContainerStatusSchema,
  TaskState,
  TaskStateSchema,
  type TaskStatus,
  TaskStatus_Reason,
  TaskStatus_ReasonSchema,
  TaskStatus_Source,
  TaskStatusSchema,
} from "../wire/gen/mesos/v1/mesos_pb.ts";
import { labelsMessage, timeInfo } from "./amounts.ts";
import { limitationOf } from "./limits.ts";

export const taskIdOf = ({
  metadata,
  spec,
}: {
  readonly metadata: Pick<Task["metadata"], "name">;
  readonly spec: Pick<Task["spec"], "taskId">;
}): string => spec.taskId ?? metadata.name;

/** States that only a PARTITION_AWARE framework knows. */
const FINER: ReadonlySet<StateName> = new Set<StateName>([
  "TASK_DROPPED",
  "TASK_UNREACHABLE",
  "TASK_GONE",
  "TASK_GONE_BY_OPERATOR",
  "TASK_UNKNOWN",
]);

const SOURCES = {
  SOURCE_MASTER: TaskStatus_Source.MASTER,
  SOURCE_AGENT: TaskStatus_Source.AGENT,
  SOURCE_EXECUTOR: TaskStatus_Source.EXECUTOR,
} as const;

export const stateNumber = (state: StateName, partitionAware: boolean): TaskState =>
  (enumNumber(TaskStateSchema, FINER.has(state) && !partitionAware ? "TASK_LOST" : state) as
    | TaskState
    | undefined) ?? TaskState.TASK_LOST;

/** A status update of a task's. One that the master makes has no uuid: nobody acknowledges it. */
export function updateStatus(task: Task, update: StatusUpdate, partitionAware: boolean): TaskStatus {
  const isLast = task.status?.updates?.at(-1)?.uuid === update.uuid;
  const fromMaster = update.source === "SOURCE_MASTER";
  const limitation = limitationOf(task, update.reason);
  return create(TaskStatusSchema, {
    ...identity(task),
    state: stateNumber(update.state, partitionAware),
    source: SOURCES[update.source],
    ...reason(update.reason),
    ...(limitation && { limitation }),
    ...(update.message !== undefined && { message: update.message }),
    timestamp: Date.parse(update.timestamp) / 1000,
    ...(update.healthy !== undefined && { healthy: update.healthy }),
    ...(update.data !== undefined && { data: new Uint8Array(Buffer.from(update.data, "base64")) }),
    ...(update.labels && { labels: labelsMessage(update.labels) }),
    ...(!fromMaster && { uuid: uuidBytes(update.uuid) }),
    // These are as they are now: right for the newest update alone.
    ...(isLast && latest(task)),
  });
}

/** The answer to a reconciliation of a task that is known. */
export function reconciledStatus(task: Task, partitionAware: boolean, now: number): TaskStatus {
  const { state = "TASK_STAGING", healthy } = task.status ?? {};
  return create(TaskStatusSchema, {
    ...identity(task),
    state: stateNumber(state, partitionAware),
    source: TaskStatus_Source.MASTER,
    reason: TaskStatus_Reason.RECONCILIATION,
    message: "Reconciliation: Latest task state",
    timestamp: now / 1000,
    ...(healthy !== undefined && { healthy }),
    ...latest(task),
  });
}

export interface MasterStatus {
  readonly taskId: string;
  readonly agent?: string | undefined;
  readonly state: StateName;
  readonly reason: string;
  readonly message: string;
}

/** What the master says of a task that is none: refused, or unknown. */
export const masterStatus = (status: MasterStatus, partitionAware: boolean, now: number): TaskStatus =>
  create(TaskStatusSchema, {
    taskId: { value: status.taskId },
    ...(status.agent !== undefined && { agentId: { value: status.agent } }),
    state: stateNumber(status.state, partitionAware),
    source: TaskStatus_Source.MASTER,
    ...reason(status.reason),
    message: status.message,
    timestamp: now / 1000,
  });

function identity(task: Task) {
  // One that was refused has no agent; its label says which one it was meant for.
  const agent = task.spec.agent ?? task.metadata.labels?.[LABEL_AGENT];
  const { executor } = task.spec;
  return {
    taskId: { value: taskIdOf(task) },
    ...(agent !== undefined && { agentId: { value: agent } }),
    ...(executor && { executorId: { value: executor.executorId } }),
  };
}

/** A reason that is this project's own has no number, and is left to the message. */
function reason(name: string | undefined): { reason?: TaskStatus_Reason } {
  const number = name === undefined ? undefined : enumNumber(TaskStatus_ReasonSchema, name);
  return number === undefined ? {} : { reason: number as TaskStatus_Reason };
}

function latest(task: Task) {
  const checkStatus = checkStatusOf(task);
  const containerStatus = containerStatusOf(task);
  const { unreachableSince } = task.status ?? {};
  return {
    ...(checkStatus && { checkStatus }),
    ...(containerStatus && { containerStatus }),
    ...(unreachableSince !== undefined && { unreachableTime: timeInfo(unreachableSince) }),
  };
}

/** Set whenever the task has a check, whose result may be still to come. */
function checkStatusOf({ spec, status }: Task): CheckStatusInfo | undefined {
  if (spec.check === undefined) return undefined;
  const { exitCode, statusCode, succeeded } = status?.checkStatus ?? {};
  switch (spec.check.type) {
    case "COMMAND":
      return create(CheckStatusInfoSchema, {
        type: CheckInfo_Type.COMMAND,
        command: exitCode === undefined ? {} : { exitCode },
      });
    case "HTTP":
      return create(CheckStatusInfoSchema, {
        type: CheckInfo_Type.HTTP,
        http: statusCode === undefined ? {} : { statusCode },
      });
    default:
      return create(CheckStatusInfoSchema, {
        type: CheckInfo_Type.TCP,
        tcp: succeeded === undefined ? {} : { succeeded },
      });
  }
}

function containerStatusOf({ spec, status }: Task): ContainerStatus | undefined {
  const { container, addresses = [] } = status ?? {};
  if (container === undefined && addresses.length === 0) return undefined;
  const name = spec.container?.network?.name;
  return create(ContainerStatusSchema, {
    ...(container && { containerId: { value: container.id } }),
    ...(container?.pid !== undefined && { executorPid: container.pid }),
    networkInfos: [
      {
        ...(name !== undefined && { name }),
        ipAddresses: addresses.map((ipAddress) => ({ ipAddress })),
      },
    ],
  });
}

/** The 16 bytes of a UUID's text. */
export const uuidBytes = (uuid: string): Uint8Array =>
  new Uint8Array(Buffer.from(uuid.replaceAll("-", ""), "hex"));

export function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** 16 bytes of a version that RFC 4122 knows (stout/uuid.hpp, UUID::fromBytes). */
export function uuidProblem(bytes: Uint8Array | undefined): string | undefined {
  const version = (bytes?.[6] ?? 0) >> 4;
  return bytes?.length === 16 && version >= 1 && version <= 5 ? undefined : "Not a valid UUID";
}
