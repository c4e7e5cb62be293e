import { isFieldSet } from "@bufbuild/protobuf";
import type { StatusUpdate } from "../../api/task.ts";
import type { TaskState as StateName } from "../../api/taskstate.ts";
import { uuidText } from "../../convert/status.ts";
import { enumName } from "../../wire/enums.ts";
import {
  TaskStateSchema,
  type TaskStatus,
  TaskStatus_ReasonSchema,
  TaskStatusSchema,
} from "../../wire/gen/mesos/v1/mesos_pb.ts";

/** What the API takes. */
const MOST_MESSAGE = 4096;
const MOST_LABELS = 64;
const LONGEST_KEY = 63;
const LONGEST_VALUE = 1024;

/** An executor's status update as a Task keeps it; labels that no Task can have are left out. */
export function statusUpdate(status: TaskStatus, now: number): StatusUpdate {
  const { field } = TaskStatusSchema;
  const labels = (status.labels?.labels ?? [])
    .filter(({ key, value }) => key.length <= LONGEST_KEY && value.length <= LONGEST_VALUE)
    .slice(0, MOST_LABELS);
  const at = isFieldSet(status, field.timestamp) ? status.timestamp * 1000 : now;
  return {
    uuid: uuidText(status.uuid),
    state: enumName(TaskStateSchema, status.state) as StateName,
    source: "SOURCE_EXECUTOR",
    timestamp: new Date(Number.isFinite(at) && Math.abs(at) < 8.64e15 ? at : now).toISOString(),
    ...(isFieldSet(status, field.reason) && { reason: enumName(TaskStatus_ReasonSchema, status.reason) }),
    ...(isFieldSet(status, field.message) && { message: status.message.slice(0, MOST_MESSAGE) }),
    ...(isFieldSet(status, field.healthy) && { healthy: status.healthy }),
    ...(status.data.length > 0 && { data: Buffer.from(status.data).toString("base64") }),
    ...(labels.length > 0 && { labels: Object.fromEntries(labels.map(({ key, value }) => [key, value])) }),
  };
}
