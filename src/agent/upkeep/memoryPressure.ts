import type { TaskEvent } from "../lifecycle/event.ts";

/** A running task's memory, bytes. */
export interface MemoryUse {
  readonly uid: string;
  readonly used: number;
  readonly requested: number;
}

/** MemAvailable of /proc/meminfo, in bytes. */
export function memAvailable(meminfo: string): number {
  const kibibytes = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo)?.[1];
  if (kibibytes === undefined) throw new Error("/proc/meminfo does not tell MemAvailable");
  return Number(kibibytes) * 1024;
}

/** MemTotal of /proc/meminfo, in bytes. */
export function memTotal(meminfo: string): number {
  const kibibytes = /^MemTotal:\s+(\d+) kB$/m.exec(meminfo)?.[1];
  if (kibibytes === undefined) throw new Error("/proc/meminfo does not tell MemTotal");
  return Number(kibibytes) * 1024;
}

/**
 * The task to end when the node runs short of memory: the one that most exceeds what it holds, as the kubelet ranks Pods
 * (pkg/kubelet/eviction rankMemoryPressure). Undefined: all keep within; then it is others that take the memory.
 */
export function victim(tasks: readonly MemoryUse[]): MemoryUse | undefined {
  let worst: MemoryUse | undefined;
  for (const task of tasks) {
    if (task.used <= task.requested) continue;
    if (!worst || task.used - task.requested > worst.used - worst.requested) worst = task;
  }
  return worst;
}

export function pressureKill({ used, requested }: MemoryUse, available: number): TaskEvent {
  const message = `The node ran short of memory (${mebibytes(available)} available) and the task used ${mebibytes(used)}, beyond the ${mebibytes(requested)} that it holds`;
  return { type: "kill", cause: "memory", graceMs: 0, message };
}

const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
