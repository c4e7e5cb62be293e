import { expect, test } from "vitest";
import { age, table } from "./table.ts";

test("columns are as wide as their widest cell, and lines do not end in blanks", () => {
  expect(
    table(
      ["NAME", "STATE"],
      [
        ["a-long-name", ""],
        ["b", "TASK_RUNNING"],
      ],
    ),
  ).toBe("NAME          STATE\na-long-name\nb             TASK_RUNNING\n");
});

test.each([
  [0, "0s"],
  [119, "119s"],
  [120, "2m"],
  [7_199, "119m"],
  [7_200, "2h"],
  [172_800, "2d"],
])("%d seconds are %s", (seconds, text) => {
  expect(age(new Date(0).toISOString(), new Date(seconds * 1000))).toBe(text);
});
