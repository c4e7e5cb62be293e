import { describe, expect, it } from "vitest";
import { Limiter } from "./limiter.ts";
import { ManualClock } from "./manual-clock.ts";

const limiterOf = (qps: number, burst: number) => {
  const clock = new ManualClock();
  const limiter = new Limiter({ qps, burst, clock });
  const passed: string[] = [];
  const go = (name: string, signal?: AbortSignal) =>
    limiter.take(signal).then(
      () => passed.push(name),
      (reason: unknown) => passed.push(`${name} ${reason}`),
    );
  return { clock, limiter, passed, go };
};

describe("Limiter", () => {
  it("lets a burst go at once, then so many a second, in order", async () => {
    const { clock, passed, go } = limiterOf(10, 2);
    for (const name of ["a", "b", "c", "d"]) void go(name);
    await clock.advance(0);
    expect(passed).toEqual(["a", "b"]);
    await clock.advance(99);
    expect(passed).toEqual(["a", "b"]);
    await clock.advance(1);
    expect(passed).toEqual(["a", "b", "c"]);
    await clock.advance(100);
    expect(passed).toEqual(["a", "b", "c", "d"]);
  });

  it("saves up no more than a burst", async () => {
    const { clock, limiter } = limiterOf(10, 2);
    await clock.advance(60_000);
    expect([limiter.tryTake(), limiter.tryTake(), limiter.tryTake()]).toEqual([true, true, false]);
    await clock.advance(100);
    expect(limiter.tryTake()).toBe(true);
  });

  it("gives the place of one who leaves to those who come later", async () => {
    const { clock, passed, go } = limiterOf(1, 1);
    const leaving = new AbortController();
    void go("a");
    void go("b", leaving.signal);
    await clock.advance(0);
    leaving.abort("left");
    await clock.advance(0);
    void go("c");
    await clock.advance(1000);
    expect(passed).toEqual(["a", "b left", "c"]);
    expect(clock.pending).toBe(0);
  });

  it("refuses an aborted signal without taking a place", async () => {
    const { limiter } = limiterOf(1, 1);
    await expect(limiter.take(AbortSignal.abort("no"))).rejects.toBe("no");
    expect(limiter.tryTake()).toBe(true);
  });

  it("refuses what would never let anyone go", () => {
    expect(() => limiterOf(0, 1)).toThrow(RangeError);
    expect(() => limiterOf(1, 0)).toThrow(RangeError);
  });
});
