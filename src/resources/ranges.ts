import type { RangeSpec } from "./spec.ts";

/** Sorted by `begin`, never touching nor overlapping: the only form in which ranges are kept. */
export type Ranges = readonly RangeSpec[];

export function coalesce(ranges: readonly RangeSpec[]): Ranges {
  const sorted = [...ranges].sort((a, b) => a.begin - b.begin);
  const result: { begin: number; end: number }[] = [];
  for (const range of sorted) {
    const last = result.at(-1);
    if (last !== undefined && range.begin <= last.end + 1) last.end = Math.max(last.end, range.end);
    else result.push({ begin: range.begin, end: range.end });
  }
  return result;
}

export function addRanges(a: Ranges, b: Ranges): Ranges {
  return coalesce([...a, ...b]);
}

export function subtractRanges(a: Ranges, b: Ranges): Ranges {
  const result: RangeSpec[] = [];
  let at = 0;
  for (const { begin, end } of a) {
    while ((b[at]?.end ?? Number.POSITIVE_INFINITY) < begin) at++;
    let from = begin;
    for (let i = at; from <= end; i++) {
      const hole = b[i];
      if (hole === undefined || hole.begin > end) {
        result.push({ begin: from, end });
        break;
      }
      if (hole.begin > from) result.push({ begin: from, end: hole.begin - 1 });
      from = hole.end + 1;
    }
  }
  return result;
}

export function rangesContain(a: Ranges, b: Ranges): boolean {
  let at = 0;
  return b.every(({ begin, end }) => {
    while ((a[at]?.end ?? Number.POSITIVE_INFINITY) < begin) at++;
    const outer = a[at];
    return outer !== undefined && outer.begin <= begin && end <= outer.end;
  });
}

export function rangesEqual(a: Ranges, b: Ranges): boolean {
  return a.length === b.length && a.every((r, i) => r.begin === b[i]?.begin && r.end === b[i]?.end);
}

/** How many numbers the ranges hold. */
export function rangesSize(ranges: Ranges): number {
  return ranges.reduce((sum, { begin, end }) => sum + end - begin + 1, 0);
}

/** The lowest `count` numbers, or undefined if there are fewer. */
export function firstOf(ranges: Ranges, count: number): Ranges | undefined {
  const result: RangeSpec[] = [];
  let missing = count;
  for (const { begin, end } of ranges) {
    if (missing <= 0) break;
    const take = Math.min(missing, end - begin + 1);
    result.push({ begin, end: begin + take - 1 });
    missing -= take;
  }
  return missing <= 0 ? result : undefined;
}
