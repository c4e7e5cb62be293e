import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CgroupFiles, parseLimit } from "./cgroupFiles.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "cgroups-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function fixture(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

test("v1: a controller a hierarchy", async () => {
  fixture({
    "cpuacct/pod/t/cpuacct.usage": "123456789012\n",
    "cpuacct/pod/t/cpuacct.stat": "user 1200\nsystem 34\n",
    "cpu/pod/t/cpu.stat": "nr_periods 40\nnr_throttled 3\nthrottled_time 1500000\n",
    "memory/pod/t/memory.usage_in_bytes": "50000000\n",
    "memory/pod/t/memory.stat":
      "cache 1\ninactive_file 7\nhierarchical_memory_limit 1\ntotal_cache 30000000\ntotal_rss 9000000\ntotal_inactive_file 20000000\n",
    "memory/pod/t/memory.limit_in_bytes": "67108864\n",
    "memory/pod/t/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
    "memory/pod/t/memory.memsw.limit_in_bytes": "67108864\n",
    "pids/pod/t/pids.current": "4\n",
  });
  const files = new CgroupFiles(root, "v1");
  expect(await files.usage("/pod/t")).toEqual({
    cpuNanos: 123456789012n,
    userNanos: 12_000_000_000n,
    systemNanos: 340_000_000n,
    memoryTotalBytes: 50_000_000,
    memoryAnonBytes: 9_000_000,
    memoryFileBytes: 30_000_000,
    memoryBytes: 30_000_000,
    memoryLimitBytes: 67_108_864,
    pids: 4,
    throttling: { periods: 40, throttled: 3, throttledNanos: 1_500_000n },
  });
  expect(await files.oomKills("/pod/t")).toBe(2);
  expect(await files.hasSwapAccounting("/pod/t")).toBe(true);
});

test("v2: one hierarchy", async () => {
  fixture({
    "pod/t/cpu.stat":
      "usage_usec 2500\nuser_usec 1500\nsystem_usec 1000\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\n",
    "pod/t/memory.current": "1000\n",
    "pod/t/memory.stat": "anon 100\nfile 900\ninactive_file 4000\n",
    "pod/t/memory.max": "max\n",
    "pod/t/memory.events": "low 0\nhigh 0\nmax 9\noom 1\noom_kill 0\noom_group_kill 0\n",
    "pod/t/pids.current": "1\n",
  });
  const files = new CgroupFiles(root, "v2");
  expect(await files.usage("/pod/t")).toEqual({
    cpuNanos: 2_500_000n,
    userNanos: 1_500_000n,
    systemNanos: 1_000_000n,
    memoryTotalBytes: 1000,
    memoryAnonBytes: 100,
    memoryFileBytes: 900,
    memoryBytes: 0,
    pids: 1,
  });
  expect(await files.oomKills("/pod/t")).toBe(0);
  expect(await files.hasSwapAccounting("/pod/t")).toBe(false);
});

test("a cgroup that is gone has no counter", async () => {
  expect(await new CgroupFiles(root, "v1").oomKills("/gone")).toBeUndefined();
  expect(await new CgroupFiles(root, "v2").oomKills("/gone")).toBeUndefined();
  await expect(new CgroupFiles(root, "v2").usage("/gone")).rejects.toThrow("ENOENT");
});

test("no limit is written in two ways", () => {
  expect(parseLimit("max\n")).toBeUndefined();
  expect(parseLimit("9223372036854771712\n")).toBeUndefined();
  expect(parseLimit("4096\n")).toBe(4096);
});
