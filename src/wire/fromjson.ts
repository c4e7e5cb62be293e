/** JSON as Mesos reads it (stout/protobuf.hpp, protobuf::parse): unknown fields are ignored, null is unset, each error in its words. */
import { create, type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { isRequired, missingRequired } from "./required.ts";

export class JsonError extends Error {
  override readonly name = "JsonError";
}

/** Beyond it lies no message of Mesos's, and the stack of this process. */
const DEEPEST = 100;

/** Text to a value; integers that a double cannot hold stay exact. Throws SyntaxError. */
export function parseJson(text: string): unknown {
  if (!/[0-9]{16}/.test(text)) return JSON.parse(text);
  type Reviver = (this: unknown, key: string, value: unknown, context?: { source?: string }) => unknown;
  const exact: Reviver = (_key, value, context) =>
    typeof value === "number" && !Number.isSafeInteger(value) && /^-?[0-9]+$/.test(context?.source ?? "")
      ? BigInt(context?.source ?? 0)
      : value;
  return JSON.parse(text, exact as (key: string, value: unknown) => unknown);
}

/** Throws JsonError with Mesos's message. */
export function fromJsonValue<T extends Message>(schema: DescMessage, value: unknown): T {
  if (!isObject(value)) throw new JsonError("Expecting a JSON object");
  const message = create(schema);
  readFields(schema, message, value, 0);
  const missing = missingRequired(schema, message);
  if (missing.length > 0) throw new JsonError(`Missing required fields: ${missing.join(", ")}`);
  return message as T;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const fieldsByName = new WeakMap<DescMessage, ReadonlyMap<string, DescField>>();
function fieldsOf(schema: DescMessage): ReadonlyMap<string, DescField> {
  const known = fieldsByName.get(schema);
  if (known !== undefined) return known;
  const fields = new Map(schema.fields.map((field) => [field.name, field]));
  fieldsByName.set(schema, fields);
  return fields;
}

/** In the order of the names, which decides what error of several is told. */
function readFields(
  schema: DescMessage,
  message: Message,
  object: Record<string, unknown>,
  depth: number,
): void {
  if (depth > DEEPEST) throw new JsonError("too deeply nested");
  const fields = fieldsOf(schema);
  for (const name of Object.keys(object).sort()) {
    const field = fields.get(name);
    if (field !== undefined) readField(message, field, object[name], depth);
  }
}

function readField(message: Message, field: DescField, value: unknown, depth: number): void {
  if (depth > DEEPEST) throw new JsonError("too deeply nested");
  if (value === null) return;
  if (Array.isArray(value)) {
    if (field.fieldKind !== "list") throw unexpected("array", field);
    for (const item of value) readField(message, field, item, depth + 1);
    return;
  }
  if (field.fieldKind === "map" && isObject(value)) {
    readMap(message, field, value, depth);
    return;
  }
  const read = readSingle(field, value, depth);
  if (read !== undefined) assign(message, field, read);
}

function readMap(
  message: Message,
  field: DescField & { fieldKind: "map" },
  object: Record<string, unknown>,
  depth: number,
): void {
  const map = (message as unknown as Record<string, Record<string, unknown>>)[field.localName] ?? {};
  for (const [key, value] of Object.entries(object)) {
    if (value === null) continue;
    const read = readSingle(field, value, depth);
    // Whatever its name: `__proto__` too.
    if (read !== undefined) {
      Object.defineProperty(map, key, { value: read, enumerable: true, configurable: true, writable: true });
    }
  }
}

function readSingle(field: DescField, value: unknown, depth: number): unknown {
  if (isObject(value)) {
    if (!field.message) throw unexpected("object", field);
    const message = create(field.message);
    readFields(field.message, message, value, depth + 1);
    return message;
  }
  if (typeof value === "string") return fromString(field, value);
  if (typeof value === "number" || typeof value === "bigint") return fromNumber(field, value);
  if (typeof value === "boolean" && field.scalar === ScalarType.BOOL) return value;
  throw unexpected("boolean", field);
}

function assign(message: Message, field: DescField, value: unknown): void {
  const fields = message as unknown as Record<string, unknown>;
  if (field.fieldKind === "list") (fields[field.localName] as unknown[]).push(value);
  else if (field.oneof !== undefined) fields[field.oneof.localName] = { case: field.localName, value };
  else fields[field.localName] = value;
}

function fromString(field: DescField, text: string): unknown {
  if (field.enum) {
    const known = field.enum.values.find(({ name }) => name === text);
    // An unknown value is as if it were not there (proto2), but where there must be one.
    if (known === undefined && isRequired(field)) throw new JsonError(`Failed to find enum for '${text}'`);
    return known?.number;
  }
  switch (field.scalar) {
    case undefined:
      throw unexpected("string", field);
    case ScalarType.STRING:
      return text;
    case ScalarType.BYTES:
      return fromBase64(field, text);
    case ScalarType.BOOL:
      if (text === "true" || text === "false") return text === "true";
      throw new JsonError(`Failed to parse '${text}' as a JSON boolean for field '${field.name}'`);
    default: {
      const floating = field.scalar === ScalarType.DOUBLE || field.scalar === ScalarType.FLOAT;
      if (floating && /^-?Infinity$/.test(text)) return Number(text);
      if (!/^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$/.test(text)) {
        throw new JsonError(`Failed to parse '${text}' as a JSON number for field '${field.name}'`);
      }
      return fromNumber(field, /^-?[0-9]{1,40}$/.test(text) ? BigInt(text) : Number(text));
    }
  }
}

function fromNumber(field: DescField, value: number | bigint): unknown {
  switch (field.scalar) {
    case ScalarType.DOUBLE:
      return Number(value);
    case ScalarType.FLOAT:
      return Math.fround(Number(value));
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return BigInt.asIntN(64, whole(value));
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return BigInt.asUintN(64, whole(value));
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return Number(BigInt.asIntN(32, whole(value)));
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return Number(BigInt.asUintN(32, whole(value)));
    default:
      throw unexpected("number", field);
  }
}

/** As a cast in C does: toward zero. */
const whole = (value: number | bigint): bigint =>
  typeof value === "bigint" ? value : Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n;

function fromBase64(field: DescField, text: string): Uint8Array {
  const [data = ""] = text.split("=");
  const strange = /[^A-Za-z0-9+/\s]/.exec(data)?.[0];
  if (strange !== undefined) {
    throw new JsonError(
      `Failed to base64 decode bytes field '${field.name}': Invalid character '${strange}'`,
    );
  }
  return new Uint8Array(Buffer.from(data, "base64"));
}

const unexpected = (what: string, field: DescField): JsonError =>
  new JsonError(`Not expecting a JSON ${what} for field '${field.name}'`);
