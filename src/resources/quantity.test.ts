import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ResourceError } from "./errors.ts";
import { milliToQuantity, parseQuantity, quantityToMilli } from "./quantity.ts";

describe("parseQuantity", () => {
  it.each([
    ["0", 0, 1],
    ["1", 1, 1],
    ["+1", 1, 1],
    ["-2", -2, 1],
    ["1.", 1, 1],
    [".5", 5, 10],
    ["500m", 500, 1000],
    ["100n", 100, 1e9],
    ["3u", 3, 1e6],
    ["2k", 2000, 1],
    ["1M", 1e6, 1],
    ["1G", 1e9, 1],
    ["1T", 1e12, 1],
    ["1P", 1e15, 1],
    ["2E", 2e18, 1],
    ["1e3", 1000, 1],
    ["1E3", 1000, 1],
    ["12e-3", 12, 1000],
    ["1Ki", 1024, 1],
    ["1.5Gi", 1.5 * 2 ** 30 * 10, 10],
    ["1Ti", 2 ** 40, 1],
    ["1Pi", 2 ** 50, 1],
    ["1Ei", 2 ** 60, 1],
  ])("reads %s exactly", (text, numerator, denominator) => {
    expect(parseQuantity(text)).toEqual({ numerator: BigInt(numerator), denominator: BigInt(denominator) });
  });

  it.each([
    "",
    "m",
    "1 Gi",
    "1gi",
    "1KI",
    "Ki",
    "1.2.3",
    "1e",
    "1e3Ki",
    "0x10",
    "1,5",
    "1e999",
    "1".repeat(80),
  ])("refuses %j and names the field", (text) => {
    expect(() => parseQuantity(text, "spec.resources[1].quantity")).toThrow(
      expect.objectContaining({ name: "ResourceError", field: "spec.resources[1].quantity" }),
    );
  });
});

describe("quantityToMilli", () => {
  it.each([
    ["cpus", "500m", 500],
    ["cpus", 2, 2000],
    ["cpus", "0.1", 100],
    ["cpus", "1u", 1],
    ["mem", "256Mi", 256_000],
    ["mem", "1.5Gi", 1_536_000],
    ["mem", "1Ki", 1],
    ["mem", "1", 1],
    ["disk", "1G", 953_675],
    ["gpus", "4", 4000],
    ["licences", "4k", 4_000_000],
  ])("%s of %s", (name, quantity, milli) => {
    expect(quantityToMilli(name, quantity)).toBe(milli);
  });

  it("rounds a capacity down", () => {
    expect(quantityToMilli("disk", "1G", "", "down")).toBe(953_674);
  });

  it.each([
    ["cpus", "-1"],
    ["mem", "99999Ei"],
  ])("refuses %s of %s", (name, quantity) => {
    expect(() => quantityToMilli(name, quantity, "limits.x")).toThrow(ResourceError);
  });

  it("comes back from milliToQuantity", () => {
    const amount = fc.integer({ min: 0, max: 1e12 });
    fc.assert(
      fc.property(fc.constantFrom("cpus", "mem", "disk", "gpus"), amount, (name, milli) => {
        expect(quantityToMilli(name, milliToQuantity(name, milli), "", "down")).toBe(milli);
      }),
    );
  });

  it.each([
    ["cpus", 1500, "1500m"],
    ["cpus", 2000, "2"],
    ["mem", 256_000, "256Mi"],
    ["mem", 500, "524288"],
    ["mem", 1, "1049"],
  ])("writes %s of %d as %s", (name, milli, text) => {
    expect(milliToQuantity(name, milli)).toBe(text);
  });
});
