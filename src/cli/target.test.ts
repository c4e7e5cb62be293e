import { expect, test } from "vitest";
import { parseTarget } from "./target.ts";

test("a bare name is a task's, others say what they are", () => {
  expect(parseTarget("a")).toEqual({ kind: "task", name: "a" });
  expect(parseTarget("mtask/a")).toEqual({ kind: "task", name: "a" });
  expect(["executor/a", "mexec/a"].map(parseTarget)).toEqual([
    { kind: "executor", name: "a" },
    { kind: "executor", name: "a" },
  ]);
});

test.each([
  ["agent/a", '"agent" is neither task nor executor'],
  ["executor/", '"executor/" names no executor'],
])("%s is refused", (text, words) => {
  expect(() => parseTarget(text)).toThrow(words);
});
