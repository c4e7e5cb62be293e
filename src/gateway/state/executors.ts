import { create } from "@bufbuild/protobuf";
import type { Executor } from "../../api/executor.ts";
import type { Live } from "../../cluster/object.ts";
import { holdings } from "../../controllers/world/holdings.ts";
import { executorInfo } from "../../convert/executor.ts";
import { Flat } from "../../convert/flat.ts";
import { v0Labels } from "../../convert/taskmessage.ts";
import { enumName } from "../../wire/enums.ts";
import { Response_GetExecutors_ExecutorSchema } from "../../wire/gen/mesos/v1/master/master_pb.ts";
import {
  type CommandInfo,
  EnvironmentSchema,
  ExecutorInfo_TypeSchema,
} from "../../wire/gen/mesos/v1/mesos_pb.ts";
import { toJsonValue } from "../../wire/tojson.ts";
import { Told } from "./told.ts";

const known = new WeakMap<Live<Executor>, { readonly framework: string; readonly told: Told }>();

export function toldExecutor(executor: Live<Executor>, framework: string): Told {
  const before = known.get(executor);
  if (before?.framework === framework) return before.told;
  const told = new Told(
    Response_GetExecutors_ExecutorSchema,
    () =>
      create(Response_GetExecutors_ExecutorSchema, {
        executorInfo: infoOf(executor, framework),
        agentId: { value: executor.spec.agent },
      }),
    () => v0Executor(executor, framework),
  );
  known.set(executor, { framework, told });
  return told;
}

const infoOf = (executor: Live<Executor>, framework: string) =>
  executorInfo(executor, framework, { refinement: true, allocationRole: executor.spec.role });

/** Mesos: src/common/http.cpp, json of an ExecutorInfo. */
function v0Executor(executor: Live<Executor>, framework: string): object {
  const { name, command, labels, type } = infoOf(executor, framework);
  return {
    executor_id: executor.spec.executorId,
    name,
    framework_id: framework,
    command: command === undefined ? { argv: [], uris: [] } : v0Command(command),
    resources: Flat.of(holdings(executor)),
    role: executor.spec.role,
    ...(labels && { labels: v0Labels(labels) }),
    type: enumName(ExecutorInfo_TypeSchema, type),
    slave_id: executor.spec.agent,
  };
}

const v0Command = ({ shell, value, arguments: argv, environment, uris }: CommandInfo): object => ({
  shell,
  ...(value !== "" && { value }),
  argv,
  ...(environment && { environment: toJsonValue(EnvironmentSchema, environment) }),
  uris: uris.map((uri) => ({ value: uri.value, executable: uri.executable })),
});
