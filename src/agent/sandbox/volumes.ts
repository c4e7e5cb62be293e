import { lchown, mkdir, stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import type { Volume } from "../../api/container.ts";
import type { TaskSpec } from "../../api/task.ts";
import { fromSpec, isPersistentVolume, reservationRole } from "../../resources/index.ts";
import type { BindMount } from "../containerizer/spec.ts";
import { SANDBOX_TARGET } from "../environment/environment.ts";
import { Budget } from "../fetcher/budget.ts";
import { SafeFolder } from "../fetcher/safeFolder.ts";
import { type ExecutorSandbox, sharedFolder } from "./executorSandbox.ts";
import type { Layout, VolumeName } from "./layout.ts";
import type { Owner } from "./sandbox.ts";
import { VolumeError } from "./volumeError.ts";

export interface PersistentVolume extends VolumeName {
  readonly containerPath: string;
  readonly readOnly: boolean;
  readonly shared: boolean;
  readonly bytes: number;
}

/** The persistent volumes among a task's resources. Throws VolumeError for an id that is no file name. */
export function persistentVolumes(
  spec: Pick<TaskSpec, "resources" | "allocated">,
): readonly PersistentVolume[] {
  const found: PersistentVolume[] = [];
  for (const resource of fromSpec(spec.allocated ?? spec.resources)) {
    const { disk, value } = resource;
    if (!isPersistentVolume(resource) || disk?.persistence === undefined) continue;
    const { id } = disk.persistence;
    const role = reservationRole(resource);
    if (role === undefined || id === "." || id === ".." || id.includes("/")) {
      throw new VolumeError(`"${id}" cannot be the id of a persistent volume`);
    }
    found.push({
      role,
      id,
      containerPath: disk.volume?.containerPath ?? id,
      readOnly: disk.volume?.mode === "RO",
      shared: resource.shared,
      bytes: value.kind === "scalar" ? mebibytes(value.milli) : 0,
    });
  }
  return found;
}

/** Bytes of disk that a sandbox may take: the task's disk that is no volume; undefined: it holds none, so there is no limit. */
export function sandboxLimit(spec: Pick<TaskSpec, "resources">): number | undefined {
  let milli = 0;
  for (const resource of fromSpec(spec.resources)) {
    if (resource.name !== "disk" || isPersistentVolume(resource)) continue;
    if (resource.value.kind === "scalar") milli += resource.value.milli;
  }
  return milli === 0 ? undefined : mebibytes(milli);
}

/** Resources count disk in thousandths of a MiB. */
const mebibytes = (milli: number): number => Math.floor((milli / 1000) * 1024 * 1024);

/** Where the container sees a path: relative ones lie in the sandbox. */
export const targetOf = (containerPath: string): string =>
  isAbsolute(containerPath) ? containerPath : join(SANDBOX_TARGET, containerPath);

export interface VolumeRequest {
  readonly volumes: readonly Volume[];
  readonly persistent: readonly PersistentVolume[];
  readonly sandbox: string;
  /** Of a task that a DEFAULT executor runs. */
  readonly executor?: ExecutorSandbox | undefined;
  readonly owner: Owner;
  readonly layout: Layout;
  /** Folder of a Secret's files, by the Secret's name. */
  readonly secrets: ReadonlyMap<string, string>;
}

/** Makes what the volumes of a task need on the node, and says what to mount. Throws VolumeError or UnsafePathError. */
export async function prepareVolumes(request: VolumeRequest): Promise<readonly BindMount[]> {
  const { sandbox, owner, layout } = request;
  const inside = new SafeFolder(sandbox, new Budget(Number.POSITIVE_INFINITY));
  const mounts: BindMount[] = [];
  for (const volume of request.persistent) {
    const source = await ownedVolume(layout, volume, owner, volume.shared);
    mounts.push({ source, target: targetOf(volume.containerPath), readOnly: volume.readOnly });
  }
  for (const { containerPath, mode, hostPath, sandboxPath, executorPath, secret } of request.volumes) {
    const target = targetOf(containerPath);
    const readOnly = mode === "RO";
    if (hostPath !== undefined) mounts.push({ source: hostPath, target, readOnly });
    if (sandboxPath !== undefined)
      mounts.push({ source: await inside.folder(sandboxPath), target, readOnly });
    if (executorPath !== undefined) {
      const shared = await sharedFolder(request.executor, executorPath);
      const source = shared.volume ? await ownedVolume(layout, shared.volume, owner, true) : shared.path;
      mounts.push({ source, target, readOnly: readOnly || shared.volume?.readOnly === true });
    }
    if (secret !== undefined) {
      const source = request.secrets.get(secret);
      if (source === undefined) throw new VolumeError(`the Secret ${secret} was not read`);
      mounts.push({ source, target, readOnly: true });
    }
  }
  // The runtime would make the missing mount points as root.
  for (const { target } of mounts) {
    if (target.startsWith(`${SANDBOX_TARGET}/`)) await inside.folder(target.slice(SANDBOX_TARGET.length));
  }
  return mounts;
}

/** A persistent volume, the task's; one that others use keeps the owner that its first task gave it (src/slave/slave.cpp, MESOS-4324). */
export async function ownedVolume(
  layout: Layout,
  volume: VolumeName,
  owner: Owner,
  shared: boolean,
): Promise<string> {
  const source = layout.volume(volume);
  await mkdir(source, { recursive: true, mode: 0o755 });
  const fresh = (await stat(source)).uid === 0;
  if (!shared || fresh) await lchown(source, owner.uid, owner.gid);
  return source;
}
