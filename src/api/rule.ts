import { globalRegistry, type z } from "zod";

/** One CEL rule of a CRD schema (`x-kubernetes-validations`). */
export interface Rule {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
  readonly reason?:
    | "FieldValueInvalid"
    | "FieldValueForbidden"
    | "FieldValueRequired"
    | "FieldValueDuplicate";
  /** Also judged when the object is made: oldSelf is then an optional without a value. */
  readonly optionalOldSelf?: true;
  /** Stays in the schema where a policy judges the kind: what it refuses is an error of evaluation, for which a policy has no words. */
  readonly inSchema?: true;
  /**
   * About what the API server estimates for one evaluation. A rule that says so is left out where the
   * lists around it make it too dear (see generate/budget.ts): a controller has to check it there.
   */
  readonly cost?: number;
}

const RULES = "x-kubernetes-validations";
/** Key of a pattern's sentence in a schema, until the generator has used it. */
export const SENTENCE = "x-sentence";

/** Key of the mark that `written` leaves in a schema, until the generator has used it. */
export const WRITTEN = "x-written";

/**
 * Written by the operator alone: types, bounds and patterns stay, but no rule below is judged, as in status. A rule on what never
 * changes would be judged again with each write of the object.
 */
export function written<T extends z.ZodType>(schema: T): T {
  return schema.meta({ ...schema.meta(), [WRITTEN]: true }) as T;
}

/** Attaches CEL rules; those already on the schema are kept. The text is the user's error message. */
export function rules<T extends z.ZodType>(schema: T, ...added: Rule[]): T {
  return schema.meta({ ...schema.meta(), [RULES]: [...rulesOf(schema), ...added] }) as T;
}

/** The rules on a schema. What an optional or a default wraps keeps its own, which zod would let the outer hide. */
function rulesOf(schema: z.core.$ZodType): readonly Rule[] {
  const own = globalRegistry.get(schema)?.[RULES] as Rule[] | undefined;
  if (own !== undefined) return own;
  const { innerType } = schema._zod.def as { innerType?: z.core.$ZodType };
  return innerType === undefined ? [] : rulesOf(innerType);
}

/**
 * Text of a form, with the sentence that a user reads when it has another. The API server's own message
 * for a pattern shows only the expression, so it becomes a CEL rule wherever the cost of that allows it.
 */
export function worded(schema: z.ZodString, form: RegExp, sentence: string): z.ZodString {
  const made = schema.regex(form, sentence);
  return made.meta({ ...made.meta(), [SENTENCE]: sentence });
}

/** A field that cannot change once it is set. */
export function immutable<T extends z.ZodType>(schema: T, name: string): T {
  return rules(schema, {
    rule: "self == oldSelf",
    message: `${name} is immutable`,
    reason: "FieldValueForbidden",
  });
}

/** A list that server-side apply merges by `keys`. */
export function listMap<T extends z.ZodType>(schema: T, ...keys: string[]): T {
  return schema.meta({
    ...schema.meta(),
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": keys,
  }) as T;
}

/** A list of scalars without duplicates. */
export function listSet<T extends z.ZodType>(schema: T): T {
  return schema.meta({ ...schema.meta(), "x-kubernetes-list-type": "set" }) as T;
}

/** An integer or a string, as Kubernetes quantities are written. */
export const INT_OR_STRING = { "x-kubernetes-int-or-string": true } as const;
