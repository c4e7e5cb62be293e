import { describe, expect, it } from "vitest";
import { ApiError } from "../../cluster/errors.ts";
import { forEach, ignoringConflicts } from "./conflicts.ts";

const conflict = new ApiError("PATCH x", 409, { reason: "Conflict" });
const { signal } = new AbortController();

describe("ignoringConflicts", () => {
  it("comes again soon after a conflict, and passes other errors on", async () => {
    const outcome = (error: Error) => ignoringConflicts(() => Promise.reject(error))("key", signal);
    expect(await outcome(conflict)).toEqual({ requeueAfter: 200 });
    await expect(outcome(new Error("boom"))).rejects.toThrow("boom");
  });
});

describe("forEach", () => {
  it("does all of it, a few at a time", async () => {
    let busy = 0;
    let most = 0;
    const done: number[] = [];
    await forEach([1, 2, 3, 4, 5], 2, async (item) => {
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
    await expect(forEach([1, 2, 3], 1, work)).rejects.toThrow("boom");
    expect(done).toEqual([3]);
  });
});
