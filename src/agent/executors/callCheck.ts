import { isFieldSet } from "@bufbuild/protobuf";
import { uuidProblem } from "../../convert/status.ts";
import { type Call, Call_Type, CallSchema } from "../../wire/gen/mesos/v1/executor/executor_pb.ts";
import { TaskState, TaskStatus_Source, TaskStatusSchema } from "../../wire/gen/mesos/v1/mesos_pb.ts";

/**
 * What is wrong with a call in itself, in Mesos's words and order (src/slave/validation.cpp, executor::call::validate); undefined:
 * nothing. Required fields were checked in parsing. A SUBSCRIBE without 'subscribe' has nothing to report: the npm package
 * mesos-framework sends it so.
 */
export function callProblem(call: Call): string | undefined {
  if (!isFieldSet(call, CallSchema.field.type)) return "Expecting 'type' to be present";
  switch (call.type) {
    case Call_Type.UPDATE:
      return updateProblem(call);
    case Call_Type.MESSAGE:
      return call.message === undefined ? "Expecting 'message' to be present" : undefined;
    default:
      return undefined;
  }
}

function updateProblem(call: Call): string | undefined {
  const status = call.update?.status;
  if (status === undefined) return "Expecting 'update' to be present";
  if (!isFieldSet(status, TaskStatusSchema.field.uuid)) return "Expecting 'uuid' to be present";
  const uuid = uuidProblem(status.uuid);
  if (uuid !== undefined) return uuid;
  const executorId = call.executorId?.value ?? "";
  if (status.executorId !== undefined && status.executorId.value !== executorId) {
    return `ExecutorID in Call: ${executorId} does not match ExecutorID in TaskStatus: ${status.executorId.value}`;
  }
  if (status.source !== TaskStatus_Source.EXECUTOR) {
    return `Received Call from executor '${executorId}' with invalid source, expecting 'SOURCE_EXECUTOR'`;
  }
  return status.state === TaskState.TASK_STAGING
    ? `Received TASK_STAGING from executor '${executorId}' which is not allowed`
    : undefined;
}
