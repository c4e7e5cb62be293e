import type { Executor } from "../../api/executor.ts";
import type { TaskSpec } from "../../api/task.ts";
import type { Live } from "../../cluster/object.ts";
import { measureDisk } from "../isolation/diskUsage.ts";
import type { TaskEvent } from "../lifecycle/event.ts";
import { nestedSandboxes } from "../sandbox/executorSandbox.ts";
import { type Layout, sandboxName } from "../sandbox/layout.ts";
import { persistentVolumes, sandboxLimit } from "../sandbox/volumes.ts";

/** A folder whose size a task has promised to keep within. */
export interface DiskQuota {
  readonly path: string;
  /** A folder in it that others answer for. */
  readonly except?: string;
  readonly bytes: number;
  readonly what: string;
}

/** The sandbox, if the task holds disk, and its persistent volumes (Mesos's disk/du isolator). */
export function diskQuotas(
  {
    spec,
    sandbox,
  }: { readonly spec: Pick<TaskSpec, "resources" | "allocated">; readonly sandbox?: string | undefined },
  layout: Layout,
): readonly DiskQuota[] {
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

/** What tasks share of a DEFAULT executor, if it holds disk: its sandbox without theirs, and its persistent volumes. */
export const sharedDiskQuotas = (executor: Live<Executor>, layout: Layout): readonly DiskQuota[] => {
  const sandbox = layout.executorSandbox(sandboxName(executor));
  const { spec } = executor;
  return diskQuotas({ spec, sandbox }, layout).map((quota) =>
    quota.path === sandbox ? { ...quota, except: nestedSandboxes(sandbox) } : quota,
  );
};

type OverDisk = Extract<TaskEvent, { type: "kill" }> & { readonly message: string };

/** The kill of a task that has outgrown a quota; undefined: it has not. */
export async function overDisk(
  quotas: readonly DiskQuota[],
  signal: AbortSignal,
): Promise<OverDisk | undefined> {
  for (const { path, except, bytes, what } of quotas) {
    const used = await measureDisk(path, { signal, except });
    if (used <= bytes) continue;
    const message = `Disk usage of ${what} (${mebibytes(used)}) exceeds its quota (${mebibytes(bytes)})`;
    return { type: "kill", cause: "disk", graceMs: 0, message };
  }
  return undefined;
}

const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
