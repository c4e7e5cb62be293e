import { expect, it } from "vitest";
import { Breath, type Lane, SLICE } from "./breath.ts";
import { ManualClock } from "./manual-clock.ts";

/** A clock on which `work` takes as long as it says, and a breath whose turns are counted. */
function breathing() {
  const clock = new (class extends ManualClock {
    spent = 0;
    override monotonic(): number {
      return this.spent;
    }
  })();
  let turns = 0;
  const breath = Breath.of(clock, async () => {
    turns += 1;
  });
  const work = (milliseconds: number) => {
    clock.spent += milliseconds;
  };
  return { breath, turns: () => turns, work };
}

it("gives others their turn once a slice has been worked", async () => {
  const { breath, turns, work } = breathing();
  work(SLICE - 1);
  await breath.take();
  expect(turns()).toBe(0);
  work(1);
  await breath.take();
  expect(turns()).toBe(1);
  await breath.take();
  expect(turns()).toBe(1);
});

it("has one turn for all who wait for it", async () => {
  const { breath, turns, work } = breathing();
  work(SLICE);
  await Promise.all([breath.take(), breath.take(), breath.take()]);
  expect(turns()).toBe(1);
});

it("takes a turn between the parts of long work, and does all of it", async () => {
  const { breath, turns, work } = breathing();
  const done: number[] = [];
  await breath.each([1, 2, 3, 4, 5, 6], (item) => {
    done.push(item);
    work(SLICE / 2);
  });
  expect(done).toEqual([1, 2, 3, 4, 5, 6]);
  expect(turns()).toBe(3);
});

it("carries out stepwise work with a turn between steps", async () => {
  const { breath, turns, work } = breathing();
  const sum = breath.through(
    (function* () {
      work(SLICE);
      yield;
      work(SLICE);
      yield;
      return "done";
    })(),
  );
  expect(await sum).toBe("done");
  expect(turns()).toBe(2);
});

/** Takes turns for ever, by the lane, and notes its name whenever it has one; each of its pieces takes so long. */
function worker(
  name: string,
  lane: Lane,
  piece: number,
  parts: ReturnType<typeof breathing>,
  noted: string[],
) {
  const { work } = parts;
  const breath = parts.breath.in(lane);
  return (async () => {
    for (let i = 0; i < 40; i++) {
      noted.push(name);
      work(piece);
      if (breath.isDue) await breath.take();
    }
  })();
}

it("lets each work for as long as the others, whatever its pieces take", async () => {
  const parts = breathing();
  const noted: string[] = [];
  await Promise.all([
    worker("coarse", "work", SLICE, parts, noted),
    worker("fine", "work", SLICE / 5, parts, noted),
  ]);
  const early = noted.slice(0, 30);
  expect(early.filter((name) => name === "fine").length).toBeGreaterThan(
    3 * early.filter((name) => name === "coarse").length,
  );
});

it("gives each lane its turn, however many have work to do in another", async () => {
  const parts = breathing();
  const noted: string[] = [];
  const many = ["a", "b", "c", "d", "e", "f"].map((name) => worker(name, "work", SLICE, parts, noted));
  const one = worker("watch", "news", SLICE, parts, noted);
  const other = worker("allocation", "allocation", SLICE, parts, noted);
  await Promise.all([...many, one, other]);
  const early = noted.slice(10, 70);
  expect(early.filter((name) => name === "watch").length).toBe(20);
  expect(early.filter((name) => name === "allocation").length).toBe(20);
});

it("wakes several in one turn while they have little to do", async () => {
  const { breath, turns, work } = breathing();
  work(SLICE);
  const small = async () => {
    await breath.take();
    work(SLICE / 4);
  };
  await Promise.all(Array.from({ length: 6 }, small));
  expect(turns()).toBe(2);
});

it("lets nobody pass those of its lane who wait, though the slice has just begun", async () => {
  const { breath, work } = breathing();
  work(SLICE);
  const order: string[] = [];
  const first = breath.take().then(() => {
    order.push("first");
    expect(breath.isDue).toBe(false);
    return breath.take().then(() => order.push("third"));
  });
  const second = breath.take().then(() => order.push("second"));
  await Promise.all([first, second]);
  expect(order).toEqual(["first", "second", "third"]);
});
