import { create } from "@bufbuild/protobuf";
import type { Executor, ExecutorTemplate } from "../api/executor.ts";
import { fromSpec, toSpec } from "../resources/index.ts";
import { type ExecutorInfo, ExecutorInfo_Type, ExecutorInfoSchema } from "../wire/gen/mesos/v1/mesos_pb.ts";
import { durationInfo, durationOfNanos, labelsMessage, labelsRecord } from "./amounts.ts";
import { commandParts } from "./command.ts";
import { containerParts } from "./container.ts";
import { type ResourceForm, resourceMessage, resourceSpecs } from "./resources.ts";
import { idProblem, programOf } from "./task.ts";
import { containerMessage, programMessage } from "./taskinfo.ts";
import { onlyFields, Unsupported } from "./unsupported.ts";

const CARRIED = [
  ...["type", "executor_id", "framework_id", "command", "container", "resources", "name", "source", "data"],
  ...["shutdown_grace_period", "labels"],
];

/** An executor of a LAUNCH as the answer to an Offer has it. Throws Unsupported as taskTemplate does. */
export function executorTemplate(info: ExecutorInfo): ExecutorTemplate {
  const executorId = info.executorId?.value ?? "";
  const wrong = idProblem(executorId);
  if (wrong !== undefined) throw new Unsupported(`executor: ${wrong}`);
  onlyFields(ExecutorInfoSchema, info, CARRIED, "executor");
  const type = info.type === ExecutorInfo_Type.DEFAULT ? "DEFAULT" : "CUSTOM";
  if (type === "DEFAULT" && info.command !== undefined) {
    throw new Unsupported("'ExecutorInfo.command' must not be set for 'DEFAULT' executor");
  }
  if (type === "CUSTOM" && info.command === undefined) {
    throw new Unsupported("'ExecutorInfo.command' must be set for 'CUSTOM' executor");
  }
  const labels = labelsRecord(info.labels, "executor.labels");
  return {
    executorId,
    type,
    ...(info.name !== "" && { displayName: info.name }),
    ...(info.source !== "" && { source: info.source }),
    resources: resourceSpecs(info.resources),
    ...programOf(
      info.command === undefined ? {} : commandParts(info.command),
      info.container && containerParts(info.container),
    ),
    ...(info.data.length > 0 && { data: Buffer.from(info.data).toString("base64") }),
    ...(labels && { labels }),
    shutdownGracePeriod:
      info.shutdownGracePeriod === undefined
        ? "5s"
        : durationOfNanos(info.shutdownGracePeriod, "executor.shutdown_grace_period"),
  };
}

/** An Executor as Mesos tells it, the way back of executorTemplate. */
export function executorInfo(
  { spec }: Pick<Executor, "spec">,
  frameworkId: string,
  form: ResourceForm,
): ExecutorInfo {
  const { container, data, displayName, labels, resources = [], source, volumes } = spec;
  return create(ExecutorInfoSchema, {
    type: ExecutorInfo_Type[spec.type],
    executorId: { value: spec.executorId },
    frameworkId: { value: frameworkId },
    resources: toSpec(fromSpec(resources)).map((one) => resourceMessage(one, form)),
    ...(spec.type === "CUSTOM" && { command: programMessage(spec) }),
    ...((container || volumes) && { container: containerMessage(spec) }),
    ...(displayName !== undefined && { name: displayName }),
    ...(source !== undefined && { source }),
    ...(data !== undefined && { data: new Uint8Array(Buffer.from(data, "base64")) }),
    ...(labels && { labels: labelsMessage(labels) }),
    shutdownGracePeriod: durationInfo(spec.shutdownGracePeriod ?? "5s"),
  });
}
