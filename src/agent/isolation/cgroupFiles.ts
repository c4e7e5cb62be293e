import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Usage } from "../containerizer/containerizer.ts";

/** cpu.stat, memory.stat, memory.events …: a key and a number on each line. */
export function parseFlatKeyed(text: string): Map<string, bigint> {
  const entries = new Map<string, bigint>();
  for (const line of text.split("\n")) {
    const match = /^(\S+) (\d+)$/.exec(line.trim());
    if (match?.[1] !== undefined && match[2] !== undefined) entries.set(match[1], BigInt(match[2]));
  }
  return entries;
}

/** The kernel counts for programs in hundredths of a second (USER_HZ), on every architecture that Node runs on. */
const NANOS_PER_TICK = 10_000_000n;

/** v1 writes "unlimited" as the largest multiple of the page size below 2^63. */
const V1_UNLIMITED = 2 ** 62;

/** "max", or what v1 means by it, is undefined. */
export function parseLimit(text: string): number | undefined {
  const value = text.trim() === "max" ? Number.POSITIVE_INFINITY : Number(text.trim());
  return value >= V1_UNLIMITED || Number.isNaN(value) ? undefined : value;
}

function usageOf(parts: {
  cpuNanos: bigint;
  userNanos: bigint;
  systemNanos: bigint;
  memory: number;
  anon: bigint | undefined;
  file: bigint | undefined;
  inactiveFile: bigint | undefined;
  limit: number | undefined;
  pids: number;
  periods: bigint | undefined;
  throttled: bigint | undefined;
  throttledNanos: bigint | undefined;
}): Usage {
  const { limit, periods = 0n, throttled = 0n, throttledNanos = 0n } = parts;
  return {
    cpuNanos: parts.cpuNanos,
    userNanos: parts.userNanos,
    systemNanos: parts.systemNanos,
    memoryTotalBytes: parts.memory,
    memoryAnonBytes: Number(parts.anon ?? 0n),
    memoryFileBytes: Number(parts.file ?? 0n),
    memoryBytes: Math.max(0, parts.memory - Number(parts.inactiveFile ?? 0n)),
    pids: parts.pids,
    ...(limit === undefined ? {} : { memoryLimitBytes: limit }),
    ...(periods === 0n
      ? {}
      : { throttling: { periods: Number(periods), throttled: Number(throttled), throttledNanos } }),
  };
}

/** Reads the files of one cgroup of the node. `root` is where /sys/fs/cgroup of the node is seen. */
export class CgroupFiles {
  readonly #root: string;
  readonly #version: "v1" | "v2";

  constructor(root: string, version: "v1" | "v2") {
    this.#root = root;
    this.#version = version;
  }

  /** Throws ENOENT once the cgroup is gone. */
  usage(path: string): Promise<Usage> {
    return this.#version === "v2" ? this.#usageV2(path) : this.#usageV1(path);
  }

  /** How often the kernel killed a process in it for want of memory; undefined once the cgroup is gone. */
  async oomKills(path: string): Promise<number | undefined> {
    const file = this.#version === "v2" ? "memory.events" : "memory.oom_control";
    const text = await this.#read("memory", path, file).catch(ignoreGone);
    return text === undefined ? undefined : Number(parseFlatKeyed(text).get("oom_kill") ?? 0n);
  }

  /** Whether a limit on swap can be set; the Pod's cgroup tells on v2, whose root has no such file. */
  async hasSwapAccounting(path: string): Promise<boolean> {
    const file = this.#version === "v2" ? "memory.swap.max" : "memory.memsw.limit_in_bytes";
    return (await this.#read("memory", path, file).catch(ignoreGone)) !== undefined;
  }

  async #usageV1(path: string): Promise<Usage> {
    const [cpu, cpuParts, cpuStat, memory, stat, limit, pids] = await Promise.all([
      this.#read("cpuacct", path, "cpuacct.usage"),
      this.#read("cpuacct", path, "cpuacct.stat"),
      this.#read("cpu", path, "cpu.stat"),
      this.#read("memory", path, "memory.usage_in_bytes"),
      this.#read("memory", path, "memory.stat"),
      this.#read("memory", path, "memory.limit_in_bytes"),
      this.#read("pids", path, "pids.current"),
    ]);
    const throttling = parseFlatKeyed(cpuStat);
    const ticks = parseFlatKeyed(cpuParts);
    const memoryParts = parseFlatKeyed(stat);
    return usageOf({
      cpuNanos: BigInt(cpu.trim()),
      userNanos: (ticks.get("user") ?? 0n) * NANOS_PER_TICK,
      systemNanos: (ticks.get("system") ?? 0n) * NANOS_PER_TICK,
      memory: Number(memory),
      anon: memoryParts.get("total_rss"),
      file: memoryParts.get("total_cache"),
      inactiveFile: memoryParts.get("total_inactive_file"),
      limit: parseLimit(limit),
      pids: Number(pids),
      periods: throttling.get("nr_periods"),
      throttled: throttling.get("nr_throttled"),
      throttledNanos: throttling.get("throttled_time"),
    });
  }

  async #usageV2(path: string): Promise<Usage> {
    const [cpuStat, memory, stat, limit, pids] = await Promise.all([
      this.#read("cpu", path, "cpu.stat"),
      this.#read("memory", path, "memory.current"),
      this.#read("memory", path, "memory.stat"),
      this.#read("memory", path, "memory.max"),
      this.#read("pids", path, "pids.current"),
    ]);
    const cpu = parseFlatKeyed(cpuStat);
    const memoryParts = parseFlatKeyed(stat);
    return usageOf({
      cpuNanos: (cpu.get("usage_usec") ?? 0n) * 1000n,
      userNanos: (cpu.get("user_usec") ?? 0n) * 1000n,
      systemNanos: (cpu.get("system_usec") ?? 0n) * 1000n,
      memory: Number(memory),
      anon: memoryParts.get("anon"),
      file: memoryParts.get("file"),
      inactiveFile: memoryParts.get("inactive_file"),
      limit: parseLimit(limit),
      pids: Number(pids),
      periods: cpu.get("nr_periods"),
      throttled: cpu.get("nr_throttled"),
      throttledNanos: (cpu.get("throttled_usec") ?? 0n) * 1000n,
    });
  }

  #read(controller: string, path: string, file: string): Promise<string> {
    const folder = this.#version === "v2" ? this.#root : join(this.#root, controller);
    return readFile(join(folder, path, file), "utf8");
  }
}

/** ENODEV: the cgroup was removed between open and read. */
function ignoreGone(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT" || error.code === "ENODEV") return undefined;
  throw error;
}
