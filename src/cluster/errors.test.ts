import { describe, expect, it } from "vitest";
import { ApiError, ConnectionError, isAlreadyExists, isConflict, isExpired, isNotFound } from "./errors.ts";

const refused = (code: number, reason: string) => new ApiError("GET /x", code, { reason, message: "no" });

describe("judging errors", () => {
  it("tells the two kinds of 409 apart", () => {
    expect([isConflict(refused(409, "Conflict")), isAlreadyExists(refused(409, "Conflict"))]).toEqual([
      true,
      false,
    ]);
    expect([
      isConflict(refused(409, "AlreadyExists")),
      isAlreadyExists(refused(409, "AlreadyExists")),
    ]).toEqual([false, true]);
  });

  it("judges by what the API server said, not by what looks like it", () => {
    expect(isNotFound(refused(404, "NotFound"))).toBe(true);
    expect(isExpired(refused(410, "Gone"))).toBe(true);
    expect(isNotFound(new ConnectionError("GET /x", new Error("404")))).toBe(false);
    expect(isNotFound({ code: 404 })).toBe(false);
  });
});
