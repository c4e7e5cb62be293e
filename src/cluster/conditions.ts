/** metav1.Condition. */
export interface Condition {
  type: string;
  status: "True" | "False" | "Unknown";
  reason: string;
  message: string;
  lastTransitionTime: string;
  observedGeneration?: number | undefined;
}

/**
 * The list with `condition` set, in its place if its type was there. lastTransitionTime becomes `now` (RFC 3339)
 * only if the status differs from before. The same list is returned when nothing changed, so that `===` tells
 * whether to write.
 */
export function setCondition<C extends Condition>(
  conditions: readonly C[] | undefined,
  condition: Omit<C, "lastTransitionTime">,
  now: string,
): C[] {
  const before = conditions ?? [];
  const at = before.findIndex(({ type }) => type === condition.type);
  const old = before[at];
  const lastTransitionTime = old?.status === condition.status ? old.lastTransitionTime : now;
  const set = { ...condition, lastTransitionTime } as C;
  // Nothing changed: the caller's own list, which it may not have declared readonly.
  if (old && conditions && isSame(old, set)) return conditions as C[];
  return old ? before.with(at, set) : [...before, set];
}

/** The same list if the type is not in it. */
export function removeCondition<C extends Condition>(
  conditions: readonly C[] | undefined,
  type: string,
): C[] {
  const left = (conditions ?? []).filter((condition) => condition.type !== type);
  return conditions && left.length === conditions.length ? (conditions as C[]) : left;
}

export function findCondition<C extends Condition>(
  conditions: readonly C[] | undefined,
  type: string,
): C | undefined {
  return conditions?.find((condition) => condition.type === type);
}

export function isConditionTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === "True";
}

function isSame(a: Condition, b: Condition): boolean {
  return (
    a.status === b.status &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.observedGeneration === b.observedGeneration &&
    a.lastTransitionTime === b.lastTransitionTime
  );
}
