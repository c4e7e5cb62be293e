import { expect, test } from "vitest";
import { readMountPoints } from "./mountCommand.ts";

test("mount points are read as proc(5) writes them", () => {
  const lines = [
    "36 35 98:0 /mnt1 /mnt/two\\040words rw,noatime shared:1 - ext3 /dev/root rw",
    "37 35 98:0 / / rw - ext3 /dev/root rw",
    "",
  ];
  expect([...readMountPoints(lines.join("\n"))]).toEqual(["/mnt/two words", "/"]);
});
