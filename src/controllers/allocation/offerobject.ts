import { createHash } from "node:crypto";
import { type AgentState, once, type PlannedOffer } from "../../allocator/index.ts";
import type { Agent } from "../../api/agent.ts";
import { durationMs } from "../../api/duration.ts";
import type { Framework } from "../../api/framework.ts";
import { LABEL_AGENT, LABEL_FRAMEWORK, LABEL_ROLE } from "../../api/group.ts";
import { typeMeta } from "../../api/kind.ts";
import { Offer } from "../../api/offer.ts";
import type { Live } from "../../cluster/object.ts";
import { attributeToSpec, toSpec } from "../../resources/index.ts";
import { unavailabilityOf } from "../maintenance/window.ts";

export interface OfferContext {
  readonly framework: Live<Framework>;
  readonly agent: Live<Agent>;
  readonly state: AgentState;
  /** uids of the agent's Offers that are known, closed ones too. */
  readonly knownOffers: readonly string[];
  /** Wall clock, ms. */
  readonly now: number;
  /** config.offers.timeout, for frameworks that say nothing. */
  readonly defaultTimeout: string;
  /** It may be taken back: see revocable.ts. */
  readonly revocable?: boolean;
}

const LONGEST_PREFIX = 200;

/**
 * A name that the same decision, made on the same knowledge, gives again: if an answer to its creation was lost, or a leader
 * that had been deposed decides at the same time, the API server refuses the second one.
 */
export function offerName(planned: PlannedOffer, context: OfferContext): string {
  const { metadata } = context.framework;
  const hash = createHash("sha256");
  hash.update(JSON.stringify([metadata.uid, planned.role, planned.agent, [...context.knownOffers].sort()]));
  const prefix = metadata.name.slice(0, LONGEST_PREFIX).replace(/[-.]+$/, "");
  return `${prefix}-${hash.digest("hex").slice(0, 12)}`;
}

/** The Offer object of a decision, under a name of its own if it is given one. It has no status: that means Outstanding. */
export function offerObject(
  planned: PlannedOffer,
  context: OfferContext,
  name = offerName(planned, context),
): Offer {
  const { framework, agent, state, now, defaultTimeout } = context;
  const unavailability = unavailabilityOf(agent, now);
  const timeout = durationMs(framework.spec.offerTimeout ?? defaultTimeout);
  return {
    ...typeMeta(Offer),
    metadata: {
      name,
      ...(framework.metadata.namespace !== undefined && { namespace: framework.metadata.namespace }),
      labels: labelsOf({
        [LABEL_FRAMEWORK]: framework.metadata.name,
        [LABEL_AGENT]: planned.agent,
        [LABEL_ROLE]: planned.role,
      }),
      ownerReferences: ownerOf(framework),
    },
    spec: {
      framework: framework.metadata.name,
      role: planned.role,
      agent: planned.agent,
      ...(state.hostname !== undefined && { hostname: state.hostname }),
      resources: resourcesOf(planned.resources),
      attributes: state.attributes.map(attributeToSpec),
      ...(unavailability && { unavailability }),
      ...(context.revocable && { revocable: true }),
      expiresAt: new Date(now + timeout).toISOString(),
    },
  };
}

/** Thousands of offers that are alike are held. */
const resourcesOf = once(toSpec);
const ownerOf = once(({ apiVersion, kind, metadata }: Live<Framework>) => [
  { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true },
]);

/** Those that can be label values; a role's slashes become dots. */
export function labelsOf(wanted: Readonly<Record<string, string>>): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [key, text] of Object.entries(wanted)) {
    const value = text.replaceAll("/", ".");
    if (value.length <= 63 && /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/.test(value)) labels[key] = value;
  }
  return labels;
}
