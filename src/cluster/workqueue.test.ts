import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ManualClock } from "./manual-clock.ts";
import { WorkQueue } from "./workqueue.ts";

const queueOf = () => {
  const clock = new ManualClock();
  return { clock, queue: new WorkQueue({ clock }) };
};

/** All that can be taken now. */
async function drain(queue: WorkQueue): Promise<string[]> {
  const taken: string[] = [];
  while (queue.depth > 0) taken.push((await queue.take()) ?? "");
  return taken;
}

/** Uses a queue as workers do and checks what it gives. */
class User {
  readonly #clock = new ManualClock();
  readonly #queue = new WorkQueue({ clock: this.#clock });
  readonly #inHand: string[] = [];
  /** Keys that must still be taken once. */
  readonly #owed = new Set<string>();

  add(key: string, after: number): void {
    this.#queue.add(key, { after, priority: after === 20 ? "low" : "normal" });
    this.#owed.add(key);
  }

  async take(): Promise<void> {
    if (this.#queue.depth === 0) return;
    const key = (await this.#queue.take()) ?? "";
    expect(this.#inHand).not.toContain(key);
    expect(this.#owed.delete(key)).toBe(true);
    this.#inHand.push(key);
  }

  done(): void {
    const key = this.#inHand.shift();
    if (key !== undefined) this.#queue.done(key);
  }

  async finish(): Promise<void> {
    await this.#clock.advance(100);
    while (this.#inHand.length > 0) this.done();
    while (this.#queue.depth > 0) await this.take();
    expect([...this.#owed]).toEqual([]);
    expect(this.#clock.pending).toBe(0);
  }
}

describe("WorkQueue", () => {
  it("gives keys in the order in which they came, once each", async () => {
    const { queue } = queueOf();
    for (const key of ["b", "a", "b", "c", "a"]) queue.add(key);
    expect(await drain(queue)).toEqual(["b", "a", "c"]);
  });

  it("gives a key added during its work again, once it is done", async () => {
    const { queue } = queueOf();
    queue.add("a");
    expect(await queue.take()).toBe("a");
    queue.add("a");
    queue.add("a");
    expect(queue.depth).toBe(0);
    queue.done("a");
    expect(await drain(queue)).toEqual(["a"]);
  });

  it("serves who waits, the one who waited longest first", async () => {
    const { queue } = queueOf();
    const first = queue.take();
    const second = queue.take();
    queue.add("a");
    queue.add("b");
    expect(await Promise.all([first, second])).toEqual(["a", "b"]);
  });

  it("adds after a delay; the earliest of several wins", async () => {
    const { clock, queue } = queueOf();
    queue.add("a", { after: 1000 });
    queue.add("a", { after: 300 });
    queue.add("a", { after: 500 });
    await clock.advance(299);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect(await drain(queue)).toEqual(["a"]);
    queue.done("a");
    await clock.advance(10_000);
    expect(queue.depth).toBe(0);
  });

  it("forgets a delay when the key comes at once", async () => {
    const { clock, queue } = queueOf();
    queue.add("a", { after: 1000 });
    queue.add("a");
    expect(await drain(queue)).toEqual(["a"]);
    queue.done("a");
    await clock.advance(5000);
    expect(queue.depth).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it("keeps a delay asked for during the work", async () => {
    const { clock, queue } = queueOf();
    queue.add("a");
    await queue.take();
    queue.add("a", { after: 100 });
    queue.done("a");
    expect(queue.depth).toBe(0);
    await clock.advance(100);
    expect(queue.depth).toBe(1);
  });

  it("waits 5 ms after the first failure and doubles up to 1000 s, until forgotten", () => {
    const { queue } = queueOf();
    const delays = Array.from({ length: 25 }, () => queue.addAfterFailure("a"));
    expect(delays.slice(0, 4)).toEqual([5, 10, 20, 40]);
    expect(delays.at(17)).toBe(5 * 2 ** 17);
    expect(delays.slice(18)).toEqual(Array(7).fill(1_000_000));
    expect(queue.addAfterFailure("b")).toBe(5);
    queue.forget("a");
    expect(queue.failures("a")).toBe(0);
    expect(queue.addAfterFailure("a")).toBe(5);
  });

  it("serves normal keys first, but one in eight is a low one", async () => {
    const { queue } = queueOf();
    for (let i = 0; i < 20; i++) queue.add(`low${i}`, { priority: "low" });
    for (let i = 0; i < 20; i++) queue.add(`normal${i}`);
    const taken = await drain(queue);
    expect(taken.slice(0, 8)).toEqual([...Array.from({ length: 7 }, (_, i) => `normal${i}`), "low0"]);
    expect(taken.slice(0, 16).filter((key) => key.startsWith("low"))).toEqual(["low0", "low1"]);
    expect(taken).toHaveLength(40);
  });

  it("raises a low key that comes again as a normal one, never the other way", async () => {
    const { queue } = queueOf();
    queue.add("a", { priority: "low" });
    queue.add("b", { priority: "low" });
    queue.add("b");
    queue.add("b", { priority: "low" });
    expect(await drain(queue)).toEqual(["b", "a"]);
  });

  it("gives nothing more once closed, to those who wait too", async () => {
    const { clock, queue } = queueOf();
    const waiting = queue.take();
    queue.add("later", { after: 10 });
    queue.close();
    expect(await waiting).toBeUndefined();
    queue.add("a");
    expect(await queue.take()).toBeUndefined();
    expect(clock.pending).toBe(0);
  });

  it("tells its depth, retries and waits", async () => {
    const clock = new ManualClock();
    const told: string[] = [];
    const queue = new WorkQueue({
      clock,
      metrics: {
        depth: (keys) => told.push(`depth ${keys}`),
        added: () => told.push("added"),
        retried: () => told.push("retried"),
        waited: (seconds) => told.push(`waited ${seconds}`),
      },
    });
    queue.add("a");
    await clock.advance(1500);
    await queue.take();
    queue.addAfterFailure("a");
    expect(told).toEqual(["added", "depth 1", "depth 0", "waited 1.5", "retried"]);
  });

  it("loses no key and gives none to two at once, whatever the order of calls", async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant("add" as const), key: fc.nat(2), after: fc.constantFrom(0, 1, 20, 50) }),
      fc.record({ do: fc.constant("take" as const) }),
      fc.record({ do: fc.constant("done" as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
        const user = new User();
        for (const now of steps) {
          if (now.do === "add") user.add(`${now.key}`, now.after);
          if (now.do === "take") await user.take();
          if (now.do === "done") user.done();
        }
        await user.finish();
      }),
    );
  });

  it("takes 100,000 keys in time linear in their number", async () => {
    const { queue } = queueOf();
    for (let i = 0; i < 100_000; i++) queue.add(`${i}`);
    // Quadratic work on the way (a new iterator a key) takes minutes: the test's timeout is the judge.
    expect(await drain(queue)).toHaveLength(100_000);
  });
});
