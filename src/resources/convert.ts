/** Between the API's list (ResourceSpec) and Resources; here is checked what Mesos's Resources::validate checks. */
import { ResourceError } from "./errors.ts";
import { unitsToMilli } from "./quantities.ts";
import { quantityToMilli, type Rounding } from "./quantity.ts";
import { coalesce } from "./ranges.ts";
import { makeResource, type Resource, type ResourceValue } from "./resource.ts";
import { Resources } from "./resources.ts";
import { ANY_ROLE, isStrictSubroleOf, roleError } from "./role.ts";
import type { RangeSpec, ReservationSpec, ResourceSpec } from "./spec.ts";

export interface FromSpecOptions {
  /** Put before the field named in an error, e.g. `spec.resources`. */
  readonly field?: string;
  /** How a quantity finer than a milli-unit is rounded: up (the default) for requests, down for capacity. */
  readonly rounding?: Rounding;
}

/** Throws a ResourceError that names the first bad field. Entries of one identity add up. */
export function fromSpec(list: readonly ResourceSpec[], options: FromSpecOptions = {}): Resources {
  return Resources.of(
    list.map((spec, i) => resourceFromSpec(spec, `${options.field ?? ""}[${i}]`, options.rounding)),
  );
}

export function resourceFromSpec(spec: ResourceSpec, field = "", rounding: Rounding = "up"): Resource {
  const at = (name: string) => (field === "" ? name : `${field}.${name}`);
  if (spec.name === "") throw new ResourceError(at("name"), "must not be empty");
  const value = readValue(spec, field, rounding);
  const resource = makeResource({
    name: spec.name,
    value,
    reservations: spec.reservations ?? [],
    disk: spec.disk,
    revocable: spec.revocable ?? false,
    shared: spec.shared ?? false,
  });
  checkReservations(resource.reservations, at("reservations"));
  checkDisk(resource, at);
  return resource;
}

function readValue(spec: ResourceSpec, field: string, rounding: Rounding): ResourceValue {
  const at = (name: string) => (field === "" ? name : `${field}.${name}`);
  const given = (["scalar", "quantity", "ranges", "set"] as const).filter((key) => spec[key] !== undefined);
  if (given.length !== 1) {
    const found = given.length === 0 ? "none is given" : `${given.join(" and ")} are given`;
    throw new ResourceError(field, `exactly one of scalar, quantity, ranges and set is needed, ${found}`);
  }
  if (spec.scalar !== undefined) return { kind: "scalar", milli: unitsToMilli(spec.scalar, at("scalar")) };
  if (spec.quantity !== undefined) {
    return { kind: "scalar", milli: quantityToMilli(spec.name, spec.quantity, at("quantity"), rounding) };
  }
  if (spec.ranges !== undefined) return { kind: "ranges", ranges: readRanges(spec.ranges, at("ranges")) };
  const items = [...(spec.set ?? [])].sort();
  const twice = items.find((item, i) => item === items[i + 1]);
  if (twice !== undefined) throw new ResourceError(at("set"), `'${twice}' is given twice`);
  return { kind: "set", items };
}

/** Throws a ResourceError on an inverted range, an end that is no whole number, or an overlap. */
export function readRanges(ranges: readonly RangeSpec[], field = ""): readonly RangeSpec[] {
  ranges.forEach(({ begin, end }, i) => {
    if (!Number.isSafeInteger(begin) || begin < 0) {
      throw new ResourceError(`${field}[${i}].begin`, "must be a whole number of at least 0");
    }
    if (!Number.isSafeInteger(end) || end < begin) {
      throw new ResourceError(`${field}[${i}].end`, `must be a whole number of at least begin (${begin})`);
    }
  });
  const sorted = [...ranges].sort((a, b) => a.begin - b.begin);
  sorted.forEach((range, i) => {
    const next = sorted[i + 1];
    if (next !== undefined && next.begin <= range.end) {
      throw new ResourceError(field, `${range.begin}-${range.end} and ${next.begin}-${next.end} overlap`);
    }
  });
  return coalesce(ranges);
}

/** The rules of a stack of reservations: throws a ResourceError. */
export function checkReservations(stack: readonly ReservationSpec[], field = "reservations"): void {
  stack.forEach(({ role, type }, i) => {
    const bad = role === ANY_ROLE ? "nothing can be reserved to the role '*'" : roleError(role);
    if (bad !== undefined) throw new ResourceError(`${field}[${i}].role`, bad);
    const outer = stack[i - 1];
    if (outer === undefined) return;
    if (type === "STATIC")
      throw new ResourceError(`${field}[${i}].type`, "only the first reservation can be STATIC");
    if (!isStrictSubroleOf(role, outer.role)) {
      throw new ResourceError(
        `${field}[${i}].role`,
        `'${role}' is not below '${outer.role}', which it should refine`,
      );
    }
  });
}

function checkDisk(resource: Resource, at: (name: string) => string): void {
  const { disk, name, value } = resource;
  if (disk !== undefined && name !== "disk")
    throw new ResourceError(at("disk"), `belongs to disk, not to ${name}`);
  if (disk !== undefined && value.kind !== "scalar") throw new ResourceError(at("disk"), "needs a scalar");
  if (disk !== undefined && disk.source === undefined && disk.persistence === undefined) {
    throw new ResourceError(at("disk"), "needs a source or a persistence");
  }
  if (resource.shared && disk?.persistence === undefined) {
    throw new ResourceError(at("shared"), "only a persistent volume can be shared");
  }
}

/** The API's form; scalars as numbers in units. `fromSpec(toSpec(r))` equals `r`, but for copies of shared volumes. */
export function toSpec(resources: Resources): ResourceSpec[] {
  return Array.from(resources, resourceToSpec);
}

export function resourceToSpec({
  name,
  value,
  reservations,
  disk,
  revocable,
  shared,
}: Resource): ResourceSpec {
  return {
    name,
    ...(value.kind === "scalar" && { scalar: value.milli / 1000 }),
    ...(value.kind === "ranges" && { ranges: value.ranges.map(({ begin, end }) => ({ begin, end })) }),
    ...(value.kind === "set" && { set: [...value.items] }),
    ...(reservations.length > 0 && { reservations }),
    ...(disk && { disk }),
    ...(revocable && { revocable }),
    ...(shared && { shared }),
  };
}
