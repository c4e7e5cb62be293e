/** One resource in the form used inside: integers, canonical order, and an identity to add and subtract by. */
import {
  addRanges,
  firstOf,
  type Ranges,
  rangesContain,
  rangesEqual,
  rangesSize,
  subtractRanges,
} from "./ranges.ts";
import type { DiskSpec, ReservationSpec } from "./spec.ts";

export type ResourceValue =
  /** Thousandths of the unit: cores, MiB, … A safe integer, never negative. */
  | { readonly kind: "scalar"; readonly milli: number }
  | { readonly kind: "ranges"; readonly ranges: Ranges }
  /** Sorted, without duplicates. */
  | { readonly kind: "set"; readonly items: readonly string[] };

export interface ResourceFields {
  readonly name: string;
  readonly value: ResourceValue;
  readonly reservations?: readonly ReservationSpec[];
  readonly disk?: DiskSpec | undefined;
  readonly revocable?: boolean;
  readonly shared?: boolean;
}

export interface Resource extends ResourceFields {
  readonly reservations: readonly ReservationSpec[];
  readonly revocable: boolean;
  readonly shared: boolean;
  /**
   * Never split and never merged: a persistent volume, a MOUNT or BLOCK disk, a RAW disk with an id.
   * Such a resource is there, so many times, or not.
   */
  readonly indivisible: boolean;
  /** Two resources add up only if this is equal. A volume's container path and principal do not belong to it. */
  readonly identity: string;
}

export function makeResource(fields: ResourceFields): Resource {
  const { name, value, disk } = fields;
  const reservations = fields.reservations ?? [];
  const revocable = fields.revocable ?? false;
  const shared = fields.shared ?? false;
  const indivisible = isIndivisible(disk);
  const plain = reservations.length === 0 && disk === undefined && !revocable;
  const identity = plain ? `${name} ${value.kind}` : `${name} ${value.kind} ${qualifiers()}`;
  return { name, value, reservations, ...(disk && { disk }), revocable, shared, indivisible, identity };

  function qualifiers(): string {
    return JSON.stringify([
      reservations.map((r) => [r.type, r.role, r.principal ?? null, sortedLabels(r)]),
      disk?.persistence?.id ?? null,
      disk?.source && [
        disk.source.type,
        disk.source.root,
        disk.source.id,
        disk.source.vendor,
        disk.source.profile,
      ],
      revocable,
      shared,
      indivisible ? value : null,
    ]);
  }
}

function sortedLabels(reservation: ReservationSpec): [string, string][] {
  return Object.entries(reservation.labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}

function isIndivisible(disk: DiskSpec | undefined): boolean {
  if (disk === undefined) return false;
  if (disk.persistence !== undefined) return true;
  const { type, id } = disk.source ?? {};
  return type === "MOUNT" || type === "BLOCK" || (type === "RAW" && id !== undefined);
}

export function withValue(resource: Resource, value: ResourceValue): Resource {
  return resource.indivisible ? makeResource({ ...resource, value }) : { ...resource, value };
}

/** The innermost reservation's role; undefined when unreserved. */
export function reservationRole(resource: Resource): string | undefined {
  return resource.reservations.at(-1)?.role;
}

export function isPersistentVolume(resource: Resource): boolean {
  return resource.disk?.persistence !== undefined;
}

export function isDynamicallyReserved(resource: Resource): boolean {
  return resource.reservations.at(-1)?.type === "DYNAMIC";
}

/** The same amount of disk before CREATE made a volume of it: not persistent, not shared. */
export function stripVolume(resource: Resource): Resource {
  const source = resource.disk?.source;
  return makeResource({ ...resource, disk: source && { source }, shared: false });
}

export function isEmptyValue(value: ResourceValue): boolean {
  if (value.kind === "scalar") return value.milli <= 0;
  return value.kind === "ranges" ? value.ranges.length === 0 : value.items.length === 0;
}

/** How much it is, in milli-units: a scalar's amount; for ranges and sets 1000 for each number or item. */
export function measure(value: ResourceValue): number {
  if (value.kind === "scalar") return value.milli;
  return 1000 * (value.kind === "ranges" ? rangesSize(value.ranges) : value.items.length);
}

/** At most so much of it: the lowest numbers of ranges, the first items of a set, whole ones only. */
export function cutValue(value: ResourceValue, milli: number): ResourceValue {
  if (measure(value) <= milli) return value;
  if (value.kind === "scalar") return { kind: "scalar", milli: Math.max(0, milli) };
  const count = Math.max(0, Math.floor(milli / 1000));
  if (value.kind === "ranges") return { kind: "ranges", ranges: firstOf(value.ranges, count) ?? [] };
  return { kind: "set", items: value.items.slice(0, count) };
}

/** Both values must be of one kind, as the values of resources with one identity are. */
export function addValues(a: ResourceValue, b: ResourceValue): ResourceValue {
  if (a.kind === "scalar" && b.kind === "scalar") return { kind: "scalar", milli: a.milli + b.milli };
  if (a.kind === "ranges" && b.kind === "ranges")
    return { kind: "ranges", ranges: addRanges(a.ranges, b.ranges) };
  if (a.kind === "set" && b.kind === "set")
    return { kind: "set", items: [...new Set([...a.items, ...b.items])].sort() };
  throw new TypeError(`cannot add a ${b.kind} to a ${a.kind}`);
}

/** What is missing in `a` is not counted: a scalar ends at 0. */
export function subtractValues(a: ResourceValue, b: ResourceValue): ResourceValue {
  if (a.kind === "scalar" && b.kind === "scalar")
    return { kind: "scalar", milli: Math.max(0, a.milli - b.milli) };
  if (a.kind === "ranges" && b.kind === "ranges")
    return { kind: "ranges", ranges: subtractRanges(a.ranges, b.ranges) };
  if (a.kind === "set" && b.kind === "set") {
    const gone = new Set(b.items);
    return { kind: "set", items: a.items.filter((item) => !gone.has(item)) };
  }
  throw new TypeError(`cannot subtract a ${b.kind} from a ${a.kind}`);
}

export function valueContains(a: ResourceValue, b: ResourceValue): boolean {
  if (a.kind === "scalar" && b.kind === "scalar") return a.milli >= b.milli;
  if (a.kind === "ranges" && b.kind === "ranges") return rangesContain(a.ranges, b.ranges);
  if (a.kind === "set" && b.kind === "set") return b.items.every((item) => a.items.includes(item));
  return false;
}

export function valuesEqual(a: ResourceValue, b: ResourceValue): boolean {
  if (a.kind === "scalar" && b.kind === "scalar") return a.milli === b.milli;
  if (a.kind === "ranges" && b.kind === "ranges") return rangesEqual(a.ranges, b.ranges);
  if (a.kind === "set" && b.kind === "set") {
    return a.items.length === b.items.length && a.items.every((item, i) => item === b.items[i]);
  }
  return false;
}
