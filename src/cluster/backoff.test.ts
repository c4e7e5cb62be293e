import { describe, expect, it } from "vitest";
import { Backoff, backoffDelay } from "./backoff.ts";

describe("Backoff", () => {
  it("grows by the factor up to the maximum and starts anew after a reset", () => {
    const backoff = new Backoff({ base: 800, max: 30_000 });
    const delays = Array.from({ length: 8 }, () => backoff.next());
    expect(delays).toEqual([800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
    backoff.reset();
    expect(backoff.failures).toBe(0);
    expect(backoff.next()).toBe(800);
  });

  it("adds a random part of the delay", () => {
    const options = { base: 100, max: 1000, jitter: 0.5 };
    expect(backoffDelay(1, { ...options, random: () => 0 })).toBe(100);
    expect(backoffDelay(1, { ...options, random: () => 0.5 })).toBe(125);
  });

  it("stays at the maximum after any number of failures", () => {
    expect(backoffDelay(100_000, { base: 5, max: 1_000_000 })).toBe(1_000_000);
  });
});
