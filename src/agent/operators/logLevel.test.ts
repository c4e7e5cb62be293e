import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { createLogger } from "../../cluster/logger.ts";
import { ManualClock } from "../../cluster/manual-clock.ts";
import { Call_SetLoggingLevelSchema } from "../../wire/gen/mesos/v1/agent/agent_pb.ts";
import { LogLevel } from "./logLevel.ts";

function scene(original: string) {
  const clock = new ManualClock();
  const log = createLogger({ name: "test", level: original, write: () => {} });
  const level = new LogLevel(log, clock);
  const set = (number: number, ms: number) =>
    level.set(
      create(Call_SetLoggingLevelSchema, {
        level: number,
        duration: { nanoseconds: BigInt(ms) * 1_000_000n },
      }),
    ).status;
  return { clock, log, level, set };
}

test("it is raised for a while", async () => {
  const { clock, log, level, set } = scene("info");
  expect(set(2, 1000)).toBe(200);
  expect([log.level, level.level]).toEqual(["trace", 2]);
  await clock.advance(999);
  expect(log.level).toBe("trace");
  await clock.advance(1);
  expect([log.level, level.level]).toEqual(["info", 0]);
});

test("parts that log already hear of it", async () => {
  const { clock, log, set } = scene("info");
  const part = log.child({ controller: "x" });
  set(2, 1000);
  expect(part.level).toBe("trace");
  await clock.advance(1000);
  expect(part.level).toBe("info");
});

test("the last one counts", async () => {
  const { clock, log, set } = scene("info");
  set(2, 1000);
  set(1, 3000);
  await clock.advance(1000);
  expect(log.level).toBe("debug");
  await clock.advance(2000);
  expect(log.level).toBe("info");
});

test("there are three levels, and none below that of the configuration", () => {
  const { log, set } = scene("debug");
  expect([set(3, 1), set(0, 1), set(1, -1)]).toEqual([400, 400, 400]);
  expect(log.level).toBe("debug");
});
