import { expect, test } from "vitest";
import { summarize } from "./summary.ts";

const file = (status: string, ...tests: ("passed" | "failed" | "skipped")[]) => ({
  testResults: [
    {
      name: "a.test.ts",
      status,
      assertionResults: tests.map((state, i) => ({ fullName: `test ${i}`, status: state })),
    },
  ],
});

test("tests and checks are added up", () => {
  const { line, ok } = summarize([file("passed", "passed", "skipped"), { check: "lint", ok: true }]);
  expect(line).toBe("2 passed, 0 failed, 1 skipped");
  expect(ok).toBe(true);
});

test("a failed test and a failed check are named", () => {
  const { failures, line, ok } = summarize([
    file("failed", "passed", "failed"),
    { check: "types", ok: false },
  ]);
  expect(failures).toEqual(["a.test.ts: test 1", "types"]);
  expect(line).toBe("1 passed, 2 failed, 0 skipped");
  expect(ok).toBe(false);
});

test("a file that could not be loaded is a failure", () => {
  expect(summarize([file("failed")]).failures).toEqual(["a.test.ts: did not run"]);
});

test("nothing run is not a success", () => {
  expect(summarize([]).ok).toBe(false);
});
