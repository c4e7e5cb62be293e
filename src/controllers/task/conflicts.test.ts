import { describe, expect, it } from "vitest";
import { ApiError } from "../../cluster/errors.ts";
import { ignoringConflicts } from "./conflicts.ts";

const conflict = new ApiError("PATCH x", 409, { reason: "Conflict" });
const { signal } = new AbortController();

describe("ignoringConflicts", () => {
  it("comes again soon after a conflict, and passes other errors on", async () => {
    const outcome = (error: Error) => ignoringConflicts(() => Promise.reject(error))("key", signal);
    expect(await outcome(conflict)).toEqual({ requeueAfter: 200 });
    await expect(outcome(new Error("boom"))).rejects.toThrow("boom");
  });
});
