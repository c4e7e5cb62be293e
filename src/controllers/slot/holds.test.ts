import { describe, expect, it } from "vitest";
import { ManualClock } from "../../cluster/manual-clock.ts";
import { SlotHolds } from "./holds.ts";
import { Patience } from "./patience.ts";

describe("SlotHolds", () => {
  it("holds an agent for 30 s, twice as long if it is refused again soon", async () => {
    const clock = new ManualClock();
    const holds = new SlotHolds(clock);
    expect(holds.remaining("n1")).toBe(0);
    holds.refused("n1");
    await clock.advance(10_000);
    holds.refused("n1");
    expect(holds.remaining("n1")).toBe(20_000);
    expect(holds.remaining("n2")).toBe(0);
    await clock.advance(25_000);
    expect(holds.remaining("n1")).toBe(0);
    holds.refused("n1");
    expect(holds.remaining("n1")).toBe(60_000);
  });

  it("starts anew when the last refusal is long ago", async () => {
    const clock = new ManualClock();
    const holds = new SlotHolds(clock);
    holds.refused("n1");
    await clock.advance(61_000);
    holds.refused("n1");
    expect(holds.remaining("n1")).toBe(30_000);
  });
});

describe("Patience", () => {
  it("counts from when it first heard of the same thing", async () => {
    const clock = new ManualClock();
    const patience = new Patience(clock);
    expect(patience.waited("n1", "a")).toBe(0);
    await clock.advance(700);
    expect(patience.waited("n1", "a")).toBe(700);
    expect(patience.waited("n2", "a")).toBe(0);
    expect(patience.waited("n1", "b")).toBe(0);
    await clock.advance(100);
    expect(patience.waited("n1", "a")).toBe(0);
    patience.forget("n2");
    expect(patience.waited("n2", "a")).toBe(0);
  });
});
