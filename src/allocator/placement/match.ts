/** Whether a task fits, and what exactly it would take: reserved to its role first, then unreserved. */
import { firstOf, makeResource, Resources, rangesSize, reservationRole } from "../../resources/index.ts";
import type { Candidate, TaskRequest } from "./request.ts";

export type Match =
  | { readonly fits: true; readonly resources: Resources }
  /** `short` names resources, sorted; it is not empty if the other reasons are not given. */
  | {
      readonly fits: false;
      readonly reason: "Taint" | "Constraint" | "Short";
      readonly short: readonly string[];
    };

export function match(candidate: Candidate, request: TaskRequest): Match {
  const { agent } = candidate;
  if (agent.taints?.some((taint) => !request.tolerated?.has(taint))) return misfit("Taint");
  if (request.accepts?.(agent) === false) return misfit("Constraint");
  return matchResources(candidate.available, candidate.role, request);
}

/** As `match`, of resources alone. */
export function matchResources(available: Resources, role: string, request: TaskRequest): Match {
  let rest = available;
  let taken = Resources.empty;
  const short = new Set<string>();
  const wanted = request.resources;
  const exact = wanted.filter((r) => r.reservations.length > 0 || r.disk !== undefined);
  for (const resource of exact) {
    const one = Resources.of([resource]);
    if (rest.contains(one)) take(one);
    else short.add(resource.name);
  }
  for (const resource of wanted.subtract(exact)) {
    const one = Resources.of([resource]);
    // find() looks among the target's own role first.
    const target = role === "*" ? one : one.pushReservation({ type: "DYNAMIC", role });
    const found = rest.find(target);
    if (found === undefined) short.add(resource.name);
    else take(found);
  }
  const ports = pickPorts(rest, role, request.portCount ?? 0);
  if (ports === undefined) short.add("ports");
  else take(ports);
  if (short.size > 0) return misfit("Short", [...short].sort());
  return { fits: true, resources: taken };

  function take(part: Resources): void {
    rest = rest.subtract(part);
    taken = taken.add(part);
  }
}

function misfit(reason: "Taint" | "Constraint" | "Short", short: readonly string[] = []): Match {
  return { fits: false, reason, short };
}

/** The lowest free ports, those reserved to the role first; undefined if there are too few. */
export function pickPorts(available: Resources, role: string, count: number): Resources | undefined {
  let missing = count;
  const picked: Resources[] = [];
  const ports = [...available.get("ports").nonRevocable()];
  const own = ports.filter((r) => reservationRole(r) === role);
  for (const resource of [...own, ...ports.filter((r) => !own.includes(r))]) {
    if (missing === 0) break;
    if (resource.value.kind !== "ranges") continue;
    const some = Math.min(missing, rangesSize(resource.value.ranges));
    const ranges = firstOf(resource.value.ranges, some) ?? [];
    missing -= some;
    picked.push(Resources.of([makeResource({ ...resource, value: { kind: "ranges", ranges } })]));
  }
  return missing === 0 ? Resources.sum(picked) : undefined;
}
