/** What tasks that name no reservation may be placed on, as amounts: worked out of resources when a task asks. */
import { type Quantities, Resources, reservationRole } from "../resources/index.ts";

/** Amounts with one reservation, of what may be cut anywhere: neither volumes nor revocable. */
export interface Stratum {
  /** Undefined where unreserved. */
  readonly role: string | undefined;
  /** Reserved more than once over, which only some frameworks see. */
  readonly refined: boolean;
  readonly amounts: Quantities;
}

const known = new WeakMap<Resources, readonly Stratum[]>();

export function strataOf(resources: Resources): readonly Stratum[] {
  const before = known.get(resources);
  if (before !== undefined) return before;
  const strata = makeStrata(resources);
  known.set(resources, strata);
  return strata;
}

function makeStrata(resources: Resources): readonly Stratum[] {
  const whole = resources.filter(
    ({ revocable, shared, disk }) => !revocable && !shared && disk === undefined,
  );
  if (whole.reserved().isEmpty) return [{ role: undefined, refined: false, amounts: whole.quantities() }];
  const groups = Map.groupBy(whole, (r) => `${r.reservations.length > 1} ${reservationRole(r) ?? ""}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const refined = first.reservations.length > 1;
    return [{ role: reservationRole(first), refined, amounts: Resources.of(group).quantities() }];
  });
}
