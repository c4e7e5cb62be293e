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
    name: immutable(z.string(), "name"),
    inner: inner.optional(),
    list: rules(z.array(inner).max(3), first, fewer).optional(),
    made: immutable(written(z.array(inner).max(3)), "made").optional(),
  }),
);

describe("the policy of a kind", () => {
  const [policy, binding] = admissionPolicy(thing) ?? [];
  const {
    validations = [],
    variables,
    matchConstraints,
  } = (policy?.spec ?? {}) as {
    validations?: { expression: string; message?: string }[];
    variables?: { expression: string }[];
    matchConstraints?: { resourceRules: { resources: string[] }[] };
  };

  test("says what is innermost first, as only the first is told", () => {
    const outer = rules(z.object({ inner }), { rule: "self.inner.a > 0", message: "outer" });
    const [own] = admissionPolicy(made(outer)) ?? [];
    const spec = own?.spec as { validations: { message: string }[] };
    expect(spec.validations.map(({ message }) => message)).toEqual([
      "spec.inner.b: a and b belong together",
      "spec: outer",
    ]);
  });

  test("judges what compares and what looks into an object or a list, with its place before the sentence", () => {
    expect(validations.flatMap(({ message }) => message ?? [])).toEqual([
      "spec.inner.b: a and b belong together",
      "spec.list: the first is above 0",
      "spec.list: fewer than before",
    ]);
  });

  test("holds where a place is absent, and at the object's creation", () => {
    expect(validations.map(({ expression }) => expression)).toEqual([
      "variables.changed.size() == 0",
      "!has(object.spec.inner) || (has(object.spec.inner.a) == has(object.spec.inner.b))",
      "!has(object.spec.list) || (object.spec.list[0] > 0)",
      "!has(object.spec.list) || oldObject == null || !has(oldObject.spec.list) || (object.spec.list.size() < oldObject.spec.list.size())",
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

  test("leaves to the schema what is in a list, and what a scalar says of itself", () => {
    const text = JSON.stringify(customResourceDefinition(thing));
    expect(text).toContain(`"items":{"type":"object","properties":{"a":{"type":"integer"`);
    expect(text.split(both.message)).toHaveLength(2);
    expect(text).toContain(small.message);
    expect(text).not.toMatch(/oldSelf|first is above|fewer|x-written/);
  });

  test("cannot name what CEL keeps for itself", () => {
    const odd = made(z.object({ namespace: rules(z.array(z.string()).max(3), first) }));
    expect(() => admissionPolicy(odd)).toThrow("spec.namespace");
  });
});

test("a kind whose status is seldom written needs none", () => {
  expect(admissionPolicy(Role)).toBeUndefined();
});
