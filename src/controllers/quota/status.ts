import type { Condition } from "../../api/condition.ts";
import type { Quota, QuotaStatus } from "../../api/quota.ts";
import { setCondition } from "../../cluster/conditions.ts";
import type { Live } from "../../cluster/object.ts";
import { Quantities, ResourceError } from "../../resources/index.ts";
import { type AdmissionFacts, appliedOf, type Judgement, judge } from "./admission.ts";

export interface QuotaFacts extends AdmissionFacts {
  /** The older Quota of the same role, if there is one: then this one counts for nothing. */
  readonly older: string | undefined;
  /** Set where implicit roles are off and none is listed. */
  readonly roleMissing: string | undefined;
  /** RFC 3339. */
  readonly now: string;
}

/**
 * What a Quota has come to. What is in force stays so until another spec is admitted: neither agents that go nor a spec that asks for too
 * much takes it away.
 */
export function quotaStatus(quota: Live<Quota>, facts: QuotaFacts): QuotaStatus {
  const { generation } = quota.metadata;
  const judgement = safely(quota, facts);
  const wanted = appliedOf(quota.spec);
  const inForce = quota.status?.applied;
  const already = inForce !== undefined && JSON.stringify(inForce) === JSON.stringify(wanted);
  const admitted = already || judgement.fits || quota.spec.force;
  const invalid = !judgement.fits && judgement.reason === "InvalidAmounts";
  const applied = facts.older !== undefined || invalid ? undefined : admitted ? wanted : inForce;
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  const list: Omit<Condition, "lastTransitionTime">[] = [
    { type: "Conflict", ...conflict(quota, facts), ...observed },
    { type: "Overcommitted", ...overcommitted(judgement, admitted, inForce !== undefined), ...observed },
    { type: "Satisfied", ...satisfied(applied, facts), ...observed },
  ];
  return {
    ...observed,
    consumed: facts.consumed.names().map((name) => ({ name, scalar: facts.consumed.get(name) / 1000 })),
    ...(applied && { applied }),
    conditions: list.reduce<Condition[]>(
      (conditions, condition) => setCondition<Condition>(conditions, condition, facts.now),
      quota.status?.conditions ?? [],
    ),
  };
}

type Said = Pick<Condition, "status" | "reason" | "message">;

function conflict({ spec }: Quota, { older }: QuotaFacts): Said {
  if (older === undefined)
    return { status: "False", reason: "OnlyOne", message: `the quota of the role ${spec.role}` };
  const message = `the Quota ${older} is older and is for the role ${spec.role} too: this one counts for nothing`;
  return { status: "True", reason: "OlderQuota", message };
}

function overcommitted(judgement: Judgement, admitted: boolean, hadOne: boolean): Said {
  if (judgement.fits) return { status: "False", reason: "Fits", message: "within consumption and capacity" };
  const end = admitted
    ? "in force all the same"
    : hadOne
      ? "not in force, what was before stays; set force to have it"
      : "not in force; set force to have it";
  return { status: "True", reason: judgement.reason, message: `${judgement.message}: ${end}` };
}

function satisfied(applied: QuotaStatus["applied"], { consumed, roleMissing, older }: QuotaFacts): Said {
  if (roleMissing !== undefined) return { status: "False", reason: "RoleNotFound", message: roleMissing };
  if (applied === undefined) {
    const why = older === undefined ? "the quota is not in force" : "another Quota counts for the role";
    return { status: "False", reason: "NotInForce", message: why };
  }
  const guarantees = Quantities.fromAmounts(applied.guarantees ?? []);
  if (guarantees.isEmpty) return { status: "True", reason: "NoGuarantees", message: "nothing is guaranteed" };
  const missing = guarantees.subtract(consumed);
  if (missing.isEmpty)
    return { status: "True", reason: "GuaranteesMet", message: "the role has what is guaranteed" };
  return { status: "False", reason: "BelowGuarantees", message: `the role could have ${missing} more` };
}

function safely({ spec }: Quota, facts: QuotaFacts): Judgement {
  try {
    return judge(spec, facts);
  } catch (error) {
    if (error instanceof ResourceError)
      return { fits: false, reason: "InvalidAmounts", message: error.message };
    throw error;
  }
}
