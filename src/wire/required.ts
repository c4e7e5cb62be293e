import { type DescField, type DescMessage, isFieldSet, type Message } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";

/** Paths of required fields that are not set, as C++'s InitializationErrorString has them: `accept.offer_ids[0].value`. */
export function missingRequired(schema: DescMessage, message: Message, prefix = ""): string[] {
  const fields = message as unknown as Record<string, unknown>;
  const own = schema.fields.filter((field) => isRequired(field) && !isFieldSet(message, field));
  const below = schema.fields.flatMap((field): string[] => {
    if (!field.message || !isFieldSet(message, field)) return [];
    const { message: inner, name } = field;
    const value =
      field.oneof === undefined
        ? fields[field.localName]
        : (fields[field.oneof.localName] as { readonly value: unknown }).value;
    return within(field, value).flatMap(([index, one]) =>
      missingRequired(inner, one, `${prefix}${name}${index}.`),
    );
  });
  return [...own.map(({ name }) => prefix + name), ...below];
}

function within(field: DescField, value: unknown): [string, Message][] {
  if (field.fieldKind === "list") return (value as Message[]).map((one, i) => [`[${i}]`, one]);
  if (field.fieldKind !== "map") return [["", value as Message]];
  // C++ counts the entries of a map as a list.
  return Object.values(value as Record<string, Message>).map((one, i) => [`[${i}].value`, one]);
}

export const isRequired = (field: DescField): boolean =>
  "presence" in field && field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED;
