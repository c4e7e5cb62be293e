import type { Operation } from "../../api/offer.ts";
import type { Principal } from "../../auth/authenticator.ts";
import { decideReserve, type ReservationChange } from "../../controllers/offer/reserve.ts";
import { begin, type Situation } from "../../controllers/offer/situation.ts";
import { reservedForm } from "../../controllers/world/reservedform.ts";
import { Unsupported } from "../../convert/unsupported.ts";
import {
  applyOperation,
  type Resource as Held,
  isPersistentVolume,
  type ResourceOperation,
  Resources,
  stripVolume,
} from "../../resources/index.ts";

/** An operation, and what it comes to. */
export interface Intent {
  readonly operation: ResourceOperation;
  /** What is to be written; undefined: the disk lies in several Reservations. */
  readonly decide: (situation: Situation) => readonly ReservationChange[] | undefined;
}

/** Judged by itself, as if just what it needs were there. */
export function problemOf(
  operation: ResourceOperation,
  principal: Principal | undefined,
): string | undefined {
  const isOwned = operation.type === "RESERVE" || operation.type === "CREATE";
  const context = isOwned && principal !== undefined ? { principal: principal.name } : {};
  const result = applyOperation(neededBy(operation), operation, context);
  return result.ok ? undefined : result.reason;
}

/** What becomes something else. */
export function neededBy(operation: ResourceOperation): Resources {
  switch (operation.type) {
    case "RESERVE":
      return operation.resources.popReservation();
    case "UNRESERVE":
      return operation.resources;
    case "CREATE":
      return Resources.of(Array.from(operation.volumes, stripVolume));
    case "DESTROY":
      return operation.volumes;
    case "GROW_VOLUME":
      return Resources.of([operation.volume, operation.addition]);
    default:
      return Resources.of([operation.volume]);
  }
}

/** One decision for each role that is reserved for: an offer is made to one. */
export function decided(
  situation: Situation,
  operation: Operation,
): readonly ReservationChange[] | undefined {
  const resources = operation.reserve?.resources;
  const parts: Operation[] =
    resources === undefined
      ? [operation]
      : [...Map.groupBy(resources, ({ reservations }) => reservations?.at(-1)?.role ?? "")].map(
          ([, same]) => ({
            ...operation,
            reserve: { resources: same },
          }),
        );
  const changes: ReservationChange[] = [];
  let progress = begin(situation);
  for (const [index, part] of parts.entries()) {
    const role = part.reserve?.resources[0]?.reservations?.at(-1)?.role ?? "*";
    const { offer } = situation;
    const asked = { ...situation, offer: { ...offer, spec: { ...offer.spec, role } } };
    const decision = decideReserve(asked, progress, index, part);
    if (!decision.ok) {
      if (decision.status === "FAILED") return undefined;
      throw new Unsupported(decision.message);
    }
    progress = decision.progress;
    changes.push(...decision.changes);
  }
  return changes;
}

/** A volume of another size, in its Reservation. */
export function resized(
  { reservations }: Situation,
  volume: Held,
  converted: Resources,
): readonly ReservationChange[] | undefined {
  const grown = [...converted].find(isPersistentVolume);
  const id = volume.disk?.persistence?.id;
  const object = reservations.find((one) => {
    const form = reservedForm(one);
    return !("invalid" in form) && form.reserved.contains(Resources.of([volume]));
  });
  const form = object && reservedForm(object);
  if (object === undefined || form === undefined || "invalid" in form || grown?.value.kind !== "scalar")
    return undefined;
  const rest = form.reserved.subtract(Resources.of([volume]));
  const disk = stripVolume(grown);
  const before = stripVolume(volume);
  if (!rest.add(Resources.of([before])).contains(Resources.of([disk]))) return undefined;
  const scalar = grown.value.milli / 1000;
  const volumes = (object.spec.volumes ?? []).map((one) => {
    if (one.id !== id) return one;
    const { quantity: _quantity, ...others } = one;
    return { ...others, scalar };
  });
  return [{ kind: "patch", object, annotations: {}, spec: { volumes } }];
}
