import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { Check, Container, HealthCheck, Volume as VolumeSpec } from "../api/container.ts";
import type { Task, TaskSpec } from "../api/task.ts";
import { fromSpec, toSpec } from "../resources/index.ts";
import { enumNumber } from "../wire/enums.ts";
import {
  CheckInfo_Type,
  type CheckInfoSchema,
  type CommandInfoSchema,
  type ContainerInfo,
  type DiscoveryInfo_Visibility,
  DiscoveryInfo_VisibilitySchema,
  Environment_Variable_Type,
  type ExecutorInfo,
  HealthCheck_Type,
  type HealthCheckSchema,
  Secret_Type,
  type TaskInfo,
  TaskInfoSchema,
  type Volume,
  Volume_Mode,
  Volume_Source_SandboxPath_Type,
  Volume_Source_Type,
  VolumeSchema,
} from "../wire/gen/mesos/v1/mesos_pb.ts";
import { durationInfo, labelsMessage, secondsOf } from "./amounts.ts";
import { containerInfo } from "./containerinfo.ts";
import { limitsMessage } from "./limits.ts";
import { type ResourceForm, resourceMessage } from "./resources.ts";
import { taskIdOf } from "./status.ts";

/**
 * A Task as Mesos tells it, the way back of taskTemplate: of a task that came from a TaskInfo nothing is missing; of one that was written
 * by hand, what Mesos has no word for is (pull secrets, a working directory, checksums, limits of pids).
 */
export function taskInfo(task: Task, form: ResourceForm, executor?: ExecutorInfo): TaskInfo {
  const { spec } = task;
  const { container, data, discovery, displayName, killPolicy, labels, limits, maxCompletionTime } = spec;
  const id = taskIdOf(task);
  return create(TaskInfoSchema, {
    name: displayName ?? id,
    taskId: { value: id },
    agentId: { value: spec.agent ?? "" },
    resources: toSpec(fromSpec(spec.resources)).map((one) => resourceMessage(one, form)),
    ...(executor && { executor }),
    // A task of a group has both.
    ...((executor === undefined || spec.command) && { command: programMessage(spec) }),
    ...((container || spec.volumes) && { container: containerMessage(spec) }),
    ...(limits && { limits: limitsMessage(limits) }),
    ...(data !== undefined && { data: new Uint8Array(Buffer.from(data, "base64")) }),
    ...(labels && { labels: labelsMessage(labels) }),
    ...(discovery && { discovery: discoveryMessage(discovery) }),
    ...(spec.check && { check: check(spec.check) }),
    ...(spec.healthCheck && { healthCheck: healthCheck(spec.healthCheck) }),
    ...(killPolicy && { killPolicy: { gracePeriod: durationInfo(killPolicy.gracePeriod) } }),
    ...(maxCompletionTime !== undefined && { maxCompletionTime: durationInfo(maxCompletionTime) }),
  });
}

const PLAIN: Container = { imagePullPolicy: "IfNotPresent" };

/** What of a Task, or of an Executor, says what runs where. */
type Program = Pick<TaskSpec, "command" | "env" | "uris" | "container" | "volumes">;

export const containerMessage = ({ container, volumes = [] }: Program): ContainerInfo =>
  containerInfo(container ?? PLAIN, volumes.map(volume));

export function programMessage({
  command,
  env = [],
  uris = [],
  container,
}: Program): MessageInitShape<typeof CommandInfoSchema> {
  const variables = env.map(({ name, value, secret }) =>
    secret === undefined
      ? { name, value: value ?? "" }
      : {
          name,
          type: Environment_Variable_Type.SECRET,
          secret: { type: Secret_Type.REFERENCE, reference: { name: secret.name, key: secret.key } },
        },
  );
  return {
    // Without a command the image's own entry point runs.
    ...(command === undefined ? { shell: false } : program(command)),
    ...(variables.length > 0 && { environment: { variables } }),
    uris: uris.map(({ value, executable, extract, cache, outputFile }) => ({
      value,
      executable,
      extract,
      cache,
      ...(outputFile !== undefined && { outputFile }),
    })),
    ...(container?.user !== undefined && { user: container.user }),
  };
}

const program = ({ shell, value, arguments: args = [] }: NonNullable<TaskSpec["command"]>) => ({
  shell,
  ...(value !== undefined && { value }),
  arguments: [...args],
});

const volume = (spec: VolumeSpec): Volume => create(VolumeSchema, volumeInit(spec));

function volumeInit({
  containerPath,
  mode,
  hostPath,
  sandboxPath,
  executorPath,
  secret,
}: VolumeSpec): MessageInitShape<typeof VolumeSchema> {
  const base = { containerPath, mode: Volume_Mode[mode] };
  if (hostPath !== undefined) return { ...base, hostPath };
  const { SELF, PARENT } = Volume_Source_SandboxPath_Type;
  if (sandboxPath !== undefined) return { ...base, source: inSandbox(SELF, sandboxPath) };
  if (executorPath !== undefined) return { ...base, source: inSandbox(PARENT, executorPath) };
  const reference = { type: Secret_Type.REFERENCE, reference: { name: secret ?? "" } };
  return { ...base, source: { type: Volume_Source_Type.SECRET, secret: reference } };
}

const inSandbox = (type: Volume_Source_SandboxPath_Type, path: string) => ({
  type: Volume_Source_Type.SANDBOX_PATH,
  sandboxPath: { type, path },
});

const times = ({ delay, interval, timeout }: Check) => ({
  delaySeconds: secondsOf(delay),
  intervalSeconds: secondsOf(interval),
  timeoutSeconds: secondsOf(timeout),
});

function check(spec: Check): MessageInitShape<typeof CheckInfoSchema> {
  const base = { type: CheckInfo_Type[spec.type], ...times(spec) };
  if (spec.command) return { ...base, command: { command: program(spec.command) } };
  if (spec.http) return { ...base, http: { port: spec.http.port, path: spec.http.path } };
  return { ...base, tcp: { port: spec.tcp?.port ?? 0 } };
}

function healthCheck(spec: HealthCheck): MessageInitShape<typeof HealthCheckSchema> {
  const base = {
    type: HealthCheck_Type[spec.type],
    ...times(spec),
    gracePeriodSeconds: secondsOf(spec.gracePeriod),
    consecutiveFailures: spec.consecutiveFailures,
  };
  if (spec.command) return { ...base, command: program(spec.command) };
  return spec.http ? { ...base, http: { ...spec.http } } : { ...base, tcp: { port: spec.tcp?.port ?? 0 } };
}

function discoveryMessage({ visibility, name, ports }: NonNullable<TaskSpec["discovery"]>) {
  return {
    visibility: (enumNumber(DiscoveryInfo_VisibilitySchema, visibility) ?? 0) as DiscoveryInfo_Visibility,
    ...(name !== undefined && { name }),
    ...(ports && {
      ports: {
        ports: ports.map((port) => ({
          number: port.number,
          ...(port.name !== undefined && { name: port.name }),
          ...(port.protocol !== undefined && { protocol: port.protocol }),
        })),
      },
    }),
  };
}
