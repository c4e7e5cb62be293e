/** metav1.Condition. */
export interface Condition {
  type: string;
  status: "True" | "False" | "Unknown";
  reason: string;
  message: string;
  lastTransitionTime: string;
  observedGeneration?: number;
}

/**
 * The list with `condition` set. lastTransitionTime becomes `now` (RFC 3339) only if the status differs from before.
 * The same list is returned when nothing changed, so that `===` tells whether to write.
 */
export declare function setCondition<C extends Condition>(
  conditions: readonly C[] | undefined,
  condition: Omit<C, "lastTransitionTime">,
  now: string,
): C[];

export declare function findCondition<C extends Condition>(
  conditions: readonly C[] | undefined,
  type: string,
): C | undefined;
export declare function isConditionTrue(conditions: readonly Condition[] | undefined, type: string): boolean;
