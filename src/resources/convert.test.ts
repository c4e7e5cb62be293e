import { describe, expect, it } from "vitest";
import { fromSpec, toSpec } from "./convert.ts";
import type { ResourceSpec } from "./spec.ts";

const persistent: ResourceSpec = {
  name: "disk",
  scalar: 64,
  reservations: [
    { type: "STATIC", role: "eng" },
    { type: "DYNAMIC", role: "eng/ads", principal: "bob", labels: { team: "x" } },
  ],
  disk: {
    persistence: { id: "v1" },
    volume: { containerPath: "data", mode: "RW" },
    source: { type: "PATH", root: "/d" },
  },
  shared: true,
};

describe("the API's list", () => {
  it("comes back as it was, in order of names", () => {
    const list: ResourceSpec[] = [
      { name: "cpus", scalar: 0.5 },
      persistent,
      { name: "gpus", scalar: 1, revocable: true },
      { name: "ports", ranges: [{ begin: 20000, end: 20001 }] },
      { name: "x", set: ["a", "b"] },
    ];
    expect(toSpec(fromSpec(list))).toEqual(list);
  });

  it("takes quantities for scalars", () => {
    const list = [
      { name: "mem", quantity: "1.5Gi" },
      { name: "cpus", quantity: "250m" },
    ];
    expect(toSpec(fromSpec(list))).toEqual([
      { name: "cpus", scalar: 0.25 },
      { name: "mem", scalar: 1536 },
    ]);
  });

  it("keeps three decimals, as Mesos does", () => {
    expect(toSpec(fromSpec([{ name: "cpus", scalar: 0.1 + 0.2 }]))).toEqual([{ name: "cpus", scalar: 0.3 }]);
  });

  it.each<[string, ResourceSpec, string]>([
    ["no value", { name: "cpus" }, "r[0]"],
    ["two values", { name: "cpus", scalar: 1, set: ["a"] }, "r[0]"],
    ["an empty name", { name: "", scalar: 1 }, "r[0].name"],
    ["a negative scalar", { name: "cpus", scalar: -1 }, "r[0].scalar"],
    ["a scalar that is no number", { name: "cpus", scalar: Number.NaN }, "r[0].scalar"],
    ["a bad quantity", { name: "mem", quantity: "1GB" }, "r[0].quantity"],
    ["an inverted range", { name: "p", ranges: [{ begin: 2, end: 1 }] }, "r[0].ranges[0].end"],
    ["a broken range", { name: "p", ranges: [{ begin: 1.5, end: 2 }] }, "r[0].ranges[0].begin"],
    [
      "an overlap",
      {
        name: "p",
        ranges: [
          { begin: 5, end: 9 },
          { begin: 1, end: 5 },
        ],
      },
      "r[0].ranges",
    ],
    ["a set item twice", { name: "x", set: ["a", "a"] }, "r[0].set"],
    [
      "a reservation to *",
      { name: "cpus", scalar: 1, reservations: [{ type: "STATIC", role: "*" }] },
      "r[0].reservations[0].role",
    ],
    [
      "a static refinement",
      {
        ...persistent,
        reservations: [
          { type: "STATIC", role: "a" },
          { type: "STATIC", role: "a/b" },
        ],
      },
      "r[0].reservations[1].type",
    ],
    [
      "a refinement by another branch",
      {
        ...persistent,
        reservations: [
          { type: "STATIC", role: "a" },
          { type: "DYNAMIC", role: "b" },
        ],
      },
      "r[0].reservations[1].role",
    ],
    ["disk on mem", { name: "mem", scalar: 1, disk: { source: { type: "PATH" } } }, "r[0].disk"],
    ["empty disk", { name: "disk", scalar: 1, disk: {} }, "r[0].disk"],
    ["shared cpus", { name: "cpus", scalar: 1, shared: true }, "r[0].shared"],
  ])("refuses %s and names the field", (_, spec, field) => {
    expect(() => fromSpec([spec], { field: "r" })).toThrow(
      expect.objectContaining({ name: "ResourceError", field }),
    );
  });
});
