import { create, fromJsonString, toJsonString } from "@bufbuild/protobuf";
import { CAPABILITIES, type Framework, type FrameworkSpec } from "../api/framework.ts";
import { INFO_ANNOTATION } from "../api/group.ts";
import { enumName } from "../wire/enums.ts";
import {
  type FrameworkInfo,
  FrameworkInfo_Capability_Type,
  FrameworkInfo_Capability_TypeSchema,
  FrameworkInfoSchema,
} from "../wire/gen/mesos/v1/mesos_pb.ts";
import type { OfferConstraints } from "../wire/gen/mesos/v1/scheduler/scheduler_pb.ts";
import { durationOfSeconds, secondsOf } from "./amounts.ts";
import { offerConstraintsSpec } from "./constraints.ts";
import type { FrameworkTraits } from "./offer.ts";
import { Unsupported } from "./unsupported.ts";

export interface Wishes {
  readonly info: FrameworkInfo;
  readonly suppressedRoles: readonly string[];
  readonly offerConstraints: OfferConstraints | undefined;
}

export const hasCapability = (info: FrameworkInfo, capability: FrameworkInfo_Capability_Type): boolean =>
  info.capabilities.some(({ type }) => type === capability);

/** Mesos: protobuf::framework::getRoles. */
export const rolesOf = (info: FrameworkInfo): readonly string[] =>
  hasCapability(info, FrameworkInfo_Capability_Type.MULTI_ROLE) ? info.roles : [info.role];

/** What the framework wants, as the object has it. Must have passed frameworkProblem; throws Unsupported all the same. */
export function frameworkSpec({ info, suppressedRoles, offerConstraints }: Wishes): FrameworkSpec {
  const roles = [...rolesOf(info)];
  if (roles.length === 0) throw new Unsupported("a framework without roles is not supported");
  const known: readonly string[] = CAPABILITIES;
  const capabilities = info.capabilities
    .map(({ type }) => enumName(FrameworkInfo_Capability_TypeSchema, type))
    .filter((name): name is (typeof CAPABILITIES)[number] => known.includes(name));
  const constraints = offerConstraintsSpec(offerConstraints);
  const minAllocatable = minAllocatableOf(info);
  return {
    roles,
    connection: { type: "Gateway", leaseDuration: "15s" },
    failoverTimeout: durationOfSeconds(info.failoverTimeout, "failover_timeout"),
    ...(capabilities.length > 0 && { capabilities: [...new Set(capabilities)] }),
    ...(info.principal !== "" && { principal: info.principal }),
    ...(info.user !== "" && { user: info.user }),
    suppressedRoles: [...new Set(suppressedRoles)],
    offerConstraints: constraints,
    minAllocatable,
  };
}

/** The API knows one set of amounts a role, not a choice of several. */
function minAllocatableOf({ offerFilters }: FrameworkInfo): NonNullable<FrameworkSpec["minAllocatable"]> {
  return Object.entries(offerFilters).flatMap(([role, { minAllocatableResources }]) => {
    const [first, ...others] = minAllocatableResources?.quantities ?? [];
    if (others.length > 0) {
      throw new Unsupported(
        `'FrameworkInfo.offer_filters' of ${role}: a choice of several quantities is not supported`,
      );
    }
    if (first === undefined) return [];
    const amounts = Object.entries(first.quantities).map(([name, { value }]) => ({ name, scalar: value }));
    return amounts.length === 0 ? [] : [{ role, resources: amounts }];
  });
}

export const infoText = (info: FrameworkInfo): string => toJsonString(FrameworkInfoSchema, info);

/** The FrameworkInfo of a Framework: what was given, with what the object has by now; for one made by hand, from its spec. */
export function frameworkInfo(framework: Framework, id: string): FrameworkInfo {
  const given = givenInfo(framework);
  const { spec } = framework;
  const info = given ?? ownInfo(framework);
  info.id = create(FrameworkInfoSchema, { id: { value: id } }).id;
  if (spec.principal !== undefined) info.principal = spec.principal;
  return info;
}

/** Of roles it may have several, whatever its capabilities are. */
function ownInfo({ metadata, spec }: Framework): FrameworkInfo {
  const names = new Set<(typeof CAPABILITIES)[number]>(["MULTI_ROLE", ...(spec.capabilities ?? [])]);
  return create(FrameworkInfoSchema, {
    user: spec.user ?? "",
    name: metadata.name,
    roles: [...spec.roles],
    failoverTimeout: secondsOf(spec.failoverTimeout),
    capabilities: [...names].map((name) => ({ type: FrameworkInfo_Capability_Type[name] })),
  });
}

export function givenInfo({ metadata }: Framework): FrameworkInfo | undefined {
  const text = metadata.annotations?.[INFO_ANNOTATION];
  if (text === undefined) return undefined;
  try {
    return fromJsonString(FrameworkInfoSchema, text, { ignoreUnknownFields: true });
  } catch {
    // Somebody else wrote it.
    return undefined;
  }
}

export function traits({ spec }: Framework, id: string): FrameworkTraits {
  const has = (name: (typeof CAPABILITIES)[number]) => spec.capabilities?.includes(name) ?? false;
  return {
    id,
    multiRole: has("MULTI_ROLE"),
    refinement: has("RESERVATION_REFINEMENT"),
    partitionAware: has("PARTITION_AWARE"),
    regionAware: has("REGION_AWARE"),
  };
}
