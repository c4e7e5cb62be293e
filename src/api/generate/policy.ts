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
  structural(kind.spec, { rules: true, take: (path, rule) => taken.push({ path, rule }) });
  // The API server tells of the first that fails alone: what a field says of itself comes before what others say of it.
  taken.sort((a, b) => depth(b.path) - depth(a.path));
  const frozen = taken.filter(isFrozen).map(({ path }) => path.slice(1));
  // The first that fails is what is told: of a second response that it is one, not that it goes badly with the first.
  const validations = [
    ...(frozen.length > 0 ? [NOTHING_FROZEN_CHANGES] : []),
    ...taken.filter((one) => !isFrozen(one)).map(({ path, rule }) => validation(path, rule)),
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
        // A change of labels or finalizers has nothing to be judged.
        matchConditions: [
          { name: "spec-changes", expression: "oldObject == null || object.spec != oldObject.spec" },
        ],
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

const depth = (path: string): number => path.split(".").length;

/** A rule on `self` at a place in spec as one on the whole object; as in a schema it holds where that place is absent. */
function validation(path: string, { rule, message, fieldPath = "", optionalOldSelf }: Rule): JsonSchema {
  if (optionalOldSelf || RESERVED.test(path)) throw new Error(`spec${path}: no policy can judge '${rule}'`);
  const [now, before] = ["object.spec", "oldObject.spec"].map((root) => root + path);
  const compares = /\boldSelf\b/.test(rule);
  const whole = rule.replaceAll(/\boldSelf\b/g, `${before}`).replaceAll(/\bself\b/g, `${now}`);
  const absent = [
    ...missing("object.spec", path),
    ...(compares ? ["oldObject == null", ...missing("oldObject.spec", path)] : []),
  ];
  return {
    expression: absent.length === 0 ? whole : `${absent.join(" || ")} || (${whole})`,
    message: `spec${path}${fieldPath}: ${message}`,
    reason: "Invalid",
  };
}

/** That a field is not there, or one that it lies in. */
function missing(root: string, path: string): string[] {
  const names = path.split(".").slice(1);
  return names.map((_, i) => `!has(${[root, ...names.slice(0, i + 1)].join(".")})`);
}
