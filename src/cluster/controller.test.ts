import { expect, it } from "vitest";
import { Breath, SLICE } from "./breath.ts";
import { Controller } from "./controller.ts";
import { createLogger } from "./logger.ts";
import { systemClock } from "./time.ts";

const logger = createLogger({ name: "test", level: "silent" });

it("lets others have their turn between reconciles that wait for nothing", async () => {
  let [now, turns] = [0, 0];
  const clock = { ...systemClock, monotonic: () => now };
  const breath = Breath.of(clock, async () => {
    turns += 1;
  });
  const done: string[] = [];
  const stop = new AbortController();
  const controller = new Controller({
    name: "idle",
    reconcile: async (key) => {
      done.push(key);
      now += SLICE / 2;
      if (done.length === 8) stop.abort();
    },
    sources: [],
    logger,
    clock,
    breath,
  });
  for (let key = 0; key < 8; key++) controller.enqueue(String(key));
  await controller.run(stop.signal);
  expect(done).toHaveLength(8);
  expect(turns).toBe(4);
});
