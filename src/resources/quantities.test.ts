import { describe, expect, it } from "vitest";
import { Limits, Quantities } from "./quantities.ts";

const of = Quantities.fromRecord;

describe("Quantities", () => {
  it("reads units and Kubernetes quantities", () => {
    expect(of({ cpus: 0.5, mem: "1Gi", gpus: 0 }).toRecord()).toEqual({ cpus: 0.5, mem: 1024 });
    expect(() => of({ mem: "x" }, "spec.guarantees")).toThrow(/^spec\.guarantees\.mem: /);
    expect(() => of({ mem: -1 }, "spec.guarantees")).toThrow(/^spec\.guarantees\.mem: /);
  });

  it("reads the API's lists of amounts", () => {
    const list = [
      { name: "cpus", scalar: 2 },
      { name: "mem", quantity: "1Gi" },
      { name: "gpus", scalar: 0 },
    ];
    expect(of({ cpus: 2, mem: 1024 }).equals(Quantities.fromAmounts(list))).toBe(true);
    expect(Limits.fromAmounts(list).toRecord()).toEqual({ cpus: 2, gpus: 0, mem: 1024 });
    expect(() => Quantities.fromAmounts([{ name: "cpus" }], "spec.limits")).toThrow(
      /^spec\.limits\[0\]: exactly one/,
    );
  });

  it("has an algebra in which the absent is zero", () => {
    const [a, b] = [of({ cpus: 1, mem: 2 }), of({ mem: 5, disk: 1 })];
    expect(a.add(b).toRecord()).toEqual({ cpus: 1, disk: 1, mem: 7 });
    expect(a.subtract(b).toRecord()).toEqual({ cpus: 1 });
    expect(a.min(b).toRecord()).toEqual({ mem: 2 });
    expect(a.max(b).toRecord()).toEqual({ cpus: 1, disk: 1, mem: 5 });
    expect(a.contains(b)).toBe(false);
    expect(a.contains(Quantities.empty)).toBe(true);
    expect(a.add(b).contains(b)).toBe(true);
    expect(a.filter((name) => name !== "mem").toString()).toBe("cpus:1");
  });
});

describe("Limits", () => {
  it("are without bound where they say nothing, and zero is a limit", () => {
    const limits = Limits.fromRecord({ cpus: 2, gpus: 0 });
    expect(limits.get("mem")).toBe(Number.POSITIVE_INFINITY);
    expect(limits.allow(of({ cpus: 2, mem: 9 }))).toBe(true);
    expect(limits.allow(of({ gpus: 1 }))).toBe(false);
    expect(limits.subtract(of({ cpus: 3, mem: 1 })).toRecord()).toEqual({ cpus: 0, gpus: 0 });
    expect(limits.min(Limits.fromRecord({ cpus: 1, mem: 1 })).toRecord()).toEqual({
      cpus: 1,
      gpus: 0,
      mem: 1,
    });
  });
});
