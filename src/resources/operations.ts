/**
 * Offer operations as pure changes of Resources. The rules are those of Mesos's src/master/validation.cpp (namespace operation)
 * and src/common/resources_utils.cpp (getResourceConversions).
 */
import { checkReservations } from "./convert.ts";
import { ResourceError } from "./errors.ts";
import {
  isDynamicallyReserved,
  isPersistentVolume,
  makeResource,
  type Resource,
  stripVolume,
} from "./resource.ts";
import { Resources } from "./resources.ts";
import { formatResource, formatResources } from "./text.ts";

export type ResourceOperation =
  /** The resources as they shall be: with the new reservation on top of the stack, or with `source` as they are now. */
  | { readonly type: "RESERVE"; readonly resources: Resources; readonly source?: Resources }
  /** The resources as they are; their innermost reservation goes. */
  | { readonly type: "UNRESERVE"; readonly resources: Resources }
  | { readonly type: "CREATE"; readonly volumes: Resources }
  | { readonly type: "DESTROY"; readonly volumes: Resources }
  | { readonly type: "GROW_VOLUME"; readonly volume: Resource; readonly addition: Resource }
  | { readonly type: "SHRINK_VOLUME"; readonly volume: Resource; readonly subtractMilli: number };

/** Who asks, and what else is known; what is left out is not checked. */
export interface OperationContext {
  readonly principal?: string;
  /** The role that the offer was made to: a framework reserves to this role only. Absent for an operator. */
  readonly allocationRole?: string;
  /** Volumes on the agent outside `resources`: a persistence id is unique per role and agent. */
  readonly volumesOnAgent?: Resources;
  /** What tasks and executors hold: a volume among it cannot be destroyed. */
  readonly used?: Resources;
  /** Whether the framework has the SHARED_RESOURCES capability; true if absent. */
  readonly mayShare?: boolean;
}

export type OperationResult =
  | {
      readonly ok: true;
      readonly resources: Resources;
      readonly consumed: Resources;
      readonly converted: Resources;
    }
  | { readonly ok: false; readonly reason: string };

class Refused extends Error {}

/** What `resources` (an offer, an agent's total) become, or why they cannot; `consumed` became `converted`. Never throws. */
export function applyOperation(
  resources: Resources,
  operation: ResourceOperation,
  context: OperationContext = {},
): OperationResult {
  try {
    const [consumed, converted] = convert(operation, resources, context);
    if (consumed.isEmpty) throw new Refused("The operation names no resources");
    if (!resources.contains(consumed)) {
      throw new Refused(`${formatResources(resources)} does not contain ${formatResources(consumed)}`);
    }
    const rest = resources.subtract(consumed);
    if (operation.type === "DESTROY") refuseSharedCopies(rest, consumed);
    return { ok: true, resources: rest.add(converted), consumed, converted };
  } catch (error) {
    if (error instanceof Refused || error instanceof ResourceError)
      return { ok: false, reason: error.message };
    throw error;
  }
}

/** What becomes something else. */
export function consumedBy(operation: ResourceOperation): Resources {
  switch (operation.type) {
    case "RESERVE":
      return operation.source ?? operation.resources.popReservation();
    case "UNRESERVE":
      return operation.resources;
    case "CREATE":
      return Resources.of(Array.from(operation.volumes, stripVolume));
    case "DESTROY":
      return operation.volumes;
    case "GROW_VOLUME":
      return Resources.of([operation.volume, operation.addition]);
    default:
      return Resources.of([operation.volume]);
  }
}

function convert(
  operation: ResourceOperation,
  resources: Resources,
  context: OperationContext,
): readonly [consumed: Resources, converted: Resources] {
  switch (operation.type) {
    case "RESERVE":
      return reserve(operation.resources, operation.source, context);
    case "UNRESERVE":
      return unreserve(operation.resources);
    case "CREATE":
      return create(operation.volumes, resources, context);
    case "DESTROY":
      return destroy(operation.volumes, context);
    case "GROW_VOLUME":
      return grow(operation.volume, operation.addition);
    default:
      return shrink(operation.volume, operation.subtractMilli);
  }
}

function reserve(target: Resources, source: Resources | undefined, context: OperationContext) {
  for (const resource of target) {
    const innermost = resource.reservations.at(-1);
    if (innermost?.type !== "DYNAMIC")
      throw new Refused(`${formatResource(resource)} is not dynamically reserved`);
    if (resource.revocable)
      throw new Refused(`${formatResource(resource)} is revocable and cannot be reserved`);
    checkReservations(resource.reservations);
    const { principal, allocationRole } = context;
    if (principal !== undefined && innermost.principal !== principal) {
      throw new Refused(
        `the reservation's principal is '${innermost.principal ?? ""}', the request's '${principal}'`,
      );
    }
    if (allocationRole !== undefined && innermost.role !== allocationRole) {
      throw new Refused(
        `cannot reserve to the role '${innermost.role}' what was offered to '${allocationRole}'`,
      );
    }
  }
  if (source === undefined) return [target.popReservation(), target] as const;
  if (!source.toUnreserved().equals(target.toUnreserved())) {
    throw new Refused("source and resources must name the same amounts");
  }
  for (const side of [source, target]) {
    if (new Set(Array.from(side, (r) => JSON.stringify(r.reservations))).size > 1) {
      throw new Refused(`${formatResources(side)} has mixed reservations`);
    }
  }
  return [source, target] as const;
}

function unreserve(reserved: Resources) {
  for (const resource of reserved) {
    const text = formatResource(resource);
    if (!isDynamicallyReserved(resource)) throw new Refused(`${text} is not dynamically reserved`);
    if (isPersistentVolume(resource))
      throw new Refused(`destroy the persistent volume ${text} before unreserving it`);
  }
  return [reserved, reserved.popReservation()] as const;
}

function create(volumes: Resources, resources: Resources, context: OperationContext) {
  const taken = new Set(Array.from((context.volumesOnAgent ?? Resources.empty).add(resources), volumeKey));
  for (const volume of volumes) {
    checkVolume(volume);
    const text = formatResource(volume);
    if (volume.reservations.length === 0)
      throw new Refused(`the persistent volume ${text} needs reserved disk`);
    if (volume.revocable)
      throw new Refused(`the persistent volume ${text} cannot be made from revocable disk`);
    if (taken.has(volumeKey(volume))) {
      throw new Refused(`the persistence id '${volume.disk?.persistence?.id}' is not unique`);
    }
    taken.add(volumeKey(volume));
    if (volume.shared && context.mayShare === false) {
      throw new Refused(`the shared volume ${text} needs the capability SHARED_RESOURCES`);
    }
    const owner = volume.disk?.persistence?.principal;
    if (context.principal !== undefined && owner !== context.principal) {
      throw new Refused(`the volume's principal is '${owner ?? ""}', the request's '${context.principal}'`);
    }
  }
  return [Resources.of(Array.from(volumes, stripVolume)), volumes] as const;
}

/** Empty for what is no volume; `create` never asks for that. */
function volumeKey(resource: Resource): string {
  const id = resource.disk?.persistence?.id;
  return id === undefined ? "" : `${resource.reservations.at(-1)?.role ?? ""} ${id}`;
}

function destroy(volumes: Resources, context: OperationContext) {
  for (const volume of volumes) {
    checkVolume(volume);
    if (context.used?.contains(Resources.of([volume])))
      throw new Refused(`${formatResource(volume)} is in use`);
  }
  return [volumes, Resources.of(Array.from(volumes, stripVolume))] as const;
}

function refuseSharedCopies(rest: Resources, volumes: Resources): void {
  for (const volume of volumes) {
    if (rest.contains(Resources.of([volume]))) {
      throw new Refused(`${formatResource(volume)} cannot be removed: there are more shared copies of it`);
    }
  }
}

function grow(volume: Resource, addition: Resource) {
  checkVolume(volume);
  if (volume.shared) throw new Refused("growing a shared persistent volume is not supported");
  const [size, more] = [scalarOf(volume), scalarOf(addition)];
  if (more <= 0) throw new Refused("the addition must be greater than zero");
  if (stripVolume(volume).identity !== addition.identity || addition.indivisible) {
    throw new Refused(
      `${formatResource(volume)} cannot grow by ${formatResource(addition)}: they are not of one kind`,
    );
  }
  const grown = makeResource({ ...volume, value: { kind: "scalar", milli: size + more } });
  return [Resources.of([volume, addition]), Resources.of([grown])] as const;
}

function shrink(volume: Resource, subtract: number) {
  checkVolume(volume);
  if (volume.shared) throw new Refused("shrinking a shared persistent volume is not supported");
  if (volume.disk?.source?.type === "MOUNT")
    throw new Refused("shrinking a volume on a MOUNT disk is not supported");
  const size = scalarOf(volume);
  if (subtract <= 0) throw new Refused("the amount to subtract must be greater than zero");
  if (size <= subtract) throw new Refused("the amount to subtract must be smaller than the volume");
  const smaller = makeResource({ ...volume, value: { kind: "scalar", milli: size - subtract } });
  const freed = makeResource({ ...stripVolume(volume), value: { kind: "scalar", milli: subtract } });
  return [Resources.of([volume]), Resources.of([smaller, freed])] as const;
}

function checkVolume(volume: Resource): void {
  const text = formatResource(volume);
  if (!isPersistentVolume(volume)) throw new Refused(`${text} is not a persistent volume`);
  if (volume.disk?.volume === undefined) throw new Refused(`the persistent volume ${text} needs a volume`);
  if (volume.disk.volume.mode === "RO") throw new Refused("read-only persistent volumes are not supported");
}

function scalarOf({ value }: Resource): number {
  return value.kind === "scalar" ? value.milli : 0;
}
