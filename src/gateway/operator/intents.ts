import type { Operation } from "../../api/offer.ts";
import type { Principal } from "../../auth/authenticator.ts";
import { decideReserve, type ReservationChange, resourceOperation } from "../../controllers/offer/reserve.ts";
import { begin, type Situation } from "../../controllers/offer/situation.ts";
import { Unsupported } from "../../convert/unsupported.ts";
import { applyOperation, consumedBy, type ResourceOperation } from "../../resources/index.ts";

/** An operation in both forms. */
export interface Intent {
  readonly asked: Operation;
  readonly operation: ResourceOperation;
}

/** Throws ResourceError. */
export const intentOf = (asked: Operation): Intent => ({ asked, operation: resourceOperation(asked) });

/** Judged by itself, as if just what it needs were there. */
export function problemOf(
  operation: ResourceOperation,
  principal: Principal | undefined,
): string | undefined {
  const isOwned = operation.type === "RESERVE" || operation.type === "CREATE";
  const context = isOwned && principal !== undefined ? { principal: principal.name } : {};
  const result = applyOperation(consumedBy(operation), operation, context);
  return result.ok ? undefined : result.reason;
}

/**
 * What is to be written; undefined: the disk lies in several Reservations. One decision for each role that is reserved for: an offer is made
 * to one.
 */
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
