import type { QuotaSpec, QuotaStatus } from "../../api/quota.ts";
import { isStrictSubroleOf, Limits, Quantities } from "../../resources/index.ts";

type Applied = NonNullable<QuotaStatus["applied"]>;

export interface QuotaInForce {
  readonly role: string;
  readonly guarantees: Quantities;
}

export interface AdmissionFacts {
  /** Of the role and all below it. */
  readonly consumed: Quantities;
  /** What all agents have. */
  readonly capacity: Quantities;
  /** Of all other roles. */
  readonly others: readonly QuotaInForce[];
}

/** Whether a quota asks for more than there is; `reason` and `message` of the condition Overcommitted. */
export type Judgement =
  | { readonly fits: true }
  | { readonly fits: false; readonly reason: string; readonly message: string };

/** Mesos refuses UPDATE_QUOTA for these two reasons unless it is forced (quota_handler.cpp, _update). */
export function judge({ role, guarantees, limits }: QuotaSpec, facts: AdmissionFacts): Judgement {
  const most = Limits.fromAmounts(limits ?? [], "spec.limits");
  for (const [name, milli] of most) {
    const used = facts.consumed.get(name);
    if (used <= milli) continue;
    const message = `the role ${role} consumes ${used / 1000} ${name}, more than the limit of ${milli / 1000}`;
    return { fits: false, reason: "LimitBelowConsumption", message };
  }
  const own = { role, guarantees: Quantities.fromAmounts(guarantees ?? [], "spec.guarantees") };
  const all = guaranteedTotal([...facts.others, own]);
  for (const [name] of own.guarantees) {
    const [wanted, there] = [all.get(name), facts.capacity.get(name)];
    if (wanted <= there) continue;
    const message = `all guarantees together are ${wanted / 1000} ${name}, the agents have ${there / 1000}`;
    return { fits: false, reason: "GuaranteesBeyondCapacity", message };
  }
  return { fits: true };
}

/** What must be kept for all quotas: a role's guarantee covers those of the roles below it, up to its amount. */
export function guaranteedTotal(quotas: readonly QuotaInForce[]): Quantities {
  const parentOf = ({ role }: QuotaInForce) =>
    quotas
      .filter((other) => isStrictSubroleOf(role, other.role))
      .sort((a, b) => b.role.length - a.role.length)[0];
  const need = (quota: QuotaInForce): Quantities =>
    quotas
      .filter((other) => parentOf(other) === quota)
      .reduce((sum, child) => sum.add(need(child)), Quantities.empty)
      .max(quota.guarantees);
  return quotas
    .filter((quota) => parentOf(quota) === undefined)
    .reduce((sum, quota) => sum.add(need(quota)), Quantities.empty);
}

/** The part of a spec that can be in force. */
export function appliedOf({ guarantees, limits }: QuotaSpec): Applied {
  return { ...(guarantees && { guarantees }), ...(limits && { limits }) };
}
