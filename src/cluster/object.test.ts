import { describe, expect, it } from "vitest";
import { keyOf, parseKey } from "./object.ts";

describe("keys", () => {
  it.each([
    [{ name: "a" }, "a"],
    [{ namespace: "ns", name: "a" }, "ns/a"],
  ])("of %j is %s, and back", (ref, key) => {
    expect(keyOf(ref)).toBe(key);
    expect(parseKey(key)).toEqual(ref);
  });
});
