import { expect, it } from "vitest";
import { isPaused, MESOS_PAUSE, NO_PAUSE } from "./failover.ts";

const state = { expected: 10, back: 7, hasQuotas: true, elapsed: 0 };

it.each([
  ["too few agents are back", state, true],
  ["enough are back", { ...state, back: 8 }, false],
  ["the time is over", { ...state, elapsed: 600_000 }, false],
  ["nobody has a quota", { ...state, hasQuotas: false }, false],
  ["none were expected", { ...state, expected: 0, back: 0 }, false],
  ["the part of them is less than one", { ...state, expected: 1, back: 0 }, false],
])("as in Mesos, offers are held back while %s: %s", (_, given, paused) => {
  expect(isPaused(MESOS_PAUSE, given)).toBe(paused);
});

it("or never, if that is chosen", () => {
  expect(isPaused(NO_PAUSE, state)).toBe(false);
});
