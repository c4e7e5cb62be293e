import { expect, it } from "vitest";
import { ManualClock } from "../../cluster/manual-clock.ts";
import { Alarm } from "./alarm.ts";

const { signal } = new AbortController();

it("rings at the earliest of its times, once", async () => {
  const clock = new ManualClock();
  const alarm = new Alarm(clock);
  const rung: number[] = [];
  const listen = () => void alarm.rings(signal).then(() => rung.push(clock.monotonic()));
  listen();
  alarm.in(100);
  alarm.in(20);
  alarm.in(50);
  await clock.advance(200);
  expect(rung).toEqual([20]);
  listen();
  await clock.advance(1_000);
  expect(rung).toEqual([20]);
});

it("keeps a ring that nobody heard", async () => {
  const clock = new ManualClock();
  const alarm = new Alarm(clock);
  alarm.in(10);
  await clock.advance(30);
  await expect(alarm.rings(signal)).resolves.toBe(true);
});

it("ends with the signal", async () => {
  const alarm = new Alarm(new ManualClock());
  const abort = new AbortController();
  const rings = alarm.rings(abort.signal);
  abort.abort();
  await expect(rings).resolves.toBe(false);
});
