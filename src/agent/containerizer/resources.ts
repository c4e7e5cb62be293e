import type { OciResources } from "./ociSpec.ts";
import type { Limits } from "./spec.ts";

/** As Mesos (src/slave/containerizer/mesos/isolators/cgroups/constants.hpp): 1024 shares a cpu, at least 2; a period of 100 ms, at least 1 ms of it. */
const SHARES_PER_CPU = 1024;
const MIN_SHARES = 2;
/** The kernel's upper bound of cpu.shares. */
const MAX_SHARES = 262_144;
const CFS_PERIOD_MICROS = 100_000;
const MIN_CFS_QUOTA_MICROS = 1_000;
/** An unlimited value, as cgroups write it. */
const UNLIMITED = -1;

export interface ResourceFacts {
  /** Whether the kernel counts swap; a limit on it is an error where it does not. */
  readonly swapAccounting: boolean;
}

/** The init is not one of the processes that the task may have. */
export function withInit(limits: Limits, init: boolean): Limits {
  return init && limits.pids !== undefined ? { ...limits, pids: limits.pids + 1 } : limits;
}

/** For an update, what is not limited is said so; at creation it is left out. */
export function linuxResources(
  limits: Limits,
  facts: ResourceFacts,
  kind: "create" | "update",
): OciResources {
  const shares = Math.min(MAX_SHARES, Math.max(MIN_SHARES, Math.floor(limits.cpus * SHARES_PER_CPU)));
  const isUpdate = kind === "update";
  return {
    cpu: { shares, ...cfs(limits.cpuLimit, isUpdate) },
    ...memory(limits.memoryBytes, facts.swapAccounting, isUpdate),
    ...pids(limits.pids, isUpdate),
  };
}

function cfs(cpuLimit: number | undefined, isUpdate: boolean): { quota?: number; period?: number } {
  if (cpuLimit === undefined) return isUpdate ? { quota: UNLIMITED, period: CFS_PERIOD_MICROS } : {};
  const quota = Math.max(MIN_CFS_QUOTA_MICROS, Math.round(cpuLimit * CFS_PERIOD_MICROS));
  return { quota, period: CFS_PERIOD_MICROS };
}

/** swap is memory + swap in OCI's terms: equal to the limit it means none. */
function memory(
  bytes: number | undefined,
  swapAccounting: boolean,
  isUpdate: boolean,
): Pick<OciResources, "memory"> {
  if (bytes === undefined && !isUpdate) return {};
  const limit = bytes ?? UNLIMITED;
  return { memory: swapAccounting ? { limit, swap: limit } : { limit } };
}

function pids(limit: number | undefined, isUpdate: boolean): Pick<OciResources, "pids"> {
  if (limit === undefined) return isUpdate ? { pids: { limit: UNLIMITED } } : {};
  return { pids: { limit } };
}
