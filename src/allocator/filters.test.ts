import { describe, expect, it } from "vitest";
import { refusalTime } from "./filters.ts";

describe("refusalTime", () => {
  it.each<[string, number | undefined, number]>([
    ["unset is 5 s", undefined, 5000],
    ["negative is 5 s", -1, 5000],
    ["not a number is 5 s", Number.NaN, 5000],
    ["0 is no filter", 0, 0],
    ["less than the interval is the interval", 0.1, 1000],
    ["as asked", 60, 60_000],
    ["at most 365 days", 1e12, 365 * 24 * 3600 * 1000],
    ["endless is 365 days", Number.POSITIVE_INFINITY, 365 * 24 * 3600 * 1000],
  ])("%s", (_, seconds, time) => {
    expect(refusalTime(seconds, 1000)).toBe(time);
  });

  it("takes another default", () => {
    expect(refusalTime(undefined, 1000, 30)).toBe(30_000);
    expect(refusalTime(undefined, 1000, 0)).toBe(0);
  });
});
