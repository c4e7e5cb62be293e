import { expect, test } from "vitest";
import { KeyedLock } from "./keyedLock.ts";

test("one at a time for a key, in order, also after a failure; other keys do not wait", async () => {
  const lock = new KeyedLock();
  const log: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = lock.run("a", async () => {
    log.push("a1");
    await gate.promise;
    throw new Error("a1 failed");
  });
  const second = lock.run("a", async () => void log.push("a2"));
  const third = lock.run("a", async () => void log.push("a3"));
  await lock.run("b", async () => void log.push("b"));
  expect(log).toEqual(["a1", "b"]);
  gate.resolve();
  await expect(first).rejects.toThrow("a1 failed");
  await Promise.all([second, third]);
  expect(log).toEqual(["a1", "b", "a2", "a3"]);
});
