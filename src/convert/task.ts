import type { TaskTemplate } from "../api/task.ts";
import { enumName } from "../wire/enums.ts";
import {
  type DiscoveryInfo,
  DiscoveryInfo_VisibilitySchema,
  DiscoveryInfoSchema,
  PortSchema,
  type TaskInfo,
  TaskInfoSchema,
} from "../wire/gen/mesos/v1/mesos_pb.ts";
import { durationOfNanos, labelsRecord } from "./amounts.ts";
import { checkSpec, healthCheckSpec } from "./checks.ts";
import { type CommandParts, commandParts } from "./command.ts";
import { type ContainerParts, containerParts } from "./container.ts";
import { resourceSpecs } from "./resources.ts";
import { onlyFields, Unsupported } from "./unsupported.ts";

const CARRIED = [
  ...[
    "name",
    "task_id",
    "agent_id",
    "resources",
    "executor",
    "command",
    "container",
    "health_check",
    "check",
  ],
  ...["kill_policy", "data", "labels", "discovery", "max_completion_time", "limits"],
];

/**
 * A task of a LAUNCH as the answer to an Offer has it. Throws Unsupported for what cannot be carried, and for what Mesos refuses by
 * itself; what depends on the offer and on other tasks is judged where the offer's answer is carried out.
 */
export function taskTemplate(info: TaskInfo, agent: string): TaskTemplate {
  const id = info.taskId?.value ?? "";
  const wrong = idProblem(id);
  if (wrong !== undefined) throw new Unsupported(wrong);
  if (info.agentId?.value !== agent) {
    throw new Unsupported(
      `Task uses invalid agent ${info.agentId?.value ?? ""} while agent ${agent} is expected`,
    );
  }
  if ((info.executor === undefined) === (info.command === undefined)) {
    throw new Unsupported(
      "Task should have at least one (but not both) of CommandInfo or ExecutorInfo present",
    );
  }
  onlyFields(TaskInfoSchema, info, CARRIED, "task");
  if (info.resources.length === 0) throw new Unsupported("Task uses no resources");
  const labels = labelsRecord(info.labels, "task.labels");
  const limits = limitsOf(info);
  return {
    taskId: id,
    ...(info.name !== "" && { displayName: info.name }),
    resources: resourceSpecs(info.resources),
    ...(limits && { limits }),
    ...(info.executor?.executorId && { executorId: info.executor.executorId.value }),
    ...programOf(
      info.command ? commandParts(info.command) : {},
      info.container && containerParts(info.container),
    ),
    ...(info.data.length > 0 && { data: Buffer.from(info.data).toString("base64") }),
    ...(labels && { labels }),
    ...(info.discovery && { discovery: discovery(info.discovery) }),
    ...(info.check && { check: checkSpec(info.check) }),
    ...(info.healthCheck && { healthCheck: healthCheckSpec(info.healthCheck) }),
    ...(info.killPolicy?.gracePeriod && {
      killPolicy: { gracePeriod: durationOfNanos(info.killPolicy.gracePeriod, "kill_policy.grace_period") },
    }),
    ...(info.maxCompletionTime && {
      maxCompletionTime: durationOfNanos(info.maxCompletionTime, "max_completion_time"),
    }),
  };
}

/** The command's user is the container's, of whatever kind. */
export function programOf(
  { user, ...rest }: CommandParts,
  parts: ContainerParts | undefined,
): CommandParts & Partial<ContainerParts> {
  if (user === undefined) return { ...rest, ...parts };
  const container = { imagePullPolicy: "IfNotPresent" as const, ...parts?.container, user };
  return { ...rest, ...parts, container };
}

/** Mesos: src/common/validation.cpp, validateID. */
export function idProblem(id: string): string | undefined {
  if (id === "") return "ID must not be empty";
  if (Buffer.byteLength(id) > 255) return "ID must not be greater than 255 characters";
  if (id === "." || id === "..") return `'${id}' is disallowed`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what the rule is about.
  return /[\u0000-\u001f\u007f/\\]/.test(id) ? `'${id}' contains invalid characters` : undefined;
}

/** Amounts in Mesos's units: cores, MiB. A bare number would be bytes in the API. */
function limitsOf({ limits }: TaskInfo): TaskTemplate["limits"] {
  const names = Object.keys(limits);
  if (names.length === 0) return undefined;
  if (names.some((name) => name !== "cpus" && name !== "mem")) {
    throw new Unsupported("Only cpus and mem may be included in a task's resource limits");
  }
  const { cpus, mem } = limits;
  return {
    ...(cpus && { cpus: limit(cpus.value, 1000, "m") }),
    ...(mem && { mem: limit(mem.value, 1024, "Ki") }),
  };
}

function limit(amount: number, factor: number, unit: string): string {
  if (amount === Number.POSITIVE_INFINITY) return "Infinity";
  const whole = Math.round(amount * factor);
  if (!Number.isSafeInteger(whole) || whole < 0) throw new Unsupported("a resource limit must be an amount");
  return `${whole}${unit}`;
}

function discovery(info: DiscoveryInfo): TaskTemplate["discovery"] {
  onlyFields(DiscoveryInfoSchema, info, ["visibility", "name", "ports"], "task.discovery");
  const visibility = enumName(DiscoveryInfo_VisibilitySchema, info.visibility);
  return {
    visibility: visibility === "CLUSTER" || visibility === "EXTERNAL" ? visibility : "FRAMEWORK",
    ...(info.name !== "" && { name: info.name }),
    ...(info.ports && {
      ports: info.ports.ports.map((port) => {
        onlyFields(PortSchema, port, ["number", "name", "protocol"], "task.discovery.ports");
        const { number, name, protocol } = port;
        return { number, ...(name !== "" && { name }), ...(protocol !== "" && { protocol }) };
      }),
    }),
  };
}
