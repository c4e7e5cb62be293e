import type { Executor } from "../../src/api/executor.ts";
import type { Task } from "../../src/api/task.ts";
import type { Cluster } from "./cluster.ts";

/** What the kernel holds a container to, in the same units on cgroup v1 and v2; undefined: no limit. */
export interface Cgroup {
  /** Below the hierarchy's root. */
  readonly path: string;
  /** cpu.shares; from v2's weight as runc converts it. */
  readonly shares: number;
  readonly quotaCpus: number | undefined;
  readonly memoryBytes: number | undefined;
  readonly pids: number | undefined;
}

const V1 = ["cpu/cpu.shares", "cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us"] as const;
const V1_OTHERS = ["memory/memory.limit_in_bytes", "pids/pids.max"] as const;
const V2 = ["cpu.weight", "cpu.max", "memory.max", "pids.max"] as const;
/** v1 writes an unlimited memory as the highest multiple of the page size. */
const HUGE = 2 ** 62;

/** Reads the cgroup of the first process of a running task, or executor, on its node. */
export async function readCgroup(
  cluster: Cluster,
  { spec, status }: Pick<Task | Executor, "spec" | "status">,
): Promise<Cgroup> {
  const pid = status?.container?.pid;
  if (spec.agent === undefined || pid === undefined) throw new Error("the task has no process");
  const node = spec.agent;
  const membership = await cluster.onNode(node, `cat /proc/${pid}/cgroup`);
  const paths = new Map(
    membership
      .trim()
      .split("\n")
      .flatMap((line) => {
        const [, controllers = "", path = ""] = line.split(":");
        return controllers.split(",").map((controller) => [controller, path] as const);
      }),
  );
  const read = async (files: readonly string[]) =>
    (await cluster.onNode(node, `cat ${files.map((file) => `'/sys/fs/cgroup/${file}'`).join(" ")}`))
      .trim()
      .split("\n");
  const v1 = paths.get("cpu");
  if (v1 !== undefined) {
    const [shares, quota, period, memory, pids] = await read(
      [...V1, ...V1_OTHERS].map((file) => {
        const [controller = "", name] = file.split("/");
        return `${controller}${paths.get(controller)}/${name}`;
      }),
    );
    return {
      path: v1,
      shares: Number(shares),
      quotaCpus: Number(quota) < 0 ? undefined : Number(quota) / Number(period),
      memoryBytes: Number(memory) > HUGE ? undefined : Number(memory),
      pids: limit(pids),
    };
  }
  const path = paths.get("") ?? "";
  const [weight, max, memory, pids] = await read(V2.map((name) => `${path.slice(1)}/${name}`));
  const [quota, period] = (max ?? "").split(" ");
  return {
    path,
    shares: Math.round(2 + ((Number(weight) - 1) * 262_142) / 9_999),
    quotaCpus: quota === "max" ? undefined : Number(quota) / Number(period),
    memoryBytes: limit(memory),
    pids: limit(pids),
  };
}

const limit = (text: string | undefined): number | undefined => (text === "max" ? undefined : Number(text));
