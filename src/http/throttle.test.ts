import { describe, expect, it } from "vitest";
import { ManualClock } from "../cluster/manual-clock.ts";
import { Throttle } from "./throttle.ts";

describe("Throttle", () => {
  it("lets a burst through, then so many a second, and refuses what is too much", async () => {
    const clock = new ManualClock();
    const throttle = new Throttle({ perSecond: 10, burst: 2, waiting: 2 }, clock);
    const done: string[] = [];
    const ask = (name: string, principal = "p") =>
      throttle.admit(principal).then((admitted) => done.push(`${name} ${admitted}`));
    for (const name of ["a", "b", "c", "d", "e"]) void ask(name);
    void ask("x", "other");
    await clock.advance(0);
    expect(done).toEqual(["a true", "b true", "e false", "x true"]);
    await clock.advance(100);
    expect(done.at(-1)).toBe("c true");
    await clock.advance(100);
    expect(done.at(-1)).toBe("d true");
    await clock.advance(100);
    void ask("f");
    await clock.advance(0);
    expect(done.at(-1)).toBe("f true");
  });

  it("says when to come again: once those who wait have gone on", () => {
    const retry = (perSecond: number, waiting: number) =>
      new Throttle({ perSecond, burst: 1, waiting }, new ManualClock()).refusal("no");
    expect(retry(500, 1000)).toEqual({ status: 429, body: "no", headers: { "Retry-After": "2" } });
    expect([retry(0.5, 1), retry(100, 1)].map(({ headers }) => headers?.["Retry-After"])).toEqual(["2", "1"]);
  });
});
