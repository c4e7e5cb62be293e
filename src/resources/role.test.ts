import { describe, expect, it } from "vitest";
import { isStrictSubroleOf, roleAncestors, roleError, roleLineage } from "./role.ts";

describe("role paths", () => {
  it.each(["*", "eng", "eng/ads", "a.b/c-d", "ünï"])("accept %s", (role) => {
    expect(roleError(role)).toBeUndefined();
  });

  it.each(["", "/a", "a/", "a//b", "a/./b", "..", "a/*", "-a", "a/-b", "a b", "a\tb"])(
    "refuse %j",
    (role) => {
      expect(roleError(role)).toMatch(/must not/);
    },
  );

  it("know who lies below whom", () => {
    expect(isStrictSubroleOf("a/b", "a")).toBe(true);
    expect(isStrictSubroleOf("a", "a")).toBe(false);
    expect(isStrictSubroleOf("ab", "a")).toBe(false);
    expect(roleAncestors("a/b/c")).toEqual(["a/b", "a"]);
    expect(roleAncestors("a")).toEqual([]);
    expect(roleLineage("a/b/c")).toEqual(["a/b/c", "a/b", "a"]);
  });
});
