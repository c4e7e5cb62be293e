import { expect, it } from "vitest";
import { Groups } from "./groups.ts";

const content = (groups: Groups) =>
  Object.fromEntries(Array.from(groups.values(), (value) => [value, [...groups.of(value)]]));

it("keeps the keys of a value, be it one or many", () => {
  const groups = new Groups();
  groups.add("x", "a");
  groups.add("x", "a");
  expect(content(groups)).toEqual({ x: ["a"] });
  groups.add("x", "b");
  groups.add("y", "b");
  groups.add("x", "b");
  expect(content(groups)).toEqual({ x: ["a", "b"], y: ["b"] });
  expect(["x", "y", "z"].map((value) => groups.count(value))).toEqual([2, 1, 0]);
});

it("forgets a value with its last key", () => {
  const groups = new Groups();
  for (const key of ["a", "b"]) groups.add("x", key);
  groups.remove("x", "c");
  groups.remove("y", "a");
  groups.remove("x", "a");
  expect(content(groups)).toEqual({ x: ["b"] });
  groups.remove("x", "b");
  expect(content(groups)).toEqual({});
  groups.add("x", "c");
  groups.remove("x", "d");
  expect(content(groups)).toEqual({ x: ["c"] });
  groups.remove("x", "c");
  expect(content(groups)).toEqual({});
});
