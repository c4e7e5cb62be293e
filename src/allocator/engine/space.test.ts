import { describe, expect, it } from "vitest";
import { Space } from "./space.ts";

describe("a space of amounts", () => {
  it("widens every table when there are more names than slots", () => {
    const space = new Space();
    const table = space.table();
    const limits = space.table(Number.POSITIVE_INFINITY);
    for (const one of [table, limits]) one.ensure(3);
    table.set(2, space.slot("cpus"), 7);
    limits.set(1, space.slot("cpus"), 4);
    const last = Array.from({ length: 20 }, (_, i) => space.slot(`x${i}`)).at(-1) ?? 0;
    table.add(2, last, 5);
    expect([table.get(2, 0), table.get(2, last), table.get(1, 0)]).toEqual([7, 5, 0]);
    expect([limits.get(1, 0), limits.get(2, last)]).toEqual([4, Number.POSITIVE_INFINITY]);
    expect([table.isZero(1), table.isZero(2)]).toEqual([true, false]);
    limits.clear(1);
    expect(limits.get(1, 0)).toBe(Number.POSITIVE_INFINITY);
  });

  it("tells pairs of slot and amount", () => {
    const space = new Space();
    space.slot("mem");
    expect(
      space.pairs([
        ["cpus", 2],
        ["mem", 3],
      ]),
    ).toEqual([1, 2, 0, 3]);
    expect(space.known("disk")).toBeUndefined();
  });
});
