import type { Condition } from "../../api/condition.ts";
import type { Reservation, ReservationStatus } from "../../api/reservation.ts";
import { setCondition } from "../../cluster/conditions.ts";
import type { Live } from "../../cluster/object.ts";
import { toSpec } from "../../resources/index.ts";
import type { AgentView } from "../world/agentview.ts";
import { isCounted } from "../world/overlay.ts";
import { reservedForm } from "../world/reservedform.ts";
import { placeReservation } from "./place.ts";

export interface ReservationFacts {
  readonly viewOf: (agent: string) => AgentView | undefined;
  readonly all: () => Iterable<AgentView>;
  /** "namespace/name" of the tasks that hold some of it. */
  readonly users: readonly string[];
  /** Set where implicit roles are off and none is listed. */
  readonly roleMissing: string | undefined;
  /** RFC 3339. */
  readonly now: string;
}

/** What the API takes in status.inUseBy. */
const MOST_USERS = 256;

type Said = Pick<Condition, "status" | "reason" | "message">;
interface Outcome {
  readonly reserved: ReservationStatus["reserved"];
  readonly said: Said;
}

/** Where a Reservation lies. Once placed it stays with its agent, also while other Pods have taken its room. */
export function reservationStatus(
  reservation: Live<Reservation>,
  facts: ReservationFacts,
): ReservationStatus {
  const { generation } = reservation.metadata;
  const { reserved, said } = outcome(reservation, facts);
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  const inUse = facts.users.length > 0;
  const use: Said = inUse
    ? { status: "True", reason: "HeldByTasks", message: `held by ${facts.users.length} tasks` }
    : { status: "False", reason: "Free", message: "no task holds any of it" };
  const withReserved = setCondition<Condition>(
    reservation.status?.conditions,
    { type: "Reserved", ...said, ...observed },
    facts.now,
  );
  return {
    ...observed,
    ...(reserved && { reserved }),
    inUseBy: facts.users.slice(0, MOST_USERS),
    conditions: setCondition<Condition>(withReserved, { type: "InUse", ...use, ...observed }, facts.now),
  };
}

function outcome(reservation: Live<Reservation>, facts: ReservationFacts): Outcome {
  const before = reservation.status?.reserved;
  const no = (reason: string, message: string): Outcome => ({
    reserved: before,
    said: { status: "False", reason, message },
  });
  const form = reservedForm(reservation);
  if ("invalid" in form) return no("InvalidResources", form.invalid);
  const { deletionTimestamp, uid } = reservation.metadata;
  if (deletionTimestamp !== undefined) return no("Terminating", "it goes once no task holds any of it");
  const placed = before?.[0]?.agent ?? (isCounted(reservation) ? reservation.spec.agent : undefined);
  const at = (agent: string): Outcome => ({
    reserved: [{ agent, resources: toSpec(form.reserved) }],
    said: { status: "True", reason: "Reserved", message: `reserved on ${agent}` },
  });
  if (placed !== undefined) {
    const view = facts.viewOf(placed);
    if (view === undefined) return no("AgentNotFound", `the agent ${placed} is gone`);
    if (view.reserved.get(uid)?.contains(form.reserved)) return at(placed);
    return no("Displaced", `other Pods or older reservations have taken its room on ${placed}`);
  }
  if (facts.roleMissing !== undefined) return no("RoleNotFound", facts.roleMissing);
  const placement = placeReservation(reservation, form, facts.viewOf, facts.all);
  return "agent" in placement ? at(placement.agent) : no(placement.reason, placement.message);
}
