import { create } from "@bufbuild/protobuf";
import type { Agent as AgentObject } from "../../api/agent.ts";
import type { Live } from "../../cluster/object.ts";
import type { AgentView } from "../../controllers/world/agentview.ts";
import { durationInfo, timeInfo } from "../../convert/amounts.ts";
import { byReservation, endpointResources } from "../../convert/endpoint.ts";
import { Flat } from "../../convert/flat.ts";
import { MESOS_VERSION } from "../../convert/master.ts";
import { AGENT_PATH, attributeMessage, domainInfo } from "../../convert/offer.ts";
import { attributeToSpec, formatValue, Resources } from "../../resources/index.ts";
import { enumName } from "../../wire/enums.ts";
import {
  type Response_GetAgents_Agent,
  Response_GetAgents_AgentSchema,
} from "../../wire/gen/mesos/v1/master/master_pb.ts";
import {
  type AgentInfo,
  AgentInfo_Capability_Type,
  AgentInfo_Capability_TypeSchema,
  AgentInfoSchema,
  DomainInfoSchema,
  type DrainInfo,
  DrainInfoSchema,
  DrainState,
  type Resource,
  ResourceSchema,
} from "../../wire/gen/mesos/v1/mesos_pb.ts";
import { toJsonValue } from "../../wire/tojson.ts";
import { Told } from "./told.ts";

/** One that has registered, as Mesos says: its agent program shows itself. */
export interface RegisteredAgent {
  readonly agent: Live<AgentObject>;
  readonly view: AgentView;
  /** Of the agent's API. */
  readonly port: number;
}

const { MULTI_ROLE, HIERARCHICAL_ROLE, RESERVATION_REFINEMENT, RESIZE_VOLUME, AGENT_DRAINING } =
  AgentInfo_Capability_Type;
const CAPABILITIES = [
  MULTI_ROLE,
  HIERARCHICAL_ROLE,
  RESERVATION_REFINEMENT,
  RESIZE_VOLUME,
  AgentInfo_Capability_Type.AGENT_OPERATION_FEEDBACK,
  AGENT_DRAINING,
  AgentInfo_Capability_Type.TASK_RESOURCE_LIMITS,
];
const CAPABILITY_NAMES = CAPABILITIES.map((one) => enumName(AgentInfo_Capability_TypeSchema, one));

const known = new WeakMap<AgentView, { readonly agent: Live<AgentObject>; readonly told: Told }>();

/** A view is made anew when anything of its agent changes. */
export function toldAgent(one: RegisteredAgent): Told {
  const before = known.get(one.view);
  if (before?.agent === one.agent) return before.told;
  const told = new Told(
    Response_GetAgents_AgentSchema,
    () => agentMessage(one),
    () => v0Slave(one),
  );
  known.set(one.view, { agent: one.agent, told });
  return told;
}

export const hostnameOf = ({ metadata, status }: Live<AgentObject>): string =>
  status?.hostname ?? metadata.name;

/** Libprocess's address of an agent; what reads it wants the address between @ and the colon. */
const pidOf = ({ agent, port }: RegisteredAgent): string =>
  `${AGENT_PATH.slice(1)}@${bracketed(agent.status?.addresses?.[0] ?? hostnameOf(agent))}:${port}`;

const bracketed = (address: string): string => (address.includes(":") ? `[${address}]` : address);

export const isDeactivated = ({ spec }: AgentObject): boolean =>
  spec.unschedulable || spec.draining !== undefined;

/** Drained or being drained (Mesos: DrainInfo). */
export function drainInfo({ spec, status }: AgentObject): DrainInfo | undefined {
  const { draining } = spec;
  if (draining === undefined) return undefined;
  return create(DrainInfoSchema, {
    state: status?.draining === "DRAINED" ? DrainState.DRAINED : DrainState.DRAINING,
    config: {
      markGone: draining.markGone,
      ...(draining.grace !== undefined && { maxGracePeriod: durationInfo(draining.grace) }),
    },
  });
}

export function agentInfo({ agent, view, port }: RegisteredAgent): AgentInfo {
  const domain = domainInfo(view.state);
  return create(AgentInfoSchema, {
    id: { value: agent.metadata.name },
    hostname: hostnameOf(agent),
    port,
    resources: endpointResources(view.node.offerable),
    attributes: view.state.attributes.map((one) => attributeMessage(attributeToSpec(one))),
    ...(domain && { domain }),
  });
}

export function agentMessage(one: RegisteredAgent): Response_GetAgents_Agent {
  const { agent, view } = one;
  const drain = drainInfo(agent);
  const { startedAt } = agent.status ?? {};
  return create(Response_GetAgents_AgentSchema, {
    agentInfo: agentInfo(one),
    active: view.node.held === undefined,
    deactivated: isDeactivated(agent),
    version: MESOS_VERSION,
    pid: pidOf(one),
    registeredTime: timeInfo(agent.metadata.creationTimestamp),
    ...(startedAt !== undefined && { reregisteredTime: timeInfo(startedAt) }),
    totalResources: endpointResources(view.total),
    allocatedResources: allocated(view),
    offeredResources: view.offers.flatMap(({ resources, offer }) =>
      endpointResources(resources, offer.spec.role),
    ),
    capabilities: CAPABILITIES.map((type) => ({ type })),
    ...(drain && { drainInfo: drain }),
  });
}

/** Allocations of tasks and executors come first, then those of offers. */
const allocated = ({ state: { allocations }, offers }: AgentView): Resource[] =>
  [...Map.groupBy(allocations.slice(0, allocations.length - offers.length), ({ role }) => role)].flatMap(
    ([role, same]) => endpointResources(Resources.sum(same.map(({ resources }) => resources)), role),
  );

/** Mesos: src/master/readonly_handler.cpp, SlaveWriter. */
function v0Slave(one: RegisteredAgent): object {
  const { agent, view } = one;
  const { startedAt } = agent.status ?? {};
  const drain = drainInfo(agent);
  const domain = domainInfo(view.state);
  return {
    ...v0Info(one),
    ...(domain && { domain: toJsonValue(DomainInfoSchema, domain) }),
    pid: pidOf(one),
    registered_time: seconds(agent.metadata.creationTimestamp),
    ...(startedAt !== undefined && { reregistered_time: seconds(startedAt) }),
    resources: Flat.of(view.total),
    used_resources: Flat.of(view.held),
    offered_resources: Flat.sum(view.offers.map(({ resources }) => resources)),
    reserved_resources: Object.fromEntries(
      [...byReservation(view.total)].map(([role, resources]) => [role, Flat.of(resources)]),
    ),
    unreserved_resources: Flat.of(view.total.unreserved()),
    active: view.node.held === undefined,
    deactivated: isDeactivated(agent),
    version: MESOS_VERSION,
    capabilities: CAPABILITY_NAMES,
    ...(drain && { drain_info: toJsonValue(DrainInfoSchema, drain) }),
  };
}

/** What is told of an agent that has not come back yet, too. */
export const v0Info = ({ agent, view, port }: RegisteredAgent): object => ({
  id: agent.metadata.name,
  hostname: hostnameOf(agent),
  port,
  attributes: Object.fromEntries(
    view.state.attributes.map(({ name, value }) => [
      name,
      value.kind === "scalar" ? value.milli / 1000 : formatValue(value),
    ]),
  ),
});

/** What /slaves adds: resources with their reservations and volumes. */
export const v0Full = ({ view }: RegisteredAgent): object => ({
  reserved_resources_full: Object.fromEntries(
    [...byReservation(view.total)].map(([role, resources]) => [role, full(Resources.of(resources))]),
  ),
  unreserved_resources_full: full(view.total.unreserved()),
  used_resources_full: full(view.held),
  offered_resources_full: full(Resources.sum(view.offers.map(({ resources }) => resources))),
});

const full = (resources: Resources): object[] =>
  endpointResources(resources).map((one) => toJsonValue(ResourceSchema, one));

/** Since the epoch. */
export const seconds = (timestamp: string): number => Date.parse(timestamp) / 1000;
