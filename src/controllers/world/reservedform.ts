import type { Reservation, ReservationSpec as Spec } from "../../api/reservation.ts";
import {
  applyOperation,
  checkReservations,
  fromSpec,
  makeResource,
  quantityToMilli,
  type ReservationSpec,
  type Resource,
  ResourceError,
  Resources,
  stripVolume,
  unitsToMilli,
} from "../../resources/index.ts";

/** What a Reservation makes of an agent's resources: `plain` goes, `reserved` (volumes included) comes. */
export interface ReservedForm {
  readonly plain: Resources;
  readonly reserved: Resources;
}

export type ReservedFormResult = ReservedForm | { readonly invalid: string };

const known = new WeakMap<Spec, ReservedFormResult>();

/** `invalid` says in a sentence what no schema could refuse. */
export function reservedForm({ spec }: Reservation): ReservedFormResult {
  const before = known.get(spec);
  if (before !== undefined) return before;
  const form = read(spec);
  known.set(spec, form);
  return form;
}

/** The entry that the Reservation puts on top of each resource's stack. */
export function topReservation({ role, principal, labels }: Spec): ReservationSpec {
  return {
    type: "DYNAMIC",
    role,
    ...(principal !== undefined && { principal }),
    ...(labels !== undefined && Object.keys(labels).length > 0 && { labels }),
  };
}

function read(spec: Spec): ReservedFormResult {
  try {
    const plain = fromSpec(spec.resources, { field: "spec.resources" });
    const top = topReservation(spec);
    for (const { reservations } of plain) checkReservations([...reservations, top], "spec.role");
    return { plain, reserved: withVolumes(plain.pushReservation(top), spec) };
  } catch (error) {
    if (error instanceof ResourceError) return { invalid: error.message };
    throw error;
  }
}

function withVolumes(reserved: Resources, spec: Spec): Resources {
  let result = reserved;
  for (const [i, volume] of (spec.volumes ?? []).entries()) {
    const field = `spec.volumes[${i}]`;
    const milli =
      volume.scalar !== undefined
        ? unitsToMilli(volume.scalar, `${field}.scalar`)
        : quantityToMilli("disk", volume.quantity ?? "0", `${field}.quantity`);
    const disk = [...result].find((resource) => isPlainDisk(resource) && hasAtLeast(resource, milli));
    if (disk === undefined) throw new ResourceError(field, "is larger than the reserved disk that is left");
    const persistence = {
      id: volume.id,
      ...(volume.principal !== undefined && { principal: volume.principal }),
    };
    const made = makeResource({
      ...disk,
      value: { kind: "scalar", milli },
      disk: { ...disk.disk, persistence, volume: { containerPath: volume.containerPath, mode: volume.mode } },
      shared: volume.shared ?? false,
    });
    const applied = applyOperation(result, { type: "CREATE", volumes: Resources.of([made]) });
    if (!applied.ok) throw new ResourceError(field, applied.reason);
    result = applied.resources;
  }
  return result;
}

const isPlainDisk = ({ name, disk }: Resource): boolean => name === "disk" && disk?.persistence === undefined;
const hasAtLeast = ({ value }: Resource, milli: number): boolean =>
  value.kind === "scalar" && value.milli >= milli;

/** What reserved resources were before: no volume, no innermost reservation. */
export const plainForm = (reserved: Resources): Resources =>
  Resources.of(Array.from(reserved, stripVolume)).popReservation();

/** The part of `reserved` that is among `held`, by identity and amount. */
export function heldPart(reserved: Resources, held: Resources): Resources {
  const identities = new Set(Array.from(reserved, ({ identity }) => identity));
  const same = held.filter(({ identity }) => identities.has(identity));
  // What is held beyond this reservation belongs to others of one identity.
  return reserved.subtract(reserved.subtract(same));
}
