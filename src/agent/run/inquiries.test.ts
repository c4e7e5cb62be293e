import { expect, test } from "vitest";
import { createLogger } from "../../cluster/logger.ts";
import { ManualClock } from "../../cluster/manual-clock.ts";
import { Inquiries } from "./inquiries.ts";

function inquiries() {
  const clock = new ManualClock();
  let ends = 0;
  const made = new Inquiries({
    clock,
    log: createLogger({ name: "test", level: "silent" }),
    signal: new AbortController().signal,
    onEnd: () => {
      ends += 1;
    },
  });
  return { clock, made, ends: () => ends };
}
const wants = { cpus: 500, mem: 1_000 };

test("what a task will take is held while it is inquired into", async () => {
  const { made, clock, ends } = inquiries();
  made.start("a", wants, async () => {});
  made.start("b", wants, () => new Promise(() => {}));
  expect(made.wants()).toEqual({ cpus: 1_000, mem: 2_000 });
  await clock.advance(0);
  expect(ends()).toBe(1);
  expect(made.has("a")).toBe(false);
  expect(made.wants()).toEqual(wants);
});

test("one that failed is not made again before a pause, which grows", async () => {
  const { made, clock } = inquiries();
  let tries = 0;
  const fail = async () => {
    tries += 1;
    throw new Error("away");
  };
  made.start("a", wants, fail);
  await clock.advance(199);
  made.start("a", wants, fail);
  expect(tries).toBe(1);
  await clock.advance(1);
  expect(made.size).toBe(0);
  made.start("a", wants, fail);
  await clock.advance(399);
  expect(made.has("a")).toBe(true);
  await clock.advance(1);
  expect(made.has("a")).toBe(false);
});
