import { describe, expect, it } from "vitest";
import { Rounds } from "./rounds.ts";

describe("The allocation under way", () => {
  it("is waited for, and one that comes after it is not", async () => {
    const rounds = new Rounds();
    await rounds.ended();
    const first = Promise.withResolvers<string>();
    const said: string[] = [];
    const round = rounds.during(first.promise);
    const ended = rounds.ended().then(() => said.push("ended"));
    await Promise.resolve();
    expect(said).toEqual([]);
    void rounds.during(new Promise(() => {}));
    first.resolve("done");
    expect(await round).toBe("done");
    await ended;
    expect(said).toEqual(["ended"]);
  });

  it("that fails has ended too", async () => {
    const rounds = new Rounds();
    const round = rounds.during(Promise.reject(new Error("no answer")));
    await expect(round).rejects.toThrow("no answer");
    await rounds.ended();
  });
});
