import { describe, expect, it } from "vitest";
import { Turns } from "./turns.ts";

const LONG_AGO = Number.NEGATIVE_INFINITY;

describe("turns", () => {
  it("come at once for a burst, then so many a second, in the order of asking", () => {
    const turns = new Turns({ perSecond: 10, burst: 2 });
    const waits = ["a", "b", "c", "d"].map((name) => turns.wait(name, LONG_AGO, 1_000));
    expect(waits).toEqual([0, 0, 100, 200]);
  });

  it("are kept until they are taken", () => {
    const turns = new Turns({ perSecond: 10, burst: 1 });
    turns.wait("a", LONG_AGO, 0);
    expect(turns.wait("b", LONG_AGO, 0)).toBe(100);
    expect(turns.wait("b", LONG_AGO, 60)).toBe(40);
    expect(turns.wait("b", LONG_AGO, 130)).toBe(-30);
    turns.take("b");
    expect(turns.wait("b", LONG_AGO, 130)).toBe(70);
  });

  it("are not before one's own time, and are saved up for no more than a burst", () => {
    const turns = new Turns({ perSecond: 10, burst: 2 });
    expect(turns.wait("a", 500, 0)).toBe(500);
    const waits = ["b", "c", "d"].map((name) => turns.wait(name, LONG_AGO, 60_000));
    expect(waits).toEqual([0, 0, 100]);
  });
});
