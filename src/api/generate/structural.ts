import { z } from "zod";
import { type Rule, SENTENCE, WRITTEN } from "../rule.ts";
import { affordable, matchCost } from "./budget.ts";

export type JsonSchema = { [key: string]: unknown };

const INT_OR_STRING = "x-kubernetes-int-or-string";
const RULES = "x-kubernetes-validations";
const DROPPED = ["$schema", "additionalProperties", "id", "contentEncoding", SENTENCE, WRITTEN] as const;
const MAP_SIZE = 64;

const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Rules that a policy judges instead; told of each, with the place in spec (".command", "" for spec itself). */
export type TakeRule = (path: string, rule: Rule) => void;

interface Options {
  /**
   * False leaves out the CEL rules of fields: for status, which our own programs write often and no person
   * does. Types, enumerations and patterns stay.
   */
  readonly rules: boolean;
  /** Takes the rules that a policy shall judge out of the schema; see Kind.admission. */
  readonly take?: TakeRule;
}

/**
 * A zod schema as a structural OpenAPI v3 schema, as CustomResourceDefinitions want it: no
 * additionalProperties beside properties, no type inside anyOf, defaulted keys not required,
 * integers with a format. Throws when a construct has no structural form.
 */
export function structural(schema: z.ZodType, options: Options = { rules: true }): JsonSchema {
  const json = z.toJSONSchema(schema, {
    io: "input",
    target: "openapi-3.0",
    unrepresentable: "throw",
    reused: "inline",
  });
  return clean(json as JsonSchema, { path: "", items: 1, ...options });
}

interface Place extends Options {
  readonly path: string;
  /** The most items that the lists and maps around this place can hold together. */
  readonly items: number;
}

function clean(schema: JsonSchema, around: Place): JsonSchema {
  const out: JsonSchema = {};
  for (const [key, value] of Object.entries(schema)) {
    if ((DROPPED as readonly string[]).includes(key)) continue;
    out[key] = value;
  }
  putRules(out, schema, around);
  const place = { ...around, rules: around.rules && schema[WRITTEN] !== true };
  if (schema[INT_OR_STRING] === true) {
    delete out.type;
    delete out.anyOf;
    return out;
  }
  if (Array.isArray(out.anyOf) || Array.isArray(out.oneOf)) {
    throw new Error(`${place.path}: a union has no structural form; use optional fields and a rule`);
  }
  if (Array.isArray(out.allOf)) throw new Error(`${place.path}: give one pattern, not several`);
  if (isSchema(schema.properties)) {
    out.type = "object";
    out.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, child]) => [
        name,
        clean(child as JsonSchema, { ...place, path: `${place.path}.${name}` }),
      ]),
    );
  } else if (isSchema(schema.additionalProperties)) {
    const below = { ...place, path: `${place.path}{}`, items: place.items * MAP_SIZE };
    out.additionalProperties = clean(schema.additionalProperties, below);
    out.maxProperties = MAP_SIZE;
    delete out.propertyNames;
  }
  if (isSchema(schema.items)) {
    const most = Number(schema.maxItems);
    if (!(most > 0)) throw new Error(`${place.path}: a list needs a maximum, or its rules have no bound`);
    out.items = clean(schema.items, { ...place, path: `${place.path}[]`, items: place.items * most });
    out["x-kubernetes-list-type"] ??= "atomic";
  }
  if (out.type === "integer") out.format = "int64";
  if (out.format === "base64") out.format = "byte";
  return out;
}

/** Writes the rules of one place: those that fit, and the sentence of its pattern instead of the pattern. */
function putRules(out: JsonSchema, schema: JsonSchema, place: Place): void {
  delete out[RULES];
  if (!place.rules) return;
  const { take } = place;
  const rules = ((schema[RULES] as Rule[] | undefined) ?? [])
    .filter((rule) => rule.cost === undefined || affordable(rule.cost, place.items))
    .filter((rule) => {
      if (take === undefined || !isForPolicy(rule, place)) return true;
      take(place.path, rule);
      return false;
    })
    .map(({ cost: _, inSchema: __, ...rule }) => rule);
  const sentence = schema[SENTENCE];
  const pattern = schema.pattern;
  if (typeof sentence === "string" && typeof pattern === "string") {
    const expression = `self.matches(r'${pattern.replaceAll("\\/", "/")}')`;
    if (take !== undefined && isForPolicy({ rule: expression }, place)) {
      delete out.pattern;
      take(place.path, { rule: expression, message: sentence });
    } else if (affordable(matchCost(Number(schema.maxLength), expression), place.items)) {
      delete out.pattern;
      rules.unshift({ rule: expression, message: sentence });
    }
  }
  if (rules.length > 0) out[RULES] = rules;
}

/** Below a list within a list a policy could not say which item it is about, nor what it was before below any. */
function isForPolicy({ rule, inSchema }: Pick<Rule, "rule" | "inSchema">, { path }: Place): boolean {
  const lists = path.split("[]").length - 1;
  return !inSchema && !path.includes("{") && (lists === 0 || (lists === 1 && !/\boldSelf\b/.test(rule)));
}
