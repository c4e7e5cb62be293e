import type { Capability, FrameworkState, QuotaState, RoleState } from "../../allocator/index.ts";
import type { Framework, FrameworkSpec } from "../../api/framework.ts";
import { BUILT_IN_FRAMEWORK } from "../../api/group.ts";
import type { Quota } from "../../api/quota.ts";
import type { Role } from "../../api/role.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import { Limits, Quantities, ResourceError } from "../../resources/index.ts";
import type { Readiness } from "../framework/readiness.ts";
import type { Taint } from "../node/taints.ts";
import type { PendingGroup } from "./builtin.ts";
import { eldest } from "./seniority.ts";
import { toleratedWords } from "./tolerations.ts";

/** A framework, whether it may be offered anything, and how many offers it has outstanding. */
export interface KnownFramework {
  readonly framework: Live<Framework>;
  readonly readiness: Readiness;
  readonly offersOutstanding: number;
}

/** Where two Roles have one path the older counts. */
export const roleStates = (roles: Iterable<Live<Role>>): RoleState[] =>
  eldestBy(roles, ({ spec }) => spec.path).map(({ spec }) => ({ path: spec.path, weight: spec.weight }));

/** Where two Quotas are of one role the older counts. */
export const quotaStates = (quotas: Iterable<Live<Quota>>): QuotaState[] =>
  eldestBy(quotas, ({ spec }) => spec.role).flatMap(quotaState);

function eldestBy<T extends Live<Role> | Live<Quota>>(objects: Iterable<T>, of: (object: T) => string): T[] {
  return [...Map.groupBy(objects, of).values()].flatMap((same) => (eldest(same) as T | undefined) ?? []);
}

/** What the quota controller has admitted: a spec that it refused leaves in force what was before. */
export function quotaState({ spec, status }: Quota): QuotaState[] {
  const applied = status?.applied;
  if (applied === undefined) return [];
  try {
    return [
      {
        role: spec.role,
        guarantees: Quantities.fromAmounts(applied.guarantees ?? [], "status.applied.guarantees"),
        limits: Limits.fromAmounts(applied.limits ?? [], "status.applied.limits"),
      },
    ];
  } catch (error) {
    if (error instanceof ResourceError) return [];
    throw error;
  }
}

/** The limit is there to spare the API server, which offers on a stream do not touch. */
function maxOffers({ maxOffers, connection }: FrameworkSpec, most: number): { maxOffers?: number } {
  if (connection.type === "Gateway") return { maxOffers: maxOffers ?? Number.MAX_SAFE_INTEGER };
  return maxOffers === undefined ? {} : { maxOffers: Math.min(maxOffers, most) };
}

/** `taints` are those of all nodes; `most`: offers that a framework may have outstanding whatever it asks for, each is an object in etcd. */
export function frameworkState(
  known: KnownFramework,
  taints: readonly Taint[],
  most: number,
): FrameworkState {
  const { framework, readiness, offersOutstanding } = known;
  const { metadata, spec } = framework;
  return {
    id: keyOf(metadata),
    roles: spec.roles,
    suppressedRoles: new Set(spec.suppressedRoles),
    capabilities: new Set(spec.capabilities),
    active: readiness.ready,
    tolerated: toleratedWords(spec.tolerations ?? [], taints),
    offersOutstanding,
    ...maxOffers(spec, most),
    ...(readiness.ready && {
      minAllocatable: readiness.terms.minAllocatable,
      ...(readiness.terms.constraints && { constraints: readiness.terms.constraints }),
    }),
  };
}

/** The id under which the tasks without a framework of a namespace are accounted. */
export const builtInId = (namespace: string): string => `${namespace}/${BUILT_IN_FRAMEWORK}`;

export const isBuiltInId = (id: string): boolean => id.endsWith(`/${BUILT_IN_FRAMEWORK}`);

const BUILT_IN_CAPABILITIES: readonly Capability[] = [
  "MULTI_ROLE",
  "SHARED_RESOURCES",
  "RESERVATION_REFINEMENT",
  "PARTITION_AWARE",
  "TASK_KILLING_STATE",
  "REGION_AWARE",
];

/** One for each namespace with waiting tasks. */
export function builtInStates(pending: readonly PendingGroup[], taints: readonly Taint[]): FrameworkState[] {
  const namespaces = Map.groupBy(pending, ({ namespace }) => namespace);
  return [...namespaces].map(([namespace, groups]) => {
    const tasks = groups.flatMap((group) => group.tasks);
    const wantsGpus = tasks.some(({ request }) => request.resources.names().includes("gpus"));
    return {
      id: builtInId(namespace),
      roles: groups.map(({ role }) => role),
      capabilities: new Set([...BUILT_IN_CAPABILITIES, ...(wantsGpus ? (["GPU_RESOURCES"] as const) : [])]),
      active: true,
      // Whatever one of them tolerates; each is matched by itself when it is placed.
      tolerated: toleratedWords(
        tasks.flatMap(({ tolerations }) => tolerations),
        taints,
      ),
      // It answers at once, so it never hoards, and it knows what it wants.
      maxOffers: Number.MAX_SAFE_INTEGER,
      minAllocatable: new Map(groups.map(({ role }) => [role, []])),
    };
  });
}
