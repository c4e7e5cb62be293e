import { expect, test } from "vitest";
import { ManualClock } from "../../cluster/manual-clock.ts";
import { type Attempt, runChecker } from "./checker.ts";
import { InconclusiveError, type Probe } from "./probe.ts";

const schedule = { delay: 15_000, interval: 10_000, timeout: 20_000 };

function start(probe: Probe, age = 0) {
  const clock = new ManualClock();
  const stop = new AbortController();
  const attempts: Attempt[] = [];
  const onAttempt = (attempt: Attempt) => attempts.push(attempt);
  const done = runChecker({ schedule, probe, age, clock, onAttempt }, stop.signal);
  return { clock, attempts, done, stop: () => stop.abort() };
}

test("the first attempt comes after the delay, the others after the interval", async () => {
  let tries = 0;
  const checker = start(async () => ({ exitCode: tries++ }));
  await checker.clock.advance(14_999);
  expect(checker.attempts).toEqual([]);
  await checker.clock.advance(1);
  expect(checker.attempts).toHaveLength(1);
  await checker.clock.advance(9_999);
  expect(checker.attempts).toHaveLength(1);
  await checker.clock.advance(1);
  expect(checker.attempts).toEqual([{ status: { exitCode: 0 } }, { status: { exitCode: 1 } }]);
  checker.stop();
  await checker.done;
});

test("a task found again after a restart of the agent is not delayed once more", async () => {
  const checker = start(async () => ({ exitCode: 0 }), 60_000);
  await checker.clock.advance(0);
  expect(checker.attempts).toHaveLength(1);
  checker.stop();
  await checker.done;
});

test("an attempt that takes too long is given up and has failed", async () => {
  const checker = start(
    (signal) =>
      new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason), { once: true }),
      ),
  );
  await checker.clock.advance(15_000);
  await checker.clock.advance(20_000);
  expect(checker.attempts).toEqual([{ failure: "no result within 20000 ms" }]);
  checker.stop();
  await checker.done;
});

test("what the agent could not try counts for nothing, other errors are failures", async () => {
  const errors = [new InconclusiveError("containerd is away"), new Error("refused")];
  const checker = start(async () => {
    throw errors.shift();
  });
  await checker.clock.advance(15_000);
  expect(checker.attempts).toEqual([]);
  await checker.clock.advance(10_000);
  expect(checker.attempts).toEqual([{ failure: "refused" }]);
  checker.stop();
  await checker.done;
});
