import type { TaskRecord } from "../checkpoint/record.ts";
import { measureDisk } from "../isolation/diskUsage.ts";
import type { TaskEvent } from "../lifecycle/event.ts";
import type { Layout } from "../sandbox/layout.ts";
import { persistentVolumes, sandboxLimit } from "../sandbox/volumes.ts";

/** A folder whose size a task has promised to keep within. */
export interface DiskQuota {
  readonly path: string;
  readonly bytes: number;
  readonly what: string;
}

/** The sandbox, if the task holds disk, and its persistent volumes (Mesos's disk/du isolator). */
export function diskQuotas({ spec, sandbox }: TaskRecord, layout: Layout): readonly DiskQuota[] {
  const quotas: DiskQuota[] = [];
  const limit = sandboxLimit(spec);
  if (limit !== undefined && sandbox !== undefined)
    quotas.push({ path: sandbox, bytes: limit, what: "the sandbox" });
  for (const volume of persistentVolumes(spec)) {
    quotas.push({
      path: layout.volume(volume),
      bytes: volume.bytes,
      what: `the persistent volume ${volume.id}`,
    });
  }
  return quotas;
}

/** The kill of a task that has outgrown a quota; undefined: it has not. */
export async function overDisk(
  quotas: readonly DiskQuota[],
  signal: AbortSignal,
): Promise<TaskEvent | undefined> {
  for (const { path, bytes, what } of quotas) {
    const used = await measureDisk(path, { signal });
    if (used <= bytes) continue;
    const message = `Disk usage of ${what} (${mebibytes(used)}) exceeds its quota (${mebibytes(bytes)})`;
    return { type: "kill", cause: "disk", graceMs: 0, message };
  }
  return undefined;
}

const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
