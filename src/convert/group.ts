import { clearField, clone, equals, isFieldSet } from "@bufbuild/protobuf";
import type { ExecutorTemplate } from "../api/executor.ts";
import {
  ContainerInfo_Type,
  type ExecutorInfo,
  ExecutorInfo_Type,
  ExecutorInfoSchema,
  LinuxInfoSchema,
  type TaskInfo,
  TaskInfoSchema,
} from "../wire/gen/mesos/v1/mesos_pb.ts";
import { executorTemplate } from "./executor.ts";
import { Unsupported } from "./unsupported.ts";

/** The executor of a LAUNCH_GROUP. Throws Unsupported (Mesos: validation.cpp, task::group::internal::validateExecutor). */
export function groupExecutor(info: ExecutorInfo | undefined): ExecutorTemplate {
  if (info === undefined) throw new Unsupported("Expecting 'launch_group.executor' to be present");
  if (!isFieldSet(info, ExecutorInfoSchema.field.type)) {
    throw new Unsupported("'ExecutorInfo.type' must be set");
  }
  if (info.type === ExecutorInfo_Type.UNKNOWN) throw new Unsupported("Unknown executor type");
  if (info.container?.type === ContainerInfo_Type.DOCKER) {
    throw new Unsupported("Docker ContainerInfo is not supported on the executor");
  }
  return executorTemplate(info);
}

/**
 * A task of a group as one that stands alone, for the group says who runs it. Each is held to its own resources whatever it says of cgroups.
 * Throws Unsupported (Mesos: validation.cpp, task::group).
 */
export function taskOfGroup(info: TaskInfo, executor: ExecutorInfo | undefined): TaskInfo {
  if (info.executor && executor && !equals(ExecutorInfoSchema, info.executor, executor)) {
    const ids = [info.taskId?.value, executor.executorId?.value];
    throw new Unsupported(`The \`ExecutorInfo\` of task '${ids[0]}' is different from executor '${ids[1]}'`);
  }
  if (info.container?.type === ContainerInfo_Type.DOCKER) {
    throw new Unsupported("Docker ContainerInfo is not supported on the task");
  }
  const alone = clone(TaskInfoSchema, info);
  clearField(alone, TaskInfoSchema.field.executor);
  const linux = alone.container?.linuxInfo;
  if (linux) clearField(linux, LinuxInfoSchema.field.shareCgroups);
  return alone;
}
