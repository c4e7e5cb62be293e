import { create } from "@bufbuild/protobuf";
import type { Offer as OfferObject } from "../api/offer.ts";
import type { Attribute as AttributeSpec } from "../api/resource.ts";
import {
  type Attribute,
  AttributeSchema,
  type DomainInfo,
  DomainInfoSchema,
  type InverseOffer,
  InverseOfferSchema,
  type Offer,
  OfferSchema,
  Value_Type,
} from "../wire/gen/mesos/v1/mesos_pb.ts";
import { durationInfo, timeInfo } from "./amounts.ts";
import { resourceMessage } from "./resources.ts";

/** What of a framework decides how it is told things. */
export interface FrameworkTraits {
  /** Mesos FrameworkID. */
  readonly id: string;
  readonly multiRole: boolean;
  readonly refinement: boolean;
  readonly partitionAware: boolean;
  readonly regionAware: boolean;
}

/** What is known of an agent beside its offer. */
export interface Place {
  readonly region?: string | undefined;
  readonly zone?: string | undefined;
  /** Its address. */
  readonly ip?: string | undefined;
  /** Mesos ids of the executors that the framework has there. */
  readonly executorIds?: readonly string[];
}

/** Where Mesos's agents listen (src/slave/constants.hpp). */
export const AGENT_PORT = 5051;
/** Its name in libprocess: every path of its is served below this one too. */
export const AGENT_PATH = "/slave(1)";

/** An offer as the framework is told it. Resources must be scalars, ranges and sets: the operator writes no quantities. */
export function offerMessage(offer: OfferObject, framework: FrameworkTraits, place: Place = {}): Offer {
  const { metadata, spec } = offer;
  const { multiRole, refinement } = framework;
  const form = { refinement, ...(multiRole && { allocationRole: spec.role }) };
  const domain = framework.regionAware ? domainInfo(place) : undefined;
  const hostname = spec.hostname ?? spec.agent;
  const { ip, executorIds = [] } = place;
  return create(OfferSchema, {
    id: { value: metadata.name },
    frameworkId: { value: framework.id },
    agentId: { value: spec.agent },
    hostname,
    url: {
      scheme: "https",
      address: { hostname, port: AGENT_PORT, ...(ip !== undefined && { ip }) },
      path: AGENT_PATH,
    },
    resources: spec.resources.map((one) => resourceMessage(one, form)),
    executorIds: executorIds.map((value) => ({ value })),
    attributes: (spec.attributes ?? []).map(attributeMessage),
    ...(multiRole && { allocationInfo: { role: spec.role } }),
    ...(domain && { domain }),
    ...(spec.unavailability && {
      unavailability: {
        start: timeInfo(spec.unavailability.start),
        ...(spec.unavailability.duration !== undefined && {
          duration: durationInfo(spec.unavailability.duration),
        }),
      },
    }),
  });
}

/** An Offer object that asks for resources back. */
export function inverseOfferMessage(
  { metadata, spec }: OfferObject,
  framework: FrameworkTraits,
): InverseOffer {
  const { start, duration } = spec.unavailability ?? { start: spec.expiresAt };
  return create(InverseOfferSchema, {
    id: { value: metadata.name },
    frameworkId: { value: framework.id },
    agentId: { value: spec.agent },
    unavailability: {
      start: timeInfo(start),
      ...(duration !== undefined && { duration: durationInfo(duration) }),
    },
    resources: spec.resources.map((one) => resourceMessage(one, { refinement: framework.refinement })),
  });
}

export function attributeMessage({ name, text, scalar, ranges, set }: AttributeSpec): Attribute {
  if (scalar !== undefined) {
    return create(AttributeSchema, { name, type: Value_Type.SCALAR, scalar: { value: scalar } });
  }
  if (ranges !== undefined) {
    const range = ranges.map(({ begin, end }) => ({ begin: BigInt(begin), end: BigInt(end) }));
    return create(AttributeSchema, { name, type: Value_Type.RANGES, ranges: { range } });
  }
  if (set !== undefined)
    return create(AttributeSchema, { name, type: Value_Type.SET, set: { item: [...set] } });
  return create(AttributeSchema, { name, type: Value_Type.TEXT, text: { value: text ?? "" } });
}

/** A fault domain needs both names. */
export const domainInfo = ({ region, zone }: Place): DomainInfo | undefined =>
  region === undefined || zone === undefined
    ? undefined
    : create(DomainInfoSchema, { faultDomain: { region: { name: region }, zone: { name: zone } } });
