import { describe, expect, it } from "vitest";
import { seeded } from "../world.fixture.ts";
import { Keys, Ranked } from "./ranked.ts";

function list(keys: readonly (readonly [share: number, made: number, rank: number])[]) {
  const all = new Keys();
  all.ensure(keys.length + 10);
  keys.forEach(([share, made, rank], item) => {
    all.set(item, share, made);
    all.rank[item] = rank;
  });
  const ranked = new Ranked(all);
  ranked.fill(keys.map((_, item) => item));
  ranked.sort();
  return { all, ranked, items: () => [...ranked.items.subarray(0, ranked.count)] };
}

describe("a ranked list", () => {
  it("goes by share, then offers made, then rank", () => {
    const { items } = list([
      [0.5, 0, 0],
      [0.2, 3, 1],
      [0.2, 1, 3],
      [0.2, 1, 2],
    ]);
    expect(items()).toEqual([3, 2, 1, 0]);
  });

  it("sorts what is wholly out of order, too", () => {
    const count = 500;
    const { items } = list(Array.from({ length: count }, (_, i) => [count - i, 0, i] as const));
    expect(items()).toEqual(Array.from({ length: count }, (_, i) => count - 1 - i));
  });

  it.each([1, 2, 3])("stays sorted as items move, come and go (%d)", (seed) => {
    const random = seeded(seed);
    const digit = () => Math.floor(random() * 4);
    const { all, ranked, items } = list(Array.from({ length: 40 }, (_, i) => [digit(), digit(), i] as const));
    for (let step = 0; step < 400; step++) {
      const item = items()[Math.floor(random() * ranked.count)] ?? 0;
      if (random() < 0.7) ranked.move(item, digit(), digit());
      else {
        ranked.remove(item);
        expect(items()).not.toContain(item);
        all.set(item, digit(), digit());
        ranked.insert(item);
      }
      expect(items()).toEqual(items().toSorted((a, b) => all.compare(a, b)));
      expect(new Set(items()).size).toBe(40);
    }
  });

  it("says so when a key was changed behind its back", () => {
    const { all, ranked } = list([
      [0, 0, 0],
      [1, 0, 1],
      [2, 0, 2],
    ]);
    all.set(0, 5, 0);
    expect(() => ranked.move(0, 1, 1)).toThrow(RangeError);
  });
});
