import { GROUP, policyName, VERSION } from "../group.ts";
import type { Kind } from "../kind.ts";
import type { Rule } from "../rule.ts";
import { type JsonSchema, structural } from "./structural.ts";

/** Words that CEL keeps for itself: no field can be named so in an expression. */
const RESERVED =
  /\.(as|break|const|continue|else|false|for|function|if|import|in|let|loop|namespace|null|package|return|true|var|void|while)\b/;

/**
 * The ValidatingAdmissionPolicy of a kind, and its binding: the rules of spec that Kind.admission speaks of, each with the place
 * that it is about before its sentence. It matches the object alone and not its status. Undefined for kinds without.
 */
export function admissionPolicy(kind: Kind): readonly JsonSchema[] | undefined {
  if (!kind.admission) return undefined;
  const taken: Taken[] = [];
  const spec = structural(kind.spec, { rules: true, take: (path, rule) => taken.push({ path, rule }) });
  const free = Object.keys((spec.properties ?? {}) as JsonSchema).filter((field) => isFree(field, taken));
  const frozen = taken.filter(isFrozen).map(({ path }) => path.slice(1));
  // The first that fails is what is told: of a second response that it is one, not that it goes badly with the first.
  const validations = [
    ...(frozen.length > 0 ? [NOTHING_FROZEN_CHANGES] : []),
    ...byField(taken.filter((one) => !isFrozen(one))).map((group) => validation(group, new Set(frozen))),
  ];
  const name = policyName(kind.plural);
  const about = { apiVersion: "admissionregistration.k8s.io/v1", metadata: { name } };
  return [
    {
      ...about,
      kind: "ValidatingAdmissionPolicy",
      spec: {
        failurePolicy: "Fail",
        matchConstraints: {
          resourceRules: [
            {
              apiGroups: [GROUP],
              apiVersions: [VERSION],
              operations: ["CREATE", "UPDATE"],
              resources: [kind.plural],
            },
          ],
        },
        matchConditions: [{ name: "spec-changes", expression: specChanges(free) }],
        ...(frozen.length > 0 && { variables: [changed(frozen)] }),
        validations,
      },
    },
    {
      ...about,
      kind: "ValidatingAdmissionPolicyBinding",
      spec: { policyName: name, validationActions: ["Deny"] },
    },
  ];
}

interface Taken {
  readonly path: string;
  readonly rule: Rule;
}

/** A field of spec that `immutable` made so: one expression judges them all, as each would cost every write its share. */
const isFrozen = ({ path, rule: { rule, message } }: Taken): boolean =>
  rule === "self == oldSelf" && message === `${path.slice(1)} is immutable`;

/** Whether no rule is about the field: nothing is to be judged where it alone changes. */
const isFree = (field: string, taken: readonly Taken[]): boolean =>
  taken.every(
    ({ path, rule }) =>
      fieldOf(path) !== field && !(fieldOf(path) === "" && new RegExp(`\\b${field}\\b`).test(rule.rule)),
  );

/** A change of labels or finalizers has nothing to be judged, nor has one of the fields that are `free`. */
function specChanges(free: readonly string[]): string {
  const [now, before] = ["dyn(object.spec)", "dyn(oldObject.spec)"];
  if (free.length === 0) return "oldObject == null || object.spec != oldObject.spec";
  const list = free.map((field) => `'${field}'`).join(", ");
  const differs = `(!(f in ${before}) || ${now}[f] != ${before}[f])`;
  return `oldObject == null || ${now}.exists(f, !(f in [${list}]) && ${differs}) || ${before}.exists(f, !(f in ${now}))`;
}

/** Those of the fields that another value was given. */
const changed = (fields: readonly string[]): JsonSchema => {
  const [now, before] = ["dyn(object.spec)", "dyn(oldObject.spec)"];
  const list = fields.map((field) => `'${field}'`).join(", ");
  const differs = `f in ${now} && f in ${before} && ${now}[f] != ${before}[f]`;
  return { name: "changed", expression: `oldObject == null ? [] : [${list}].filter(f, ${differs})` };
};
const NOTHING_FROZEN_CHANGES: JsonSchema = {
  expression: "variables.changed.size() == 0",
  messageExpression: "'spec.' + variables.changed[0] + ': ' + variables.changed[0] + ' is immutable'",
  reason: "Invalid",
};

const depth = (path: string): number => path.split(/[.[]/).length;

/**
 * Those of one field of spec together, as each expression costs every write its share. The API server tells of the first that fails
 * alone: what a field says of itself comes before what others say of it, so what is innermost comes first and spec itself last.
 */
function byField(taken: readonly Taken[]): readonly (readonly Taken[])[] {
  const groups = Map.groupBy(
    [...taken].sort((a, b) => depth(b.path) - depth(a.path)),
    ({ path }) => fieldOf(path),
  );
  return [...groups].sort(([a], [b]) => Number(a === "") - Number(b === "")).map(([, group]) => group);
}

/** The field of spec that a place lies in; "": spec itself. */
const fieldOf = (path: string): string => /^\.(\w+)/.exec(path)?.[1] ?? "";

/** One expression for the rules of one field, that tells which of them fails. What is frozen and was there is as it was judged then. */
function validation(group: readonly Taken[], frozen: ReadonlySet<string>): JsonSchema {
  const field = fieldOf(group[0]?.path ?? "");
  const judged = group.map(judgement);
  const told = judged.map(({ holds, message }) => ({ holds, message }));
  const last = told.pop()?.message ?? "''";
  const message = told.reduceRight((rest, one) => `!(${one.holds}) ? ${one.message} : ${rest}`, last);
  const all = judged.map(({ holds }) => (judged.length === 1 ? holds : `(${holds})`)).join(" && ");
  const skips = [
    ...(field === "" ? [] : [`!has(object.spec.${field})`]),
    ...(frozen.has(field) ? [`(oldObject != null && has(oldObject.spec.${field}))`] : []),
  ];
  return {
    expression: skips.length === 0 ? all : `${skips.join(" || ")} || (${all})`,
    messageExpression: message,
    reason: "Invalid",
  };
}

interface Judgement {
  /** Whether it holds, in an object whose field is there. */
  readonly holds: string;
  /** What to say if not, as an expression. */
  readonly message: string;
}

/** A rule on `self` at a place in spec as one on the whole object; as in a schema it holds where that place is absent. */
function judgement({ path, rule: { rule, message, fieldPath = "", optionalOldSelf } }: Taken): Judgement {
  if (optionalOldSelf || RESERVED.test(path)) throw new Error(`spec${path}: no policy can judge '${rule}'`);
  const [list, inner] = path.split("[]");
  const sentence = (place: string) => JSON.stringify(`${place}${fieldPath}: ${message}`);
  if (list === undefined || inner === undefined) {
    const compares = /\boldSelf\b/.test(rule);
    const whole = on(rule, `object.spec${path}`, `oldObject.spec${path}`);
    const absent = [
      ...missing("object.spec", path).slice(1),
      ...(compares ? ["oldObject == null", ...missing("oldObject.spec", path)] : []),
    ];
    return { holds: or(absent, whole), message: sentence(`spec${path}`) };
  }
  const each = or(missing("item", inner), on(rule, `item${inner}`));
  const items = `object.spec${list}`;
  const absent = missing("object.spec", list).slice(1);
  const which = `string(${items}.map(item, ${each}).indexOf(false))`;
  return {
    holds: or(absent, `${items}.all(item, ${each})`),
    message: `'spec${list}[' + ${which} + ${sentence(`]${inner}`)}`,
  };
}

const on = (rule: string, now: string, before = ""): string =>
  rule.replaceAll(/\boldSelf\b/g, before).replaceAll(/\bself\b/g, now);

const or = (absent: readonly string[], rule: string): string =>
  absent.length === 0 ? rule : `${absent.join(" || ")} || (${rule})`;

/** That a field is not there, or one that it lies in. */
function missing(root: string, path: string): string[] {
  const names = path.split(".").slice(1);
  return names.map((_, i) => `!has(${[root, ...names.slice(0, i + 1)].join(".")})`);
}
