import { describe, expect, it } from "vitest";
import { parseResources, Resources } from "../../resources/index.ts";
import { OfferFilters } from "./filters.fixture.ts";
import { OfferCounts } from "./offercounts.fixture.ts";

describe("OfferFilters", () => {
  const cpus = (n: number) => parseResources(`cpus:${n}`);
  const filled = () => {
    const filters = new OfferFilters();
    filters.add("f", "r", "a1", cpus(2), 0, 5000);
    filters.add("f", "s", "a1", cpus(2), 0, 6000);
    filters.add("g", "r", "a2", cpus(2), 0, 7000);
    return filters;
  };
  const held = (filters: OfferFilters) =>
    [
      ["f", "r", "a1"],
      ["f", "s", "a1"],
      ["g", "r", "a2"],
    ].map(([f = "", r = "", a = ""]) => filters.refuses(f, r, a, cpus(1), 1));

  it("hold back for one framework, role and agent what the refused contains", () => {
    const filters = filled();
    expect(filters.refuses("f", "r", "a1", cpus(2), 4999)).toBe(true);
    expect(filters.refuses("f", "r", "a1", cpus(3), 1)).toBe(false);
    expect(filters.refuses("f", "r", "a2", cpus(1), 1)).toBe(false);
    expect(filters.refuses("f", "r", "a1", cpus(1), 5000)).toBe(false);
  });

  it("go by framework, or by some of its roles, on revive", () => {
    const all = filled();
    all.revive("f");
    expect(held(all)).toEqual([false, false, true]);
    const some = filled();
    some.revive("f", ["s", "unknown"]);
    expect(held(some)).toEqual([true, false, true]);
  });

  it("go with the framework and with the agent", () => {
    const one = filled();
    one.removeFramework("g");
    expect(held(one)).toEqual([true, true, false]);
    one.removeAgent("a1");
    expect(held(one)).toEqual([false, false, false]);
  });

  it("expire, and tell when the next one will", () => {
    const filters = filled();
    expect(filters.expire(5000)).toBe(6000);
    expect(filters.size).toBe(2);
    expect(filters.expire(9000)).toBeUndefined();
    expect(filters.size).toBe(0);
  });

  it("keep one filter where a wider one covers it, both where neither does", () => {
    const filters = new OfferFilters();
    for (let i = 1; i <= 100; i++) filters.add("f", "r", "a1", cpus(i), i, 5000);
    expect(filters.size).toBe(1);
    filters.add("f", "r", "a1", cpus(1), 100, 9000);
    expect(filters.size).toBe(2);
    expect(filters.refuses("f", "r", "a1", cpus(100), 5099)).toBe(true);
    expect(filters.refuses("f", "r", "a1", cpus(1), 9099)).toBe(true);
  });

  it("are not added for no time or nothing", () => {
    const filters = new OfferFilters();
    filters.add("f", "r", "a1", cpus(1), 0, 0);
    filters.add("f", "r", "a1", Resources.empty, 0, 5000);
    expect(filters.size).toBe(0);
  });
});

describe("OfferCounts", () => {
  it("count by framework and role", () => {
    const counts = new OfferCounts();
    const offer = { framework: "f", role: "r", agent: "a", resources: Resources.empty };
    counts.record([offer, offer, { ...offer, role: "s" }]);
    expect([...counts.of("f")]).toEqual([
      ["r", 2],
      ["s", 1],
    ]);
    counts.removeFramework("f");
    expect(counts.of("f").size).toBe(0);
  });
});
