import { describe, expect, test } from "vitest";
import { ManualClock } from "../cluster/manual-clock.ts";
import { Acknowledgements } from "./acknowledgements.ts";

function setting(fails = 0) {
  const clock = new ManualClock();
  const sent: string[] = [];
  const errors: unknown[] = [];
  let left = fails;
  const acknowledgements = new Acknowledgements({
    acknowledge: async (name, uuid) => {
      sent.push(`${name} ${uuid}`);
      if (left-- > 0) throw new Error("away");
    },
    onError: (error) => errors.push(error),
    signal: new AbortController().signal,
    clock,
  });
  return { clock, sent, errors, acknowledgements };
}

describe("acknowledgements", () => {
  test("of updates that follow each other closely are one, the newest's", async () => {
    const { clock, sent, acknowledgements } = setting();
    acknowledgements.owe("t", "starting", false);
    await clock.advance(7_500);
    acknowledgements.owe("t", "running", false);
    await clock.advance(7_499);
    expect(sent).toEqual([]);
    await clock.advance(1);
    expect(sent).toEqual(["t running"]);
    acknowledgements.owe("t", "healthy", false);
    await clock.advance(15_000);
    expect(sent).toEqual(["t running", "t healthy"]);
  });

  test("of the last update come at once and cover the rest; tasks do not wait for each other", async () => {
    const { clock, sent, acknowledgements } = setting();
    acknowledgements.owe("a", "running", false);
    acknowledgements.owe("b", "running", false);
    acknowledgements.owe("a", "finished", true);
    await clock.advance(0);
    expect(sent).toEqual(["a finished"]);
    await clock.advance(15_000);
    expect(sent).toEqual(["a finished", "b running"]);
  });

  test("that fail are tried again, or make way for a newer one", async () => {
    const { clock, sent, errors, acknowledgements } = setting(2);
    acknowledgements.owe("t", "running", true);
    await clock.advance(1_000);
    expect(sent).toEqual(["t running", "t running"]);
    acknowledgements.owe("t", "finished", true);
    await clock.advance(2_000);
    expect(sent).toEqual(["t running", "t running", "t finished"]);
    expect(errors).toHaveLength(2);
  });

  test("that are owed are sent before the end", async () => {
    const { sent, acknowledgements } = setting();
    acknowledgements.owe("t", "running", false);
    await acknowledgements.idle();
    expect(sent).toEqual(["t running"]);
  });
});
