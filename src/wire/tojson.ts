/** Messages as Mesos writes them in JSON (stout/protobuf.hpp, jsonify): names as in the proto, enums by name, bytes as base64. */
import { type DescField, type DescMessage, isFieldSet, type Message, ScalarType } from "@bufbuild/protobuf";
import { base64Encode } from "@bufbuild/protobuf/wire";

export function toJsonText(schema: DescMessage, message: Message): string {
  return JSON.stringify(toJsonValue(schema, message));
}

/** A value for JSON.stringify. Fields come in the order of the proto; an unset one with a default of its own is told as that. */
export function toJsonValue(schema: DescMessage, message: Message): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  for (const field of schema.fields) {
    const value = setValue(field, message);
    if (value !== undefined) json[field.name] = fieldValue(field, value);
  }
  return json;
}

function setValue(field: DescField, message: Message): unknown {
  if (isFieldSet(message, field)) {
    const fields = message as unknown as Record<string, unknown>;
    if (field.oneof === undefined) return fields[field.localName];
    return (fields[field.oneof.localName] as { readonly value?: unknown }).value;
  }
  if (field.fieldKind !== "scalar" && field.fieldKind !== "enum") return undefined;
  return field.deprecated ? undefined : field.getDefaultValue();
}

function fieldValue(field: DescField, value: unknown): unknown {
  switch (field.fieldKind) {
    case "list":
      return (value as unknown[]).map((item) => single(field, field.listKind, item));
    case "map":
      return Object.fromEntries(
        Object.entries(value as Record<string, unknown>).map(([key, item]) => [
          key,
          single(field, field.mapKind, item),
        ]),
      );
    default:
      return single(field, field.fieldKind, value);
  }
}

function single(field: DescField, kind: "scalar" | "enum" | "message", value: unknown): unknown {
  if (kind === "message" && field.message) return toJsonValue(field.message, value as Message);
  if (kind === "enum" && field.enum) return field.enum.value[value as number]?.name;
  return scalar(field.scalar, value);
}

function scalar(type: ScalarType | undefined, value: unknown): unknown {
  if (typeof value === "bigint") return rawNumber(value);
  if (type === ScalarType.BYTES) return base64Encode(value as Uint8Array);
  // JSON has no infinity, and stout writes its name.
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

/** 64-bit integers are numbers on Mesos's wire, beyond what a double holds too. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };
const rawNumber = (value: bigint): unknown =>
  Number.isSafeInteger(Number(value)) ? Number(value) : rawJSON(String(value));
