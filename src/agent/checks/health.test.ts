import { expect, test } from "vitest";
import { type HealthState, judge } from "./health.ts";
import { failureOf } from "./probe.ts";

const rules = { gracePeriod: 10_000, consecutiveFailures: 3 };

/** Attempts as [failure, age in ms] → the reports, or undefined where nothing is told. */
function play(...attempts: readonly (readonly [string | undefined, number])[]) {
  let state: HealthState = { initializing: true, failures: 0 };
  return attempts.map(([failure, age]) => {
    const verdict = judge(state, rules, failure, age);
    state = verdict.state;
    return verdict.report && { healthy: verdict.report.healthy, kill: verdict.report.kill };
  });
}
const bad = { healthy: false, kill: false };
const good = { healthy: true, kill: false };

test("failures in the grace period do not count until a first success", () => {
  expect(play(["x", 5_000], ["x", 10_000], ["x", 10_001])).toEqual([undefined, undefined, bad]);
  expect(play([undefined, 1_000], ["x", 2_000])).toEqual([good, bad]);
});

test("the third failure in a row kills", () => {
  expect(play(["x", 20_000], ["x", 21_000], ["x", 22_000])).toEqual([
    bad,
    bad,
    { healthy: false, kill: true },
  ]);
});

test("a success in between starts the count again and is told", () => {
  expect(play(["x", 20_000], ["x", 21_000], [undefined, 22_000], ["x", 23_000])).toEqual([
    bad,
    bad,
    good,
    bad,
  ]);
});

test("success after success is told once", () => {
  expect(play([undefined, 1], [undefined, 2], [undefined, 3])).toEqual([good, undefined, undefined]);
});

test.each([
  ["COMMAND", { exitCode: 0 }, true],
  ["COMMAND", { exitCode: 1 }, false],
  ["HTTP", { statusCode: 200 }, true],
  ["HTTP", { statusCode: 399 }, true],
  ["HTTP", { statusCode: 400 }, false],
  ["HTTP", { statusCode: 199 }, false],
  ["TCP", { succeeded: true }, true],
  ["TCP", { succeeded: false }, false],
] as const)("%s %j is healthy: %s", (type, status, healthy) => {
  expect(failureOf(type, status) === undefined).toBe(healthy);
});
