import type { Resource as Held } from "../resources/index.ts";
import { type Resources, toSpec } from "../resources/index.ts";
import type { Resource } from "../wire/gen/mesos/v1/mesos_pb.ts";
import { resourceMessage } from "./resources.ts";

/**
 * Resources as Mesos's endpoints tell them: in both forms of reservations, where the older one has the words
 * (src/common/resources_utils.cpp, convertResourceFormat, ENDPOINT).
 */
export const endpointResources = (resources: Resources, allocationRole?: string): Resource[] =>
  toSpec(resources).map((spec) => {
    const stack = spec.reservations ?? [];
    const form = { refinement: true, ...(allocationRole !== undefined && { allocationRole }) };
    const message = resourceMessage(spec, form);
    if (stack.length > 1) return message;
    const older = resourceMessage(spec, { refinement: false });
    message.role = older.role;
    if (older.reservation !== undefined) message.reservation = older.reservation;
    return message;
  });

/** By the role of the innermost reservation; what is unreserved is left out. */
export function byReservation(resources: Iterable<Held>): ReadonlyMap<string, Held[]> {
  const roles = new Map<string, Held[]>();
  for (const resource of resources) {
    const role = resource.reservations.at(-1)?.role;
    if (role === undefined) continue;
    const same = roles.get(role);
    if (same === undefined) roles.set(role, [resource]);
    else same.push(resource);
  }
  return roles;
}
