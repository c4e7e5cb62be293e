import { expect, it } from "vitest";
import { Shared, SharedJson } from "./shared.ts";

it("makes what is asked for again only once", () => {
  const shared = new Shared<object>();
  const first = shared.get("a", () => ({ n: 1 }));
  expect(shared.get("a", () => ({ n: 2 }))).toBe(first);
  expect(shared.get("b", () => ({ n: 3 }))).toEqual({ n: 3 });
});

it("forgets what is not asked for, and never what is", () => {
  const shared = new Shared<number>(2);
  let made = 0;
  const ask = (key: string) => shared.get(key, () => ++made);
  expect([ask("kept"), ask("once"), ask("kept")]).toEqual([1, 2, 1]);
  for (let i = 0; i < 10; i++) {
    ask(`other ${i}`);
    expect(ask("kept")).toBe(1);
  }
  expect(ask("once")).toBe(13);
});

it("shares equal parts of objects", () => {
  const shared = new SharedJson();
  const [a, b] = [
    { cpu: "4", list: [1] },
    { cpu: "4", list: [1] },
  ];
  expect(shared.one(b)).toBe(shared.one(a));
  expect(shared.one({ cpu: "5" })).toEqual({ cpu: "5" });
  expect(shared.one([])).not.toBe(shared.one({}));
});
