import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineKind } from "../kind.ts";
import { Role } from "../role.ts";
import { immutable, rules, written } from "../rule.ts";
import { customResourceDefinition } from "./crd.ts";
import { admissionPolicy } from "./policy.ts";

const both = { rule: "has(self.a) == has(self.b)", message: "a and b belong together", fieldPath: ".b" };
const first = { rule: "self[0] > 0", message: "the first is above 0" };
const fewer = { rule: "self.size() < oldSelf.size()", message: "fewer than before" };
const small = { rule: "self < 9", message: "less than 9" };
const starless = { rule: "self != '*'", message: "no star" };
const made = (spec: z.ZodType) =>
  defineKind({
    ...{ kind: "Thing", plural: "things", singular: "thing", shortNames: [], scope: "Namespaced" as const },
    ...{
      description: "A thing.",
      admission: true as const,
      rules: [],
      printerColumns: [],
      selectableFields: [],
    },
    spec,
    status: z.object({}),
  });
const inner = rules(z.object({ a: rules(z.int(), small).optional(), b: z.int().optional() }), both);
const thing = made(
  z.object({
    name: immutable(rules(z.string(), starless), "name"),
    inner: inner.optional(),
    list: rules(z.array(inner).max(3), first, fewer).optional(),
    note: z.string().optional(),
    deep: z.array(z.object({ inside: z.array(inner).max(3) })).max(3),
    made: immutable(written(z.array(inner).max(3)), "made").optional(),
  }),
);

describe("the policy of a kind", () => {
  const [policy, binding] = admissionPolicy(thing) ?? [];
  const {
    validations = [],
    variables,
    matchConditions,
    matchConstraints,
  } = (policy?.spec ?? {}) as {
    validations?: { expression: string; messageExpression: string }[];
    variables?: { expression: string }[];
    matchConditions?: { expression: string }[];
    matchConstraints?: { resourceRules: { resources: string[] }[] };
  };

  test("says what is innermost first, as only the first is told", () => {
    const outer = rules(z.object({ inner }), { rule: "self.inner.a > 0", message: "outer" });
    const [own] = admissionPolicy(made(outer)) ?? [];
    const spec = own?.spec as { validations: { messageExpression: string }[] };
    expect(spec.validations.map(({ messageExpression }) => messageExpression)).toEqual([
      '!(!has(object.spec.inner.a) || (object.spec.inner.a < 9)) ? "spec.inner.a: less than 9" : "spec.inner.b: a and b belong together"',
      '"spec: outer"',
    ]);
  });

  test("is one expression a field, that holds where a place is absent, at the creation, and of what was frozen", () => {
    expect(validations.map(({ expression }) => expression)).toEqual([
      "variables.changed.size() == 0",
      "!has(object.spec.list) || ((object.spec.list.all(item, !has(item.a) || (item.a < 9))) && (object.spec.list.all(item, has(item.a) == has(item.b))) && (object.spec.list[0] > 0) && (oldObject == null || !has(oldObject.spec.list) || (object.spec.list.size() < oldObject.spec.list.size())))",
      "!has(object.spec.inner) || ((!has(object.spec.inner.a) || (object.spec.inner.a < 9)) && (has(object.spec.inner.a) == has(object.spec.inner.b)))",
      "!has(object.spec.name) || (oldObject != null && has(oldObject.spec.name)) || (object.spec.name != '*')",
    ]);
  });

  test("says which item of a list it is about", () => {
    expect(validations[1]?.messageExpression).toMatch(
      /^!\(object\.spec\.list\.all\(item, .*\)\) \? 'spec\.list\[' \+ string\(object\.spec\.list\.map\(item, .*\)\.indexOf\(false\)\) \+ "\]\.a: less than 9" : /,
    );
  });

  test("has nothing to judge where a field without rules alone changes", () => {
    expect(matchConditions?.map(({ expression }) => expression)).toEqual([
      "oldObject == null || dyn(object.spec).exists(f, !(f in ['note', 'deep']) && (!(f in dyn(oldObject.spec)) || dyn(object.spec)[f] != dyn(oldObject.spec)[f])) || dyn(oldObject.spec).exists(f, !(f in dyn(object.spec)))",
    ]);
  });

  test("judges all that is immutable at once", () => {
    expect(variables?.map(({ expression }) => expression)).toEqual([
      "oldObject == null ? [] : ['name', 'made'].filter(f, f in dyn(object.spec) && f in dyn(oldObject.spec) && dyn(object.spec)[f] != dyn(oldObject.spec)[f])",
    ]);
  });

  test("matches the object and not its status, and denies", () => {
    expect(matchConstraints?.resourceRules.map(({ resources }) => resources)).toEqual([["things"]]);
    expect(binding).toMatchObject({
      metadata: { name: "things.mesos.dev" },
      spec: { policyName: "things.mesos.dev", validationActions: ["Deny"] },
    });
  });

  test("leaves to the schema what is in a list of a list", () => {
    const text = JSON.stringify(customResourceDefinition(thing));
    expect(text.split(both.message)).toHaveLength(2);
    expect(text.split(small.message)).toHaveLength(2);
    expect(text).not.toMatch(/oldSelf|first is above|fewer|no star|x-written/);
  });

  test("cannot name what CEL keeps for itself", () => {
    const odd = made(z.object({ namespace: rules(z.array(z.string()).max(3), first) }));
    expect(() => admissionPolicy(odd)).toThrow("spec.namespace");
  });
});

test("a kind whose status is seldom written needs none", () => {
  expect(admissionPolicy(Role)).toBeUndefined();
});
