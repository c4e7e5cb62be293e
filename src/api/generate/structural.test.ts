import { describe, expect, test } from "vitest";
import { z } from "zod";
import { rules, worded } from "../rule.ts";
import { structural } from "./structural.ts";

const word = worded(z.string().max(20), /^[a-z/]+$/, "must be small letters");

describe("structural", () => {
  test("turns a pattern into a rule with its sentence", () => {
    expect(structural(word)).toEqual({
      type: "string",
      maxLength: 20,
      "x-kubernetes-validations": [{ rule: "self.matches(r'^[a-z/]+$')", message: "must be small letters" }],
    });
  });

  test("keeps the pattern where lists make the rule too dear", () => {
    const deep = structural(z.array(z.array(z.array(word).max(64)).max(64)).max(64));
    expect(JSON.stringify(deep)).toContain('"pattern":"^[a-z/]+$"');
    expect(JSON.stringify(deep)).not.toContain("x-kubernetes-validations");
  });

  test("leaves out a rule with a cost where it is too dear, and keeps it elsewhere", () => {
    const rule = { rule: "self > 1", message: "too small" };
    const number = rules(z.number(), { ...rule, cost: 100_000 });
    expect(structural(z.array(number).max(10))).toMatchObject({
      items: { "x-kubernetes-validations": [rule] },
    });
    expect(structural(z.array(number).max(100)).items).not.toHaveProperty("x-kubernetes-validations");
  });

  test("keeps patterns and drops rules for status", () => {
    expect(structural(word, { rules: false })).toEqual({
      type: "string",
      maxLength: 20,
      pattern: "^[a-z/]+$",
    });
  });

  test("refuses a list without a maximum, a union and two patterns", () => {
    expect(() => structural(z.object({ names: z.array(z.string()) }))).toThrow(
      ".names: a list needs a maximum",
    );
    expect(() => structural(z.object({ x: z.union([z.string(), z.number()]) }))).toThrow(".x: a union");
    expect(() => structural(z.string().regex(/a/).regex(/b/))).toThrow("one pattern");
  });

  test("bounds maps and makes lists atomic unless they say otherwise", () => {
    const labels = structural(z.record(z.string(), z.string().max(3)));
    expect(labels).toEqual({
      type: "object",
      additionalProperties: { type: "string", maxLength: 3 },
      maxProperties: 64,
    });
    expect(structural(z.array(z.boolean()).max(2))["x-kubernetes-list-type"]).toBe("atomic");
  });

  test("does not require a field that has a default", () => {
    expect(structural(z.object({ a: z.string().default("x"), b: z.string() })).required).toEqual(["b"]);
  });
});

test("a rule on an optional or a default leaves those inside it standing", () => {
  const a = { rule: "self != 'a'", message: "a" };
  const b = { rule: "self != 'b'", message: "b" };
  for (const wrapped of [rules(z.string(), a).optional().describe("x"), rules(z.string(), a).default("c")]) {
    expect(structural(rules(wrapped, b))["x-kubernetes-validations"]).toEqual([a, b]);
  }
});
