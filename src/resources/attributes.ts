/** What an agent tells of itself: text, scalar, ranges or set by name (Mesos has no sets here; this project does). */
import { readRanges } from "./convert.ts";
import { ResourceError } from "./errors.ts";
import { unitsToMilli } from "./quantities.ts";
import type { RangeSpec } from "./spec.ts";
import { formatValue, type ParsedValue, parseValue, splitEntries } from "./text.ts";

/** The API's form: exactly one of the values. */
export interface AttributeSpec {
  readonly name: string;
  readonly text?: string | undefined;
  readonly scalar?: number | undefined;
  readonly ranges?: readonly RangeSpec[] | undefined;
  readonly set?: readonly string[] | undefined;
}

export interface Attribute {
  readonly name: string;
  readonly value: ParsedValue;
}

/** Throws a ResourceError that names the bad field. */
export function attributesFromSpec(list: readonly AttributeSpec[], field = ""): Attribute[] {
  return list.map((spec, i) => ({ name: spec.name, value: readAttribute(spec, `${field}[${i}]`) }));
}

function readAttribute(spec: AttributeSpec, field: string): ParsedValue {
  const given = (["text", "scalar", "ranges", "set"] as const).filter((key) => spec[key] !== undefined);
  if (given.length !== 1)
    throw new ResourceError(field, "exactly one of text, scalar, ranges and set is needed");
  if (spec.text !== undefined) return { kind: "text", text: spec.text };
  if (spec.scalar !== undefined)
    return { kind: "scalar", milli: unitsToMilli(spec.scalar, `${field}.scalar`) };
  if (spec.ranges !== undefined)
    return { kind: "ranges", ranges: readRanges(spec.ranges, `${field}.ranges`) };
  return { kind: "set", items: [...new Set(spec.set)].sort() };
}

export function attributeToSpec({ name, value }: Attribute): AttributeSpec {
  switch (value.kind) {
    case "text":
      return { name, text: value.text };
    case "scalar":
      return { name, scalar: value.milli / 1000 };
    case "ranges":
      return { name, ranges: value.ranges };
    default:
      return { name, set: value.items };
  }
}

/** Mesos's text form, `rack:r1;cores:8;ids:[1-4]`. Throws a ResourceError whose field is the bad entry. */
export function parseAttributes(text: string): Attribute[] {
  return splitEntries(text).map((entry) => {
    const colon = entry.indexOf(":");
    if (colon < 1 || colon === entry.length - 1)
      throw new ResourceError(entry, "is not of the form name:value");
    const name = entry.slice(0, colon).trim();
    return { name, value: parseValue(entry.slice(colon + 1), name) };
  });
}

export function formatAttributes(attributes: readonly Attribute[]): string {
  return attributes.map(({ name, value }) => `${name}:${formatValue(value)}`).join(";");
}

/**
 * Whether an attribute admits a word: text when it is equal, a set when it has it, a scalar and ranges when the word is
 * a number that is equal or lies within.
 */
export function attributeMatches({ value }: Attribute, word: string): boolean {
  if (value.kind === "text") return value.text === word;
  if (value.kind === "set") return value.items.includes(word);
  const number = word.trim() === "" ? Number.NaN : Number(word);
  if (value.kind === "scalar") return Math.round(number * 1000) === value.milli;
  return value.ranges.some(({ begin, end }) => begin <= number && number <= end);
}
