import { describe, expect, it } from "vitest";
import {
  attributeMatches,
  attributesFromSpec,
  attributeToSpec,
  formatAttributes,
  parseAttributes,
} from "./attributes.ts";
import { ResourceError } from "./errors.ts";
import { formatResources, parseResources } from "./text.ts";

describe("Mesos's text form of resources", () => {
  it.each([
    ["cpus:4;mem:1024;ports:[21000-24000];x:{a,b}", "cpus:4;mem:1024;ports:[21000-24000];x:{a, b}"],
    [" cpus : 1.25 ;; mem(ads) :1e3 ", "cpus:1.25;mem(ads):1000"],
    ["ports:[5 - 6, 1-2,3-4]", "ports:[1-6]"],
    ["mem:1Gi;cpus:500m", "cpus:0.5;mem:1024"],
    ["cpus(*):1", "cpus:1"],
    ["", ""],
    ["cpus:0;ports:[]", ""],
  ])("%j is %j", (text, formatted) => {
    expect(formatResources(parseResources(text))).toBe(formatted);
  });

  it.each([
    "cpus",
    "cpus:",
    "cpus:1:2",
    "cpus:-1",
    "cpus:abc",
    "cpus(a:1",
    "ports:[2-1]",
    "ports:[1-2",
    "ports:[a-b]",
    "x:{a",
    "x:a}",
    "cpus(a b):1",
  ])("refuses %j", (text) => {
    expect(() => parseResources(text)).toThrow(ResourceError);
  });
});

describe("attributes", () => {
  it("are text, scalar, ranges or set", () => {
    const attributes = parseAttributes("rack:r1;cores:8;ids:[1-4];tags:{b,a};url:http://x:1");
    expect(attributes.map(attributeToSpec)).toEqual([
      { name: "rack", text: "r1" },
      { name: "cores", scalar: 8 },
      { name: "ids", ranges: [{ begin: 1, end: 4 }] },
      { name: "tags", set: ["a", "b"] },
      { name: "url", text: "http://x:1" },
    ]);
    expect(attributesFromSpec(attributes.map(attributeToSpec))).toEqual(attributes);
    expect(formatAttributes(attributes)).toBe("rack:r1;cores:8;ids:[1-4];tags:{a, b};url:http://x:1");
  });

  it.each([
    ["rack:r1", "r1", true],
    ["rack:r1", "r", false],
    ["cores:8", "8.0", true],
    ["cores:8", "", false],
    ["ids:[1-4]", "4", true],
    ["ids:[1-4]", "5", false],
    ["tags:{a,b}", "b", true],
    ["tags:{a,b}", "c", false],
  ])("%s against %s: %s", (text, word, matches) => {
    expect(parseAttributes(text).some((attribute) => attributeMatches(attribute, word))).toBe(matches);
  });

  it.each(["rack", ":r1", "rack:", "ids:[4-1]"])("refuse %j", (text) => {
    expect(() => parseAttributes(text)).toThrow(ResourceError);
  });

  it("refuse two values or none", () => {
    expect(() => attributesFromSpec([{ name: "a" }], "spec.attributes")).toThrow(
      /^spec\.attributes\[0\]: exactly one/,
    );
  });
});
