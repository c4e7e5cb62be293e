import { expect, test } from "vitest";
import { prospect } from "./kill.ts";

const since = "2026-01-01T00:00:00Z";

test.each([
  [{ state: "TASK_RUNNING" }, "is told to end"],
  [undefined, "is told to end"],
  [
    { state: "TASK_LOST", unreachableSince: since },
    "is out of reach: it is told to end once its agent is back",
  ],
] as const)("of %j kill says: %s", (status, words) => {
  expect(prospect(status)).toBe(words);
});
