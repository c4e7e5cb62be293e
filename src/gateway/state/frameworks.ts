import { create, isFieldSet } from "@bufbuild/protobuf";
import type { Offer } from "../../api/offer.ts";
import type { Live } from "../../cluster/object.ts";
import { offerResources } from "../../controllers/world/agentview.ts";
import { holdings } from "../../controllers/world/holdings.ts";
import { timeInfo } from "../../convert/amounts.ts";
import { offerConstraintsMessage } from "../../convert/constraints.ts";
import { endpointResources } from "../../convert/endpoint.ts";
import { Flat } from "../../convert/flat.ts";
import { hasCapability, traits } from "../../convert/framework.ts";
import { offerMessage } from "../../convert/offer.ts";
import { v0Labels } from "../../convert/taskmessage.ts";
import type { Resources } from "../../resources/index.ts";
import { enumName } from "../../wire/enums.ts";
import {
  type Response_GetFrameworks_Framework,
  Response_GetFrameworks_FrameworkSchema,
} from "../../wire/gen/mesos/v1/master/master_pb.ts";
import {
  FrameworkInfo_Capability_Type,
  FrameworkInfo_Capability_TypeSchema,
  FrameworkInfoSchema,
} from "../../wire/gen/mesos/v1/mesos_pb.ts";
import {
  type OfferConstraints,
  OfferConstraintsSchema,
} from "../../wire/gen/mesos/v1/scheduler/scheduler_pb.ts";
import { toJsonValue } from "../../wire/tojson.ts";
import { seconds } from "./agents.ts";
import type { KnownFramework } from "./cluster.ts";
import { sumOf } from "./sum.ts";

/** What events tell of a framework: who it is and how it stands. */
export function frameworkHead(known: KnownFramework): Response_GetFrameworks_Framework {
  const { framework, info, connected, recovered, unregisteredAt } = known;
  const made = framework && timeInfo(framework.metadata.creationTimestamp);
  return create(Response_GetFrameworks_FrameworkSchema, {
    frameworkInfo: info,
    active: connected,
    connected,
    recovered,
    ...(made && { registeredTime: made, reregisteredTime: made }),
    unregisteredTime: { nanoseconds: BigInt(unregisteredAt ?? 0) * 1_000_000n },
    ...(constrained(known) && { offerConstraints: constraintsOf(known) }),
  });
}

/** A framework of the operator API, with its offers; its tasks are told apart. */
export function frameworkMessage(
  known: KnownFramework,
  offers: readonly Live<Offer>[],
): Response_GetFrameworks_Framework {
  const message = frameworkHead(known);
  const form = known.framework && { ...traits(known.framework, known.id), multiRole: true, refinement: true };
  if (form !== undefined) message.offers = offers.map((offer) => offerMessage(offer, form));
  message.allocatedResources = allocated(known);
  message.offeredResources = offers.flatMap((offer) =>
    endpointResources(offerResources(offer), offer.spec.role),
  );
  return message;
}

const constrained = ({ framework }: KnownFramework): boolean =>
  (framework?.spec.offerConstraints ?? []).length > 0;

const constraintsOf = ({ framework }: KnownFramework): OfferConstraints =>
  offerConstraintsMessage(framework?.spec.offerConstraints ?? []);

const allocated = (known: KnownFramework) =>
  [...Map.groupBy(holders(known), ({ spec }) => spec.role)].flatMap(([role, same]) =>
    endpointResources(sumOf(same.map((one) => holdings(one))), role),
  );

const holders = ({ tasks, unreachable, executors }: KnownFramework) => [
  ...tasks,
  ...unreachable,
  ...executors,
];

/** What a framework has all over the cluster. */
export interface FrameworkUse {
  readonly used: Flat;
  readonly offered: Flat;
  readonly both: Flat;
}

/** Adds up bit by bit: what it yields says nothing, it gives others their turn. */
export function* useOf(known: KnownFramework, offers: readonly Live<Offer>[]): Generator<"", FrameworkUse> {
  const use = { used: new Flat(), offered: new Flat(), both: new Flat() };
  const add = (flat: Flat, resources: Resources) => {
    flat.add(resources);
    use.both.add(resources);
    return "" as const;
  };
  for (const holder of holders(known)) yield add(use.used, holdings(holder));
  for (const offer of offers) yield add(use.offered, offerResources(offer));
  return use;
}

/** Mesos: src/master/readonly_handler.cpp, json of a Summary<Framework>. */
export function v0Summary(known: KnownFramework, { used, offered }: FrameworkUse): object {
  const { info, connected, recovered } = known;
  return {
    id: known.id,
    name: info.name,
    used_resources: used,
    offered_resources: offered,
    capabilities: info.capabilities.map(({ type }) => enumName(FrameworkInfo_Capability_TypeSchema, type)),
    hostname: info.hostname,
    webui_url: info.webuiUrl,
    active: connected,
    connected,
    recovered,
  };
}

/** What comes before its tasks; what comes after them is v0Tail (FullFrameworkWriter). */
export function v0Head(known: KnownFramework, use: FrameworkUse): object {
  const { info, framework, unregisteredAt = 0 } = known;
  return {
    ...v0Summary(known, use),
    user: info.user,
    failover_timeout: info.failoverTimeout,
    checkpoint: info.checkpoint,
    registered_time: framework === undefined ? 0 : seconds(framework.metadata.creationTimestamp),
    unregistered_time: unregisteredAt / 1000,
    ...(isFieldSet(info, FrameworkInfoSchema.field.principal) && { principal: info.principal }),
    resources: use.both,
    ...(hasCapability(info, FrameworkInfo_Capability_Type.MULTI_ROLE)
      ? { roles: info.roles }
      : { role: info.role }),
  };
}

export const v0Tail = (known: KnownFramework): object => ({
  ...(known.info.labels && { labels: v0Labels(known.info.labels) }),
  offer_constraints: toJsonValue(OfferConstraintsSchema, constraintsOf(known)),
});

export function v0Offer({ metadata, spec }: Live<Offer>, frameworkId: string, resources: Resources): object {
  return {
    id: metadata.name,
    framework_id: frameworkId,
    allocation_info: { role: spec.role },
    slave_id: spec.agent,
    resources: Flat.of(resources),
  };
}
