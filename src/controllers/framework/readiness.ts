import { ConstraintError, OfferConstraints } from "../../allocator/index.ts";
import type { Framework, FrameworkSpec } from "../../api/framework.ts";
import type { Live } from "../../cluster/object.ts";
import { Quantities, ResourceError } from "../../resources/index.ts";
import { type RolesByPath, roleRefusal } from "../world/roles.ts";
import type { FrameworkConnection } from "./connection.ts";

/** What a framework's spec comes to once it is read. */
export interface FrameworkTerms {
  readonly constraints: OfferConstraints | undefined;
  readonly minAllocatable: ReadonlyMap<string, readonly Quantities[]>;
}

export type TermsResult =
  | FrameworkTerms
  | { readonly reason: "InvalidConstraints" | "InvalidMinimum"; readonly message: string };

const known = new WeakMap<FrameworkSpec, TermsResult>();

/** Compiled once for each version of a spec. */
export function frameworkTerms(spec: FrameworkSpec): TermsResult {
  const before = known.get(spec);
  if (before !== undefined) return before;
  const terms = read(spec);
  known.set(spec, terms);
  return terms;
}

function read(spec: FrameworkSpec): TermsResult {
  try {
    const list = spec.offerConstraints ?? [];
    const minima = (spec.minAllocatable ?? []).map(
      ({ role, resources }, i) =>
        [role, [Quantities.fromAmounts(resources, `spec.minAllocatable[${i}].resources`)]] as const,
    );
    return {
      constraints: list.length > 0 ? OfferConstraints.compile(list, "spec.offerConstraints") : undefined,
      minAllocatable: new Map(minima),
    };
  } catch (error) {
    if (error instanceof ConstraintError) return { reason: "InvalidConstraints", message: error.message };
    if (error instanceof ResourceError) return { reason: "InvalidMinimum", message: error.message };
    throw error;
  }
}

/** The condition Ready: whether offers are made, and if not the reason. */
export type Readiness =
  | { readonly ready: true; readonly terms: FrameworkTerms }
  | { readonly ready: false; readonly reason: string; readonly message: string };

export interface ReadinessContext {
  readonly roles: RolesByPath;
  readonly implicitRoles: boolean;
  readonly connection: FrameworkConnection;
}

/** As in Mesos one role that it may not use keeps a framework out as a whole. */
export function frameworkReadiness(framework: Live<Framework>, context: ReadinessContext): Readiness {
  const { metadata, spec } = framework;
  if (metadata.deletionTimestamp !== undefined) {
    return { ready: false, reason: "Terminating", message: "the Framework is being deleted" };
  }
  for (const role of spec.roles) {
    const refusal = roleRefusal(context.roles, role, metadata.namespace ?? "", context.implicitRoles);
    if (refusal !== undefined) return { ready: false, ...refusal };
  }
  const terms = frameworkTerms(spec);
  if ("reason" in terms) return { ready: false, reason: terms.reason, message: terms.message };
  const { connection } = context;
  if (!connection.connected) {
    return { ready: false, reason: connection.reason, message: connection.message };
  }
  return { ready: true, terms };
}
