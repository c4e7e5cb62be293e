import { describe, expect, it } from "vitest";
import type { Task } from "../../api/task.ts";
import { ManualClock } from "../../cluster/manual-clock.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import { type Change, Store } from "../../cluster/store.ts";
import { task } from "../objects.fixture.ts";
import { Assumptions } from "./assumptions.ts";

/** A store and its handlers, as a reflector has them. */
function mirror() {
  const store = new Store<Task>();
  const handlers: ((change: Change<Task>) => void)[] = [];
  const tell = (changes: Change<Task>[]) => {
    for (const change of changes) for (const handler of handlers) handler(change);
  };
  return {
    store,
    follow: (handler: (change: Change<Task>) => void) => {
      handlers.push(handler);
      return () => {};
    },
    put: (object: Live<Task>) => tell(store.put(object)),
    remove: (object: Live<Task>) => tell(store.remove(keyOf(object.metadata), object)),
  };
}

const at = (version: string, agent?: string, uid = "u") =>
  task("t", agent === undefined ? {} : { agent }, undefined, { resourceVersion: version, uid });
const on = (agent: string) => (object: Live<Task>) => object.spec.agent === agent;

describe("assumptions", () => {
  it("stand until the cache shows them, or something newer", () => {
    const cache = mirror();
    const assumed = new Assumptions<Task>(cache, new ManualClock());
    cache.put(at("9"));
    assumed.assume(at("10", "n1"));
    expect(assumed.with([], on("n1"))).toHaveLength(1);
    expect(assumed.get("ns/t")?.spec.agent).toBe("n1");
    // What was on its way when it was written.
    cache.put(at("9", undefined, "u"));
    expect(assumed.size).toBe(1);
    cache.put(at("11", "n1"));
    expect(assumed.size).toBe(0);
    expect(assumed.with([at("11", "n1")], on("n1"))).toHaveLength(1);
  });

  it("take the place of what is cached", () => {
    const cache = mirror();
    const assumed = new Assumptions<Task>(cache, new ManualClock());
    cache.put(at("9", "n1"));
    assumed.assume(at("10", "n2"));
    expect(assumed.with([at("9", "n1")], on("n1"))).toEqual([]);
  });

  it("are not made of what the cache knows better", () => {
    const cache = mirror();
    const assumed = new Assumptions<Task>(cache, new ManualClock());
    cache.put(at("100", "n1"));
    assumed.assume(at("99"));
    expect(assumed.size).toBe(0);
  });

  it("end with the deletion of their object", () => {
    const cache = mirror();
    const assumed = new Assumptions<Task>(cache, new ManualClock());
    cache.put(at("9"));
    assumed.assume(at("10", "n1"));
    cache.remove(at("12", "n1"));
    expect(assumed.size).toBe(0);
  });

  it("are given up when the cache never shows them", async () => {
    const clock = new ManualClock();
    const assumed = new Assumptions<Task>(mirror(), clock);
    assumed.assume(at("10", "n1"));
    await clock.advance(119_000);
    expect(assumed.with([], on("n1"))).toHaveLength(1);
    await clock.advance(2_000);
    expect(assumed.with([], on("n1"))).toEqual([]);
  });
});
