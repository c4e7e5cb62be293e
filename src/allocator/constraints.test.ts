import { describe, expect, it } from "vitest";
import { parseAttributes } from "../resources/index.ts";
import {
  type AttributeConstraint,
  ConstraintError,
  compileConstraint,
  OfferConstraints,
} from "./constraints.ts";

const agent = {
  name: "n1",
  hostname: "n1.example.org",
  zone: "z1",
  attributes: parseAttributes("rack:r12;rack:r99;cores:8;empty:{}"),
};

describe("a constraint on an attribute", () => {
  it.each<[string, AttributeConstraint["operator"], string | undefined, boolean]>([
    ["rack", "Exists", undefined, true],
    ["shelf", "Exists", undefined, false],
    ["rack", "NotExists", undefined, false],
    ["shelf", "NotExists", undefined, true],
    ["rack", "TextEquals", "r12", true],
    ["rack", "TextEquals", "r99", false],
    ["shelf", "TextEquals", "r12", false],
    ["cores", "TextEquals", "9", true],
    ["rack", "TextNotEquals", "r12", false],
    ["shelf", "TextNotEquals", "r12", true],
    ["cores", "TextNotEquals", "8", true],
    ["rack", "TextMatches", "r[0-9]+", true],
    ["rack", "TextMatches", "r1", false],
    ["rack", "TextMatches", "(?i)R.2", true],
    ["shelf", "TextMatches", ".*", false],
    ["rack", "TextNotMatches", "r1.", false],
    ["shelf", "TextNotMatches", ".*", true],
    ["cores", "TextNotMatches", ".*", true],
    ["HOSTNAME", "TextMatches", "n1\\..*", true],
    ["ZONE", "TextEquals", "z1", true],
    ["REGION", "Exists", undefined, false],
  ])("%s %s %s: %s", (attribute, operator, value, holds) => {
    expect(compileConstraint({ attribute, operator, value })(agent)).toBe(holds);
  });

  it.each([
    ["look-ahead", "a(?=b)"],
    ["a back reference", "(a)\\1"],
    ["an open group", "("],
    ["a program that is too large", "(x{1,30}){1,30}"],
    ["more than 1024 characters", "x".repeat(1025)],
  ])("refuses %s", (_, value) => {
    const bad = () =>
      compileConstraint({ attribute: "rack", operator: "TextMatches", value }, "spec.constraints[3]");
    expect(bad).toThrow(
      expect.objectContaining({ name: "ConstraintError", field: "spec.constraints[3].value" }),
    );
  });

  it("matches nested repetitions without backtracking", () => {
    const test = compileConstraint({ attribute: "rack", operator: "TextMatches", value: "(a+)+b" });
    const long = { ...agent, attributes: parseAttributes(`rack:${"a".repeat(50_000)}`) };
    // A backtracking engine would not come back from this.
    expect(test(long)).toBe(false);
  });

  it("needs a value where it compares", () => {
    expect(() => compileConstraint({ attribute: "rack", operator: "TextEquals" })).toThrow(ConstraintError);
  });
});

describe("offer constraints", () => {
  const rack = (value: string): AttributeConstraint => ({ attribute: "rack", operator: "TextEquals", value });
  const zone = (value: string): AttributeConstraint => ({ attribute: "ZONE", operator: "TextEquals", value });
  it.each<[string, AttributeConstraint[][], boolean]>([
    ["one group that holds", [[rack("r12"), zone("z1")]], false],
    ["a group of which one part fails", [[rack("r12"), zone("z2")]], true],
    ["one of two groups holds", [[rack("r1")], [zone("z1")]], false],
    ["no group holds", [[rack("r1")], [zone("z2")]], true],
  ])("%s: excluded %s", (_, groups, excluded) => {
    const compiled = OfferConstraints.compile([
      { role: "a", groups: groups.map((constraints) => ({ constraints })) },
    ]);
    expect(compiled.excludes("a", agent)).toBe(excluded);
    expect(compiled.excludes("b", agent)).toBe(false);
  });

  it("refuse empty lists and name the field", () => {
    expect(() => OfferConstraints.compile([{ role: "a", groups: [] }])).toThrow(
      /^offerConstraints\[0\]\.groups: /,
    );
    expect(() =>
      OfferConstraints.compile([{ role: "a", groups: [{ constraints: [] }] }], "spec.offerConstraints"),
    ).toThrow(/^spec\.offerConstraints\[0\]\.groups\[0\]\.constraints: /);
  });
});
