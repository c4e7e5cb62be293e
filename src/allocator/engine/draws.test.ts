import { describe, expect, it } from "vitest";
import { seeded } from "../world.fixture.ts";
import { drawNext, WeightedDraw } from "./draws.ts";

describe("draws without putting back", () => {
  it("give every item once, in order if the random number is just below 1", () => {
    const items = Int32Array.of(5, 6, 7, 8);
    expect([0, 1, 2, 3].map((from) => drawNext(items, from, 4, () => 0.999_999))).toEqual([5, 6, 7, 8]);
    const random = seeded(1);
    const drawn = [0, 1, 2, 3].map((from) => drawNext(items, from, 4, random));
    expect(drawn.toSorted()).toEqual([5, 6, 7, 8]);
  });

  it("give every order as often", () => {
    const random = seeded(2);
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const items = Int32Array.of(0, 1, 2);
      const order = [0, 1, 2].map((from) => drawNext(items, from, 3, random)).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(count / 1000).toBeCloseTo(1, 0);
  });

  it("go by weight, the first and the next", () => {
    const random = seeded(3);
    const draw = new WeightedDraw([1, 2, 5]);
    const first = [0, 0, 0];
    let secondIsOne = 0;
    for (let i = 0; i < 8000; i++) {
      draw.reset();
      const all = [draw.next(random), draw.next(random), draw.next(random)];
      expect([...all].sort()).toEqual([0, 1, 2]);
      expect(draw.next(random)).toBeUndefined();
      first[all[0] ?? 0] = (first[all[0] ?? 0] ?? 0) + 1;
      if (all[0] === 2 && all[1] === 1) secondIsOne++;
    }
    expect((first[0] ?? 0) / 8000).toBeCloseTo(1 / 8, 1);
    expect((first[1] ?? 0) / 8000).toBeCloseTo(2 / 8, 1);
    expect(secondIsOne / (first[2] ?? 1)).toBeCloseTo(2 / 3, 1);
  });
});
