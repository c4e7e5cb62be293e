import type { TaskSpec } from "../../api/task.ts";
import { fromSpec, parseQuantity } from "../../resources/index.ts";
import type { Limits } from "../containerizer/spec.ts";

export interface LimitDefaults {
  /** Cap the cpus of every task (Mesos's cgroups_enable_cfs). */
  readonly cfsQuota: boolean;
  readonly pids: number;
}

/**
 * What a task's container may use: cpus as weight, with a quota where the task sets limits.cpus or the agent caps all; memory as a hard
 * limit, what the task holds unless limits.mem is above it (Mesos 1.10's TaskInfo.limits).
 */
export function limitsOf(spec: Pick<TaskSpec, "resources" | "limits">, defaults: LimitDefaults): Limits {
  const scalars = fromSpec(spec.resources).scalarQuantities();
  const cpus = scalars.get("cpus") / 1000;
  const held = Math.ceil((scalars.get("mem") * 1024 * 1024) / 1000);
  const cpuLimit =
    spec.limits?.cpus === undefined ? (defaults.cfsQuota ? cpus : undefined) : amount(spec.limits.cpus);
  const memory = spec.limits?.mem === undefined ? held : amount(spec.limits.mem);
  return {
    cpus,
    ...(cpuLimit === undefined ? {} : { cpuLimit }),
    ...(memory === undefined ? {} : { memoryBytes: Math.ceil(memory) }),
    pids: spec.limits?.pids ?? defaults.pids,
  };
}

/** Bytes of memory that a task holds. */
export function heldMemory(spec: Pick<TaskSpec, "resources">): number {
  return Math.ceil((fromSpec(spec.resources).scalarQuantities().get("mem") * 1024 * 1024) / 1000);
}

/** A number, or a quantity; undefined: Infinity. */
function amount(value: number | string): number | undefined {
  if (value === "Infinity") return undefined;
  if (typeof value === "number") return value;
  const { numerator, denominator } = parseQuantity(value, "spec.limits");
  return Number(numerator) / Number(denominator);
}

/**
 * As the kubelet scores Burstable containers (pkg/kubelet/qos/policy.go): the larger the share of the node's memory that a task
 * holds, the later the kernel picks it.
 */
export function oomScoreAdj(memoryBytes: number, nodeMemoryBytes: number): number {
  return Math.min(999, Math.max(3, Math.round(1000 - (1000 * memoryBytes) / nodeMemoryBytes)));
}
