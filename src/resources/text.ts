/** Mesos's text form: `cpus:4;mem(ads):1024;ports:[21000-24000, 30000-30100];rack:{a,b}`. */
import { checkReservations, readRanges } from "./convert.ts";
import { ResourceError } from "./errors.ts";
import { unitsToMilli } from "./quantities.ts";
import { quantityToMilli } from "./quantity.ts";
import { makeResource, type Resource, type ResourceValue } from "./resource.ts";
import { Resources } from "./resources.ts";
import { ANY_ROLE } from "./role.ts";
import type { DiskSpec, ReservationSpec } from "./spec.ts";

const NUMBER = /^(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?$/;
const RANGE = /^(\d+)-(\d+)$/;

/**
 * Parses the text form; `name(role)` is a static reservation, and a scalar may be a Kubernetes quantity
 * (`mem:1Gi`, an addition to Mesos). Throws a ResourceError whose field is the bad entry.
 */
export function parseResources(text: string): Resources {
  return Resources.of(splitEntries(text).map(parseResource));
}

function parseResource(entry: string): Resource {
  const match = /^([^:()]+?)\s*(?:\(([^()]*)\))?\s*:\s*(.+)$/s.exec(entry);
  if (match === null) throw new ResourceError(entry, "is not of the form name:value or name(role):value");
  const [, name = "", role = ANY_ROLE, rest = ""] = match;
  const reservations: ReservationSpec[] = role === ANY_ROLE ? [] : [{ type: "STATIC", role: role.trim() }];
  checkReservations(reservations, `${name}.reservations`);
  const value = parseValue(rest, name);
  if (value.kind === "text") return scalarFromQuantity(name, rest, reservations);
  return makeResource({ name, value, reservations });
}

function scalarFromQuantity(name: string, text: string, reservations: ReservationSpec[]): Resource {
  return makeResource({
    name,
    value: { kind: "scalar", milli: quantityToMilli(name, text, name) },
    reservations,
  });
}

/** At `;` and line ends, empty entries left out. */
export function splitEntries(text: string): string[] {
  return text
    .split(/[;\n]/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}

export type ParsedValue = ResourceValue | { readonly kind: "text"; readonly text: string };

/** `4` is a scalar, `[1-2, 5-6]` ranges, `{a,b}` a set, all else text (Mesos: src/common/values.cpp). */
export function parseValue(raw: string, field = ""): ParsedValue {
  const text = raw.trim();
  if (text.startsWith("[")) return parseRanges(text, field);
  if (text.startsWith("{")) {
    if (!/^\{[^{}]*\}$/.test(text)) throw new ResourceError(field, `'${text}' has mismatched braces`);
    return { kind: "set", items: [...new Set(splitList(text))].sort() };
  }
  if (NUMBER.test(text)) return { kind: "scalar", milli: unitsToMilli(Number(text), field) };
  if (text === "") throw new ResourceError(field, "must not be empty");
  if (/[[\]{}]/.test(text)) throw new ResourceError(field, `'${text}' has a bracket where none belongs`);
  return { kind: "text", text };
}

function parseRanges(text: string, field: string): ResourceValue {
  if (!text.endsWith("]")) throw new ResourceError(field, `'${text}' has mismatched brackets`);
  const ranges = splitList(text).map((part) => {
    const [, begin, end] = RANGE.exec(part.replaceAll(" ", "")) ?? [];
    if (begin === undefined || end === undefined)
      throw new ResourceError(field, `'${part}' is not a range such as 1-2`);
    return { begin: Number(begin), end: Number(end) };
  });
  return { kind: "ranges", ranges: readRanges(ranges, field) };
}

function splitList(text: string): string[] {
  return text
    .slice(1, -1)
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

export function formatValue(value: ParsedValue): string {
  switch (value.kind) {
    case "scalar":
      return String(value.milli / 1000);
    case "ranges":
      return `[${value.ranges.map(({ begin, end }) => `${begin}-${end}`).join(", ")}]`;
    case "set":
      return `{${value.items.join(", ")}}`;
    default:
      return value.text;
  }
}

/** For people and logs; what has no dynamic reservation, disk or flag can be parsed again. */
export function formatResources(resources: Resources): string {
  return Array.from(resources, formatResource).join(";");
}

export function formatResource({ name, value, reservations, disk, revocable, shared }: Resource): string {
  const flags = `${revocable ? "{REV}" : ""}${shared ? "<SHARED>" : ""}`;
  return `${name}${formatReservations(reservations)}${formatDisk(disk)}${flags}:${formatValue(value)}`;
}

function formatReservations(stack: readonly ReservationSpec[]): string {
  const [first] = stack;
  if (first === undefined) return "";
  if (stack.length === 1 && first.type === "STATIC") return `(${first.role})`;
  const parts = stack.map(
    ({ type, role, principal }) => `(${[type, role, principal].filter(Boolean).join(",")})`,
  );
  return `(reservations: [${parts.join(", ")}])`;
}

function formatDisk(disk: DiskSpec | undefined): string {
  if (disk === undefined) return "";
  const { source, persistence, volume } = disk;
  const origin = source && `${source.type}${source.root === undefined ? "" : `:${source.root}`}`;
  const parts = [origin, persistence?.id].filter((part) => part !== undefined).join(",");
  return `[${parts}${volume ? `:${volume.containerPath}` : ""}]`;
}
