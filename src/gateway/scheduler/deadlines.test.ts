import { expect, it } from "vitest";
import { Breath, SLICE } from "../../cluster/breath.ts";
import { ManualClock } from "../../cluster/manual-clock.ts";
import { Deadlines } from "./deadlines.ts";

/** A clock of which each end takes a millisecond, when it is asked how long work has lasted. */
function ending() {
  const clock = new (class extends ManualClock {
    worked = 0;
    override monotonic(): number {
      return super.monotonic() + this.worked;
    }
  })();
  const ended: string[] = [];
  let turns = 0;
  const breath = Breath.of(clock, async () => {
    turns++;
  });
  const deadlines = new Deadlines<string>(clock, breath, (name) => {
    ended.push(name);
    clock.worked++;
  });
  const add = (name: string, after: number) => deadlines.add(name, name, clock.now() + after);
  return { clock, deadlines, ended, add, turns: () => turns };
}

it("each ends in its time, and what is deleted before does not", async () => {
  const { clock, deadlines, ended, add } = ending();
  add("late", 5000);
  add("early", 1000);
  add("answered", 1000);
  deadlines.delete("answered");
  await clock.advance(999);
  expect(ended).toEqual([]);
  await clock.advance(1);
  expect(ended).toEqual(["early"]);
  add("new", 100);
  await clock.advance(300);
  expect(ended).toEqual(["early", "new"]);
  await clock.advance(4000);
  expect(ended).toEqual(["early", "new", "late"]);
  expect(deadlines.size).toBe(0);
  expect(clock.pending).toBeLessThanOrEqual(1);
  await clock.advance(10_000);
  expect(clock.pending).toBe(0);
});

it("many end with turns for others between, and need one timer", async () => {
  const { clock, ended, add, turns } = ending();
  for (let i = 0; i < 40; i++) add(`${i}`, 1000);
  expect(clock.pending).toBe(1);
  await clock.advance(1000);
  await expect.poll(() => ended.length).toBe(40);
  expect(turns()).toBeGreaterThanOrEqual(40 / SLICE - 1);
});

it("nothing ends once it is stopped, also among those that end together", async () => {
  const { clock, deadlines, ended, add } = ending();
  for (let i = 0; i < 3; i++) add(`${i}`, 1000);
  deadlines.stop();
  await clock.advance(5000);
  expect(ended).toEqual([]);
  expect(clock.pending).toBe(0);
});
