import { expect, it } from "vitest";
import { nextLimit } from "./rest.ts";

it("asks for as many objects as make half a MiB, no more than are wanted and never none", () => {
  expect(nextLimit(500, 100, 100 * 256)).toBe(500);
  expect(nextLimit(500, 100, 100 * 8192)).toBe(32);
  expect(nextLimit(500, 2, 4 * 1024 * 1024)).toBe(1);
  expect(nextLimit(500, 0, 80)).toBe(500);
});
