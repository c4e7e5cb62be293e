import { create } from "@bufbuild/protobuf";
import type { Attribute as AttributeSpec } from "../../api/resource.ts";
import { byReservation, endpointResources } from "../../convert/endpoint.ts";
import { Flat } from "../../convert/flat.ts";
import { MESOS_VERSION } from "../../convert/master.ts";
import { v0Task } from "../../convert/taskmessage.ts";
import { attributesFromSpec, formatValue, Resources } from "../../resources/index.ts";
import { DrainConfigSchema, ResourceSchema } from "../../wire/gen/mesos/v1/mesos_pb.ts";
import { toJsonValue } from "../../wire/tojson.ts";
import type { AgentView } from "./agentView.ts";
import { type ExecutorHere, type FrameworkHere, frameworksHere } from "./here.ts";

export interface V0StateOptions {
  readonly view: AgentView;
  readonly flags: Readonly<Record<string, string>>;
  /** The node's own, as clients reach it. */
  readonly address: string;
  readonly port: number;
  readonly attributes: () => readonly AttributeSpec[];
  /** Milliseconds of the epoch. */
  readonly startedAt: number;
}

const CAPABILITIES = [
  "MULTI_ROLE",
  "HIERARCHICAL_ROLE",
  "RESERVATION_REFINEMENT",
  "RESIZE_VOLUME",
  "AGENT_OPERATION_FEEDBACK",
  "AGENT_DRAINING",
  "TASK_RESOURCE_LIMITS",
];

export const buildInfo = { version: MESOS_VERSION, build_date: "", build_time: 0, build_user: "" };

/** What /state tells (Mesos: src/slave/http.cpp, Http::state); `here` is what the visitor may see. */
export function v0State(options: V0StateOptions, here: readonly ExecutorHere[]): object {
  const { view, flags, address, port, startedAt } = options;
  const { agentInfo, drainConfig } = view.agent();
  const total = view.total();
  const allocated = Resources.sum(here.filter(({ isRunning }) => isRunning).map(({ held }) => held));
  const frameworks = frameworksHere(here);
  const told = (isActive: boolean) => frameworks.filter((one) => one.isActive === isActive).map(v0Framework);
  return {
    ...buildInfo,
    start_time: startedAt / 1000,
    id: agentInfo?.id?.value,
    pid: `slave(1)@${address.includes(":") ? `[${address}]` : address}:${port}`,
    hostname: agentInfo?.hostname,
    capabilities: CAPABILITIES,
    ...(drainConfig && {
      drain_config: toJsonValue(DrainConfigSchema, create(DrainConfigSchema, drainConfig)),
    }),
    resources: Flat.of(total),
    reserved_resources: byRole(total, Flat.of),
    unreserved_resources: Flat.of(total.unreserved()),
    reserved_resources_full: byRole(total, (resources) => full(Resources.of(resources))),
    unreserved_resources_full: full(total.unreserved()),
    reserved_resources_allocated: byRole(allocated, Flat.of),
    unreserved_resources_allocated: Flat.of(allocated.unreserved()),
    resource_providers: [],
    attributes: v0Attributes(options.attributes()),
    flags,
    frameworks: told(true),
    completed_frameworks: told(false),
  };
}

const byRole = <T>(resources: Resources, tell: (held: Iterable<Held>) => T): Record<string, T> =>
  Object.fromEntries([...byReservation(resources)].map(([role, held]) => [role, tell(held)]));
type Held = Resources extends Iterable<infer One> ? One : never;

const full = (resources: Resources): object[] =>
  endpointResources(resources).map((one) => toJsonValue(ResourceSchema, one));

const v0Attributes = (attributes: readonly AttributeSpec[]): Record<string, number | string> =>
  Object.fromEntries(
    attributesFromSpec(attributes).map(({ name, value }) => [
      name,
      value.kind === "scalar" ? value.milli / 1000 : formatValue(value),
    ]),
  );

/** FrameworkWriter. */
function v0Framework({ owner, name, roles, executors }: FrameworkHere): object {
  return {
    id: owner.id,
    name,
    user: owner.user,
    failover_timeout: 0,
    checkpoint: true,
    hostname: "",
    roles,
    executors: executors.filter(({ isRunning }) => isRunning).map(v0Executor),
    completed_executors: executors.filter(({ isRunning }) => !isRunning).map(v0Executor),
  };
}

/** ExecutorWriter. */
function v0Executor(executor: ExecutorHere): object {
  const { id, name, role, container, directory, held, isRunning, tasks, brought } = executor;
  const told = (isLaunched: boolean) =>
    tasks
      .filter(({ stage }) => (stage === "launched") === isLaunched)
      .map((one) => v0Task(one.task, one.owner, one.held));
  return {
    id,
    name,
    source: brought?.spec.source ?? id,
    container,
    directory,
    resources: Flat.of(isRunning ? held : []),
    role,
    ...(brought && { type: brought.spec.type }),
    tasks: told(true),
    queued_tasks: [],
    completed_tasks: told(false),
  };
}
