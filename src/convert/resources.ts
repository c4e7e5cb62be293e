import { create } from "@bufbuild/protobuf";
import type { DiskSpec, ReservationSpec, ResourceSpec } from "../resources/spec.ts";
import { enumName } from "../wire/enums.ts";
import {
  type Resource,
  type Resource_DiskInfo,
  Resource_DiskInfoSchema,
  type Resource_ReservationInfo,
  Resource_ReservationInfo_Type,
  Resource_ReservationInfoSchema,
  ResourceSchema,
  Value_Type,
  Value_TypeSchema,
  Volume_Mode,
  VolumeSchema,
} from "../wire/gen/mesos/v1/mesos_pb.ts";
import { labelsMessage, labelsRecord } from "./amounts.ts";
import { onlyFields, Unsupported } from "./unsupported.ts";

/** How a framework wants resources told, by its capabilities. */
export interface ResourceForm {
  /** MULTI_ROLE: with allocation_info. */
  readonly allocationRole?: string;
  /** RESERVATION_REFINEMENT: `reservations`; without it `role` and `reservation`. */
  readonly refinement: boolean;
}

const CARRIED = [
  ...["name", "type", "scalar", "ranges", "set", "role", "allocation_info"],
  ...["reservation", "reservations", "disk", "revocable", "shared"],
];

/** A resource as a framework writes it, in either form of reservations. Throws Unsupported. */
export function resourceSpec(resource: Resource): ResourceSpec {
  onlyFields(ResourceSchema, resource, CARRIED, "resource");
  const reservations = stack(resource);
  return {
    name: resource.name,
    ...value(resource),
    ...(reservations.length > 0 && { reservations }),
    ...(resource.disk && { disk: diskSpec(resource.disk) }),
    ...(resource.revocable && { revocable: true }),
    ...(resource.shared && { shared: true }),
  };
}

export const resourceSpecs = (resources: readonly Resource[]): ResourceSpec[] => resources.map(resourceSpec);

function value({ name, type, scalar, ranges, set }: Resource): Partial<ResourceSpec> {
  if (type === Value_Type.SCALAR && scalar !== undefined) return { scalar: thousandths(scalar.value, name) };
  if (type === Value_Type.RANGES && ranges !== undefined) {
    return { ranges: ranges.range.map(({ begin, end }) => ({ begin: Number(begin), end: Number(end) })) };
  }
  if (type === Value_Type.SET && set !== undefined) return { set: set.item };
  const kind = enumName(Value_TypeSchema, type);
  throw new Unsupported(`Invalid resource '${name}': it has no value of its type ${kind}`);
}

/** Mesos rounds scalars to three decimals too (common/values.cpp). */
function thousandths(amount: number, name: string): number {
  if (!Number.isFinite(amount) || amount < 0) {
    throw new Unsupported(`Invalid scalar resource '${name}': value < 0 or not finite`);
  }
  return Math.round(amount * 1000) / 1000;
}

function stack(resource: Resource): ReservationSpec[] {
  const { reservations, reservation, role, name } = resource;
  if (reservations.length > 0) {
    if (reservation !== undefined || role !== "*") {
      throw new Unsupported(
        `Invalid resource '${name}': 'Resource.role' and 'Resource.reservation' must not be set with 'Resource.reservations'`,
      );
    }
    return reservations.map((one) => reservationSpec(one, one.role, name));
  }
  if (role === "*") {
    if (reservation === undefined) return [];
    throw new Unsupported(`Invalid reservation: role "*" cannot be dynamically reserved`);
  }
  if (reservation === undefined) return [{ type: "STATIC", role }];
  return [{ ...reservationSpec(reservation, role, name), type: "DYNAMIC" }];
}

function reservationSpec(info: Resource_ReservationInfo, role: string, name: string): ReservationSpec {
  const labels = labelsRecord(info.labels, "reservation.labels");
  if (role === "") throw new Unsupported(`Invalid reservation of '${name}': 'role' must be set`);
  return {
    type: info.type === Resource_ReservationInfo_Type.STATIC ? "STATIC" : "DYNAMIC",
    role,
    ...(info.principal !== "" && { principal: info.principal }),
    ...(labels && { labels }),
  };
}

function diskSpec(disk: Resource_DiskInfo): DiskSpec {
  onlyFields(Resource_DiskInfoSchema, disk, ["persistence", "volume"], "resource.disk");
  const { persistence, volume } = disk;
  if (volume !== undefined) {
    onlyFields(VolumeSchema, volume, ["mode", "container_path"], "resource.disk.volume");
  }
  return {
    ...(persistence && {
      persistence: {
        id: persistence.id,
        ...(persistence.principal !== "" && { principal: persistence.principal }),
      },
    }),
    ...(volume && {
      volume: {
        containerPath: volume.containerPath,
        mode: volume.mode === Volume_Mode.RO ? ("RO" as const) : ("RW" as const),
      },
    }),
  };
}

/** A resource as it is told to a framework. A quantity must have become a scalar before (toSpec in src/resources). */
export function resourceMessage(spec: ResourceSpec, form: ResourceForm): Resource {
  const message = create(ResourceSchema, {
    name: spec.name,
    ...valueMessage(spec),
    ...(form.allocationRole !== undefined && { allocationInfo: { role: form.allocationRole } }),
    ...(spec.disk && { disk: diskMessage(spec.disk) }),
    ...(spec.revocable && { revocable: {} }),
    ...(spec.shared && { shared: {} }),
  });
  reserve(message, spec.reservations ?? [], form);
  return message;
}

function valueMessage({ scalar, ranges, set }: ResourceSpec): Value {
  if (ranges !== undefined) {
    const range = ranges.map(({ begin, end }) => ({ begin: BigInt(begin), end: BigInt(end) }));
    return { type: Value_Type.RANGES, ranges: { range } };
  }
  if (set !== undefined) return { type: Value_Type.SET, set: { item: [...set] } };
  return { type: Value_Type.SCALAR, scalar: { value: scalar ?? 0 } };
}

interface Value {
  readonly type: Value_Type;
  readonly scalar?: { readonly value: number };
  readonly ranges?: { readonly range: { readonly begin: bigint; readonly end: bigint }[] };
  readonly set?: { readonly item: string[] };
}

/** Mesos: convertResourceFormat. A refined reservation has no older form; it is not offered to who cannot read it. */
function reserve(
  message: Resource,
  reservations: readonly ReservationSpec[],
  { refinement }: ResourceForm,
): void {
  if (refinement) {
    message.reservations = reservations.map((one) => reservationMessage(one, true));
    return;
  }
  const last = reservations.at(-1);
  message.role = last?.role ?? "*";
  if (last?.type === "DYNAMIC") message.reservation = reservationMessage(last, false);
}

function reservationMessage(
  { type, role, principal, labels }: ReservationSpec,
  refinement: boolean,
): Resource_ReservationInfo {
  return create(Resource_ReservationInfoSchema, {
    ...(refinement && { type: Resource_ReservationInfo_Type[type], role }),
    ...(principal !== undefined && { principal }),
    ...(labels && { labels: labelsMessage(labels) }),
  });
}

function diskMessage({ persistence, volume }: DiskSpec): Resource_DiskInfo {
  return create(Resource_DiskInfoSchema, {
    ...(persistence && {
      persistence: {
        id: persistence.id,
        ...(persistence.principal !== undefined && { principal: persistence.principal }),
      },
    }),
    ...(volume && { volume: { containerPath: volume.containerPath, mode: Volume_Mode[volume.mode] } }),
  });
}
