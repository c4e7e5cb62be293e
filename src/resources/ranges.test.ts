import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addRanges,
  coalesce,
  firstOf,
  type Ranges,
  rangesContain,
  rangesSize,
  subtractRanges,
} from "./ranges.ts";

const someRanges = fc
  .array(fc.tuple(fc.nat(60), fc.nat(8)), { maxLength: 6 })
  .map((pairs) => coalesce(pairs.map(([begin, more]) => ({ begin, end: begin + more }))));

const numbers = (ranges: Ranges) =>
  new Set(ranges.flatMap(({ begin, end }) => Array.from({ length: end - begin + 1 }, (_, i) => begin + i)));

describe("ranges", () => {
  it("are kept sorted and joined where they touch or overlap", () => {
    const mixed = [
      { begin: 8, end: 9 },
      { begin: 1, end: 3 },
      { begin: 4, end: 5 },
      { begin: 2, end: 2 },
    ];
    expect(coalesce(mixed)).toEqual([
      { begin: 1, end: 5 },
      { begin: 8, end: 9 },
    ]);
  });

  it("behave as the sets of their numbers", () => {
    fc.assert(
      fc.property(someRanges, someRanges, (a, b) => {
        const [x, y] = [numbers(a), numbers(b)];
        expect(numbers(addRanges(a, b))).toEqual(new Set([...x, ...y]));
        expect(numbers(subtractRanges(a, b))).toEqual(new Set([...x].filter((n) => !y.has(n))));
        expect(rangesContain(a, b)).toBe([...y].every((n) => x.has(n)));
        expect(rangesSize(a)).toBe(x.size);
        expect(subtractRanges(a, b)).toEqual(coalesce(subtractRanges(a, b)));
      }),
    );
  });

  it("give their lowest numbers", () => {
    const ranges = [
      { begin: 10, end: 11 },
      { begin: 20, end: 29 },
    ];
    expect(firstOf(ranges, 3)).toEqual([
      { begin: 10, end: 11 },
      { begin: 20, end: 20 },
    ]);
    expect(firstOf(ranges, 0)).toEqual([]);
    expect(firstOf(ranges, 13)).toBeUndefined();
  });
});
