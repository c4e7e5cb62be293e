/** What one role would be offered of one agent: amounts cut to guarantees, limits and headroom. */
import type { Limits, Quantities, Resources } from "../../resources/index.ts";
import { openPart } from "../digest.ts";
import { visible } from "../eligibility.ts";
import { isZero } from "./amounts.fixture.ts";
import type { AgentBook, Ledger } from "./ledger.fixture.ts";
import type { RoleNode } from "./roletree.fixture.ts";

/** Guaranteed: only roles whose guarantees lack something, and who can be given some of it here. Fair: all. */
export type Stage = "guaranteed" | "fair";

export interface Offering {
  readonly resources: Resources;
  readonly scalars: Quantities;
  /** The part that quota counts: unreserved and not revocable. */
  readonly open: Quantities;
}

/**
 * Undefined if nothing is left for the role. What is reserved (for the role or an ancestor) and what is revocable is always
 * part of it; the rest is cut. `mask` is visibilityMask of a framework's capabilities.
 */
export function offeringFor(
  ledger: Ledger,
  agent: AgentBook,
  role: RoleNode,
  stage: Stage,
  mask: number,
): Offering | undefined {
  const reachable = reachableTo(agent, role.path, mask);
  if (reachable.isEmpty) return undefined;
  const open = agent.digest.plain ? reachable : openPart(reachable);
  const cut = stage === "guaranteed" ? cutToGuarantees(ledger, role, open) : cutToQuota(ledger, role, open);
  if (cut === undefined) return undefined;
  const resources = cut === open ? reachable : reachable.subtract(open).add(cut);
  if (resources.isEmpty) return undefined;
  return { resources, scalars: resources.scalarQuantities(), open: cut.quantities() };
}

function reachableTo(agent: AgentBook, role: string, mask: number): Resources {
  if (agent.digest.plain) return agent.available;
  return visible(agent.available.allocatableTo(role).subtract(agent.sharedOffered), mask);
}

/** Stage 1 of Mesos: what the guarantees lack, and of the rest what limits and headroom allow, so that the offer is of use. */
function cutToGuarantees(ledger: Ledger, role: RoleNode, open: Resources): Resources | undefined {
  const { quota, index } = ledger;
  const claim = quota.claim(role);
  if (isZero(claim)) return undefined;
  const room = index.limits(quota.room(role));
  const guaranteed = open.shrinkTo(index.quantities(claim)).shrinkWithin(room);
  if (guaranteed.isEmpty) return undefined;
  const rest = open.subtract(guaranteed);
  const more = rest
    .shrinkWithin(room.subtract(guaranteed.quantities()))
    .shrinkWithin(index.limits(quota.surplus()));
  return more.equals(rest) ? open : guaranteed.add(more);
}

function cutToQuota(ledger: Ledger, role: RoleNode, open: Resources): Resources {
  if (!ledger.tree.hasQuotas) return open;
  const { quota, index } = ledger;
  const bounds: Limits = index.limits(quota.room(role)).min(index.limits(quota.surplus()));
  return bounds.allow(open.quantities()) ? open : open.shrinkWithin(bounds);
}
