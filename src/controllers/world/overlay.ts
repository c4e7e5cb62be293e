import { LABEL_OFFER } from "../../api/group.ts";
import type { Reservation } from "../../api/reservation.ts";
import type { Live } from "../../cluster/object.ts";
import { Resources } from "../../resources/index.ts";
import { heldPart, plainForm, type ReservedForm, reservedForm } from "./reservedform.ts";
import { bySeniority } from "./seniority.ts";

/** An agent's resources with its Reservations laid over them. */
export interface Overlay {
  readonly total: Resources;
  /** By the Reservation's uid: what it has there; those that found no room are missing. */
  readonly reserved: ReadonlyMap<string, Resources>;
}

const NONE: Overlay["reserved"] = new Map();

/**
 * Whether a Reservation counts on its agent: the operator has placed it, or made it of an offer's own resources. One that an
 * administrator has just made waits until tasks leave room for it.
 */
export const isCounted = (reservation: Live<Reservation>): boolean =>
  (reservation.status?.reserved?.length ?? 0) > 0 || reservation.metadata.labels?.[LABEL_OFFER] !== undefined;

/**
 * `offerable` are unreserved resources, `held` is what tasks hold. What tasks hold of a Reservation stays reserved even if other Pods
 * have taken the room; what is free of one that is being deleted does not. Then the older one comes first.
 */
export function overlayReservations(
  offerable: Resources,
  reservations: readonly Live<Reservation>[],
  held: Resources,
): Overlay {
  if (reservations.length === 0) return { total: offerable, reserved: NONE };
  let total = offerable;
  const reserved = new Map<string, Resources>();
  const place = (uid: string, form: ReservedForm) => {
    total = total.subtract(form.plain).add(form.reserved);
    reserved.set(uid, (reserved.get(uid) ?? Resources.empty).add(form.reserved));
  };
  const rest: { readonly uid: string; readonly form: ReservedForm }[] = [];
  // Of two with one identity the older one has what is held.
  let heldReserved = held.reserved();
  for (const reservation of [...reservations].sort(bySeniority)) {
    const form = reservedForm(reservation);
    if ("invalid" in form) continue;
    const { uid, deletionTimestamp } = reservation.metadata;
    const used = heldPart(form.reserved, heldReserved);
    if (!used.isEmpty) {
      place(uid, { plain: plainForm(used), reserved: used });
      heldReserved = heldReserved.subtract(used.nonShared());
    }
    const free = form.reserved.subtract(used);
    if (deletionTimestamp === undefined && !free.isEmpty && isCounted(reservation))
      rest.push({ uid, form: { plain: plainForm(free), reserved: free } });
  }
  for (const { uid, form } of rest) if (total.contains(form.plain)) place(uid, form);
  return { total, reserved };
}
