import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { image, uri, user } from "./container.ts";
import { duration, durationMs } from "./duration.ts";
import { mesosId, objectName, resourceName, rolePath } from "./name.ts";
import { absolutePath, relativePath } from "./path.ts";
import { quantity } from "./resource.ts";

const forms: Record<string, [z.ZodType, string[], string[]]> = {
  rolePath: [
    rolePath,
    ["*", "eng", "eng/ads", "a/b/c", "_x", "A.b-c"],
    ["", "/a", "a/", "a//b", "..", "a/..", "a/.b", "-a", "a/*", "a b", "**"],
  ],
  objectName: [objectName, ["a", "a-b.c1"], ["A", "a..b", "-a", "a-", "a_b", ".a"]],
  mesosId: [
    mesosId,
    ["task 1".replace(" ", "_"), ".a", "..a", "a..b", "é"],
    [".", "..", "a/b", "a b", "a\\b", ""],
  ],
  resourceName: [resourceName, ["cpus", "example.com/gpu", "a_b"], ["", "-a", "a b", "a:"]],
  duration: [duration, ["0s", "500ms", "1h30m", "1.5h", "2w"], ["", "5", "s", "-5s", "5 s", "5y"]],
  quantity: [quantity, ["1", "500m", "1.5Gi", "1e3"], ["", "-1", "1 Gi", "1Zi", "Gi", "0x1"]],
  absolutePath: [absolutePath, ["/", "/a/b", "/a..b"], ["a", "/a/../b", "/..", ""]],
  relativePath: [relativePath, ["a", "a/b", "..a"], ["/a", "../a", "a/..", ".."]],
  user: [user, ["0", "nobody", "1000:1000", "a:b"], ["", "a b", ":1", "a:b:c"]],
  image: [image, ["busybox", "host:5000/a/b@sha256:00"], ["", "a b", "/a"]],
  "uri.value": [
    uri.shape.value,
    ["http://a/b", "https://a", "file:///a", "/a"],
    ["ftp://a", "a", "file://a", "http://a b"],
  ],
};

describe.each(Object.entries(forms))("%s", (_name, [schema, good, bad]) => {
  test.each(good)("takes %j", (text) => expect(schema.safeParse(text).success).toBe(true));
  test.each(bad)("refuses %j", (text) => expect(schema.safeParse(text).success).toBe(false));
});

test("a duration is the sum of its parts in milliseconds", () => {
  expect(durationMs("1h30m")).toBe(5_400_000);
  expect(durationMs("1.5s")).toBe(1_500);
  expect(durationMs("1w2d500ms")).toBe(777_600_500);
  expect(() => durationMs("soon")).toThrow("500ms, 30s, 1h30m or 2d");
});
