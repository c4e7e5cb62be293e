import { createHash } from "node:crypto";
import { LABEL_OFFER, LABEL_ROLE, RESERVATION_FINALIZER } from "../../api/group.ts";
import { typeMeta } from "../../api/kind.ts";
import type { Operation } from "../../api/offer.ts";
import { Reservation, type ReservationSpec } from "../../api/reservation.ts";
import type { Live } from "../../cluster/object.ts";
import {
  type OperationResult as Applied,
  applyOperation,
  fromSpec,
  isPersistentVolume,
  type OperationContext,
  quantityToMilli,
  type Resource,
  ResourceError,
  type ResourceOperation,
  type ResourceSpec,
  Resources,
  stripVolume,
  toSpec,
  unitsToMilli,
} from "../../resources/index.ts";
import { labelsOf } from "../allocation/offerobject.ts";
import { heldPart, reservedForm } from "../world/reservedform.ts";
import { bySeniority } from "../world/seniority.ts";
import { contribution, operationKey, withContribution } from "./contributions.ts";
import { resizeVolume, without } from "./resize.ts";
import type { Progress, Situation } from "./situation.ts";

/** A write to a Reservation. Each can be done again after a crash that came before the next. */
export type ReservationChange =
  | { readonly kind: "create"; readonly object: Reservation }
  | {
      readonly kind: "patch";
      readonly object: Live<Reservation>;
      readonly annotations: Readonly<Record<string, string>>;
      readonly spec: Partial<Pick<ReservationSpec, "resources" | "volumes">>;
    }
  | { readonly kind: "delete"; readonly object: Live<Reservation> };

export type ReserveDecision =
  | {
      readonly ok: true;
      readonly progress: Progress;
      readonly changes: readonly ReservationChange[];
    }
  | { readonly ok: false; readonly status: "ERROR" | "FAILED" | "DROPPED"; readonly message: string };

/** Decides operations other than launches: what of the offer becomes what, and which objects say so. */
export function decideReserve(
  situation: Situation,
  progress: Progress,
  index: number,
  operation: Operation,
): ReserveDecision {
  const { impediment } = situation;
  if (impediment !== undefined) return { ok: false, status: "DROPPED", message: impediment.message };
  try {
    const wanted = resourceOperation(operation);
    const missing = missingCapability(situation, wanted);
    if (missing !== undefined) return refused(missing);
    const applied = applyOperation(progress.resources, wanted, contextOf(situation, operation));
    if (!applied.ok) return refused(applied.reason);
    const changes = changesFor(situation, index, wanted, applied);
    if (changes === undefined) {
      const message = "the disk lies in several Reservations: reserve it anew in one";
      return { ok: false, status: "FAILED", message };
    }
    return { ok: true, progress: { ...progress, resources: applied.resources }, changes };
  } catch (error) {
    if (error instanceof ResourceError) return refused(error.message);
    throw error;
  }
}

const refused = (message: string): ReserveDecision => ({ ok: false, status: "ERROR", message });

/** Throws ResourceError. */
export function resourceOperation(operation: Operation): ResourceOperation {
  const { type, reserve, unreserve, create, destroy, growVolume, shrinkVolume } = operation;
  const read = (some: Operation["reserve"]) => fromSpec(some?.resources ?? [], { field: "resources" });
  if (type === "RESERVE") return { type, resources: read(reserve) };
  if (type === "UNRESERVE") return { type, resources: read(unreserve) };
  if (type === "CREATE") return { type, volumes: read(create) };
  if (type === "DESTROY") return { type, volumes: read(destroy) };
  if (type === "GROW_VOLUME") {
    const volume = single(growVolume?.volume, "volume");
    return { type, volume, addition: single(growVolume?.addition, "addition") };
  }
  const { volume, subtract: { scalar = 0, quantity } = {} } = shrinkVolume ?? {};
  const subtractMilli =
    quantity === undefined ? unitsToMilli(scalar, "subtract") : quantityToMilli("disk", quantity, "subtract");
  return { type: "SHRINK_VOLUME", volume: single(volume, "volume"), subtractMilli };
}

function single(spec: ResourceSpec | undefined, field: string): Resource {
  const [one] = fromSpec(spec === undefined ? [] : [spec], { field });
  if (one === undefined) throw new ResourceError(field, "must be more than nothing");
  return one;
}

function missingCapability({ framework }: Situation, operation: ResourceOperation): string | undefined {
  if (operation.type !== "RESERVE") return undefined;
  const resources = [...operation.resources];
  if (resources.some(isPersistentVolume)) return "a persistent volume cannot be reserved";
  const refines = resources.some(({ reservations }) => reservations.length > 1);
  const may = framework.spec.capabilities?.includes("RESERVATION_REFINEMENT") ?? false;
  return refines && !may ? "refining a reservation needs the capability RESERVATION_REFINEMENT" : undefined;
}

function contextOf(situation: Situation, { type }: Operation): OperationContext {
  const { framework, offer, volumes, used } = situation;
  const { principal, capabilities } = framework.spec;
  return {
    ...(principal !== undefined && (type === "RESERVE" || type === "CREATE") && { principal }),
    allocationRole: offer.spec.role,
    volumesOnAgent: volumes,
    used,
    mayShare: capabilities?.includes("SHARED_RESOURCES") ?? false,
  };
}

function changesFor(
  situation: Situation,
  index: number,
  operation: ResourceOperation,
  { consumed, converted }: Extract<Applied, { ok: true }>,
): readonly ReservationChange[] | undefined {
  switch (operation.type) {
    case "RESERVE":
      return createReservations(situation, index, converted);
    case "UNRESERVE":
      return unreserve(situation, index, consumed);
    case "CREATE":
      return createVolumes(situation, index, converted);
    case "DESTROY":
      return destroyVolumes(situation, consumed);
    default:
      return resizeVolume(situation, index, operation, converted);
  }
}

/** One object for each kind of innermost reservation; an object has one. */
function createReservations({ offer }: Situation, index: number, reserved: Resources): ReservationChange[] {
  const kinds = Map.groupBy(reserved, ({ reservations }) => JSON.stringify(reservations.at(-1)));
  const hash = createHash("sha256").update(offer.metadata.uid).digest("hex").slice(0, 16);
  return [...kinds.values()].map((resources, i) => {
    const top = resources[0]?.reservations.at(-1);
    const { role, agent } = offer.spec;
    const object: Reservation = {
      ...typeMeta(Reservation),
      metadata: {
        name: `offer-${hash}-${index}${i > 0 ? `-${i}` : ""}`,
        // Marks it as made of what was offered: it counts at once (see world/overlay.ts).
        labels: { [LABEL_OFFER]: hash, ...labelsOf({ [LABEL_ROLE]: role }) },
        finalizers: [RESERVATION_FINALIZER],
      },
      spec: {
        role,
        agent,
        resources: toSpec(Resources.of(resources).popReservation()),
        ...(top?.principal !== undefined && { principal: top.principal }),
        ...(top?.labels !== undefined && { labels: { ...top.labels } }),
      },
    };
    return { kind: "create", object };
  });
}

/** Newest first, so that what an administrator declared long ago goes last. */
function unreserve(
  { offer, reservations }: Situation,
  index: number,
  wanted: Resources,
): ReservationChange[] {
  const key = operationKey(offer.metadata.uid, index);
  const before = reservations.map((object) => contribution(object, key) ?? Resources.empty);
  let left = wanted.subtract(Resources.sum(before));
  const changes: ReservationChange[] = [];
  for (const object of [...reservations].sort(bySeniority).reverse()) {
    const form = reservedForm(object);
    if ("invalid" in form || contribution(object, key) !== undefined) continue;
    const part = heldPart(
      form.reserved.filter((resource) => !isPersistentVolume(resource)),
      left,
    );
    if (part.isEmpty) continue;
    left = left.subtract(part);
    changes.push(without(object, form, part, key));
  }
  return changes;
}

/** Undefined if no one Reservation has the disk for a volume. */
function createVolumes(
  { offer, reservations }: Situation,
  index: number,
  volumes: Resources,
): ReservationChange[] | undefined {
  const key = operationKey(offer.metadata.uid, index);
  const drafts = reservations.map((object) => {
    const form = reservedForm(object);
    const done = contribution(object, key);
    return {
      object,
      free: "invalid" in form ? Resources.empty : form.reserved,
      done,
      made: [] as Resource[],
    };
  });
  for (const volume of volumes) {
    if (drafts.some(({ done }) => done?.contains(Resources.of([volume])))) continue;
    const disk = Resources.of([stripVolume(volume)]);
    const draft = drafts.find(({ free, done }) => done === undefined && free.contains(disk));
    if (draft === undefined) return undefined;
    draft.free = draft.free.subtract(disk);
    draft.made.push(volume);
  }
  return drafts.flatMap(({ object, made }): ReservationChange[] => {
    if (made.length === 0) return [];
    const added = made.map((volume) => volumeSpec(volume, key));
    return [
      {
        kind: "patch",
        object,
        annotations: withContribution(object, key, Resources.of(made)),
        spec: { volumes: [...(object.spec.volumes ?? []), ...added] },
      },
    ];
  });
}

function volumeSpec(
  { disk, value, shared }: Resource,
  operation: string,
): NonNullable<ReservationSpec["volumes"]>[number] {
  return {
    id: disk?.persistence?.id ?? "",
    scalar: value.kind === "scalar" ? value.milli / 1000 : 0,
    containerPath: disk?.volume?.containerPath ?? "",
    mode: disk?.volume?.mode ?? "RW",
    uid: operation,
    ...(shared && { shared }),
    ...(disk?.persistence?.principal !== undefined && { principal: disk.persistence.principal }),
  };
}

/** One that is not there any more is destroyed already. */
function destroyVolumes({ reservations }: Situation, volumes: Resources): ReservationChange[] {
  return reservations.flatMap((object): ReservationChange[] => {
    const form = reservedForm(object);
    if ("invalid" in form) return [];
    const gone = new Set(
      Array.from(heldPart(form.reserved, volumes), ({ disk }) => disk?.persistence?.id ?? ""),
    );
    const left = (object.spec.volumes ?? []).filter(({ id }) => !gone.has(id));
    if (left.length === object.spec.volumes?.length || object.spec.volumes === undefined) return [];
    return [{ kind: "patch", object, annotations: {}, spec: { volumes: left } }];
  });
}
