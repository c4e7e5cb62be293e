import { describe, expect, it } from "vitest";
import { Deadline } from "./deadline.ts";
import { DeadlineError } from "./errors.ts";
import { ManualClock } from "./manual-clock.ts";
import { microTimestamp, sleep, timestamp } from "./time.ts";

const NOW = Date.UTC(2026, 10, 21, 16, 0, 0, 7);

describe("timestamps", () => {
  it("have the digits that Kubernetes asks for", () => {
    expect(timestamp(NOW)).toBe("2026-11-21T16:00:00Z");
    expect(microTimestamp(NOW)).toBe("2026-11-21T16:00:00.007000Z");
  });
});

describe("sleep", () => {
  it("rejects with the signal's reason and leaves no timer", async () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    const sleeping = sleep(clock, 1000, controller.signal);
    controller.abort(new Error("enough"));
    await expect(sleeping).rejects.toThrow("enough");
    await expect(sleep(clock, 1000, controller.signal)).rejects.toThrow("enough");
    expect(clock.pending).toBe(0);
  });
});

describe("Deadline", () => {
  it("aborts with a DeadlineError that names what was late", async () => {
    const clock = new ManualClock();
    using deadline = new Deadline(clock, "GET /api", 500);
    await clock.advance(499);
    expect(deadline.signal.aborted).toBe(false);
    expect(deadline.remaining).toBe(1);
    await clock.advance(1);
    expect(deadline.signal.reason).toBeInstanceOf(DeadlineError);
    expect(String(deadline.signal.reason)).toContain("GET /api: no end within 500 ms");
  });

  it("aborts with its parent's reason, before or after its making", () => {
    const clock = new ManualClock();
    const parent = new AbortController();
    using before = new Deadline(clock, "x", 500, parent.signal);
    parent.abort("stop");
    using after = new Deadline(clock, "x", 500, parent.signal);
    expect([before.signal.reason, after.signal.reason]).toEqual(["stop", "stop"]);
  });

  it("counts anew after a restart", async () => {
    const clock = new ManualClock();
    using deadline = new Deadline(clock, "x", 500);
    await clock.advance(400);
    deadline.restart(1000);
    await clock.advance(999);
    expect(deadline.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(deadline.signal.aborted).toBe(true);
  });

  it("leaves nothing behind when disposed", () => {
    const clock = new ManualClock();
    const parent = new AbortController();
    const deadline = new Deadline(clock, "x", 500, parent.signal);
    deadline[Symbol.dispose]();
    parent.abort();
    expect(deadline.signal.aborted).toBe(false);
    expect(clock.pending).toBe(0);
  });
});
