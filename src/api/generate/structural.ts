import { z } from "zod";

export type JsonSchema = { [key: string]: unknown };

const INT_OR_STRING = "x-kubernetes-int-or-string";
const DROPPED = ["$schema", "additionalProperties", "id", "contentEncoding"] as const;

const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * A zod schema as a structural OpenAPI v3 schema, as CustomResourceDefinitions want it: no
 * additionalProperties beside properties, no type inside anyOf, defaulted keys not required,
 * integers with a format. Throws when a construct has no structural form.
 */
export function structural(schema: z.ZodType): JsonSchema {
  const json = z.toJSONSchema(schema, {
    io: "input",
    target: "openapi-3.0",
    unrepresentable: "throw",
    reused: "inline",
  });
  return clean(json as JsonSchema, "");
}

function clean(schema: JsonSchema, path: string): JsonSchema {
  const out: JsonSchema = {};
  for (const [key, value] of Object.entries(schema)) {
    if ((DROPPED as readonly string[]).includes(key)) continue;
    out[key] = value;
  }
  if (schema[INT_OR_STRING] === true) {
    delete out.type;
    delete out.anyOf;
    return out;
  }
  if (Array.isArray(out.anyOf) || Array.isArray(out.oneOf)) {
    throw new Error(`${path}: a union has no structural form; use optional fields and a rule`);
  }
  flattenPatterns(out);
  if (isSchema(schema.properties)) {
    out.type = "object";
    out.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, child]) => [
        name,
        clean(child as JsonSchema, `${path}.${name}`),
      ]),
    );
  } else if (isSchema(schema.additionalProperties)) {
    out.additionalProperties = clean(schema.additionalProperties, `${path}{}`);
    out.maxProperties = 64;
    delete out.propertyNames;
  }
  if (isSchema(schema.items)) {
    out.items = clean(schema.items, `${path}[]`);
    out["x-kubernetes-list-type"] ??= "atomic";
  }
  if (out.type === "integer") out.format = "int64";
  if (out.format === "base64") out.format = "byte";
  return out;
}

/** zod writes several patterns as allOf; a structural schema takes allOf without types as it is. */
function flattenPatterns(out: JsonSchema): void {
  if (!Array.isArray(out.allOf)) return;
  for (const part of out.allOf) {
    if (!isSchema(part) || Object.keys(part).some((key) => key !== "pattern")) {
      throw new Error(`allOf holds more than patterns: ${JSON.stringify(part)}`);
    }
  }
}
