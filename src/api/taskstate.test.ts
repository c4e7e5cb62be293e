import { expect, it } from "vitest";
import { hasBegun, hasEnded } from "./taskstate.ts";

const since = "2026-01-01T00:00:00Z";

it.each([
  [undefined, false, false],
  [{}, false, false],
  [{ state: "TASK_STAGING" }, false, false],
  [{ state: "TASK_STARTING" }, true, false],
  [{ state: "TASK_RUNNING" }, true, false],
  [{ state: "TASK_UNREACHABLE", unreachableSince: since }, true, false],
  [{ state: "TASK_LOST", unreachableSince: since }, true, false],
  [{ state: "TASK_LOST" }, true, true],
  [{ state: "TASK_GONE_BY_OPERATOR" }, true, true],
])("%j: begun %s, ended %s", (status, begun, ended) => {
  expect(hasBegun(status)).toBe(begun);
  expect(hasEnded(status)).toBe(ended);
});
