import { describe, expect, it } from "vitest";
import { ApiError } from "../cluster/errors.ts";
import { eachLimited } from "./limited.ts";

const conflict = new ApiError("PATCH x", 409, { reason: "Conflict" });

describe("eachLimited", () => {
  it("does all of it, a few at a time", async () => {
    let busy = 0;
    let most = 0;
    const done: number[] = [];
    await eachLimited([1, 2, 3, 4, 5], 2, async (item) => {
      most = Math.max(most, ++busy);
      await Promise.resolve();
      done.push(item);
      busy--;
    });
    expect(done).toEqual([1, 2, 3, 4, 5]);
    expect(most).toBe(2);
  });

  it("goes on after an error, and tells what is worse than a conflict", async () => {
    const done: number[] = [];
    const work = async (item: number) => {
      if (item === 1) throw conflict;
      if (item === 2) throw new Error("boom");
      done.push(item);
    };
    await expect(eachLimited([1, 2, 3], 1, work)).rejects.toThrow("boom");
    expect(done).toEqual([3]);
  });
});
