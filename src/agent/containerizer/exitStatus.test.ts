import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { exitStatusOf, signalNumber } from "./exitStatus.ts";

test("an exit code above 128 names a signal where there is one", () => {
  const at = new Date("2026-01-02T03:04:05Z");
  const of = (exitStatus: number, oom = false) =>
    exitStatusOf({ exitStatus, exitedAt: timestampFromDate(at) }, oom);
  expect(of(0)).toEqual({ code: 0, exitedAt: at, oomKilled: false });
  expect(of(1)).toEqual({ code: 1, exitedAt: at, oomKilled: false });
  expect(of(143)).toEqual({ code: 143, signal: "SIGTERM", exitedAt: at, oomKilled: false });
  expect(of(255)).not.toHaveProperty("signal");
});

test("a container that ended well in spite of a kill within it did not fail for want of memory", () => {
  expect(exitStatusOf({ exitStatus: 0 }, true).oomKilled).toBe(false);
  expect(exitStatusOf({ exitStatus: 1 }, true).oomKilled).toBe(true);
});

test("signals have names", () => {
  expect(signalNumber("SIGKILL")).toBe(9);
  expect(() => signalNumber("SIGNOTHING")).toThrow("SIGNOTHING");
});
