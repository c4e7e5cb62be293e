import { expect, test } from "vitest";
import { fileMode } from "./fileMode.ts";
import { waitStatus } from "./termination.ts";

test.each([
  [0, 0],
  [1, 256],
  [127, 127 * 256],
  [137, 9],
  [143, 15],
  [255, 255 * 256],
  [-1, undefined],
])("an exit code of %i is %o to wait(2)", (code, status) => {
  expect(waitStatus(code)).toBe(status);
});

test.each([
  [0o100644, "-rw-r--r--"],
  [0o040755, "drwxr-xr-x"],
  [0o120777, "lrwxrwxrwx"],
])("a mode of %o is %s", (mode, text) => {
  expect(fileMode(mode)).toBe(text);
});
