import { describe, expect, test } from "vitest";
import { parseHierarchies, withDescendants } from "./cgroups.ts";
import { parseStat } from "./processes.ts";

test("parseStat reads past a name with blanks and parentheses", () => {
  const fields = ["S", "7", ...Array.from({ length: 17 }, (_, i) => String(i)), "4711", "0"];
  const stat = `42 (a) b (c) ${fields.join(" ")}`;
  expect(parseStat(stat)).toEqual({ state: "S", parent: 7, startTime: "4711" });
});

test("parseStat of a process that is gone names no living state", () => {
  expect(parseStat("").state).not.toMatch(/[RSD]/);
});

describe("parseHierarchies", () => {
  test("finds each controller's own on version 1, and the unified one beside them", () => {
    const mounts = [
      "tmpfs /sys/fs/cgroup tmpfs rw 0 0",
      "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0",
      "cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0",
      "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0",
      "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0",
      "ext4 /data ext4 rw 0 0",
    ].join("\n");
    expect(parseHierarchies(mounts)).toEqual([
      { path: "/sys/fs/cgroup/cpu", version: 1 },
      { path: "/sys/fs/cgroup/memory", version: 1 },
      { path: "/sys/fs/cgroup/unified", version: 2 },
    ]);
  });

  test("finds the one of version 2", () => {
    const mounts = "cgroup2 /sys/fs/cgroup cgroup2 rw,nsdelegate 0 0\n";
    expect(parseHierarchies(mounts)).toEqual([{ path: "/sys/fs/cgroup", version: 2 }]);
  });
});

test("withDescendants finds grandchildren whatever the order, and no stranger", () => {
  const parents = new Map([
    [30, 20],
    [20, 10],
    [10, 1],
    [40, 1],
  ]);
  expect(withDescendants(new Set([10]), parents)).toEqual(new Set([10, 20, 30]));
});
