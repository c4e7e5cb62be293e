import { chmod, lchown, mkdir, rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runMount } from "./mountCommand.ts";
import type { Owner } from "./sandbox.ts";

/** Secrets could not be laid down without touching a disk. */
export class SecretFilesError extends Error {
  override readonly name = "SecretFilesError";
}

/** f_type of a tmpfs (statfs(2)). */
const TMPFS_MAGIC = 0x01021994;

/**
 * Makes sure that `folder` is a file system in memory, which the node sees too: the agent's Pod mounts the work directory with
 * propagation Bidirectional. A mount left by an earlier agent is taken over. Throws SecretFilesError.
 */
export async function mountSecretFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o711 });
  if ((await statfs(folder)).type === TMPFS_MAGIC) return;
  const options = "size=256m,mode=0711,nosuid,nodev,noexec";
  await runMount("mount", "-t", "tmpfs", "-o", options, "mesos-secrets", folder).catch((cause: Error) => {
    throw new SecretFilesError(`no tmpfs can be mounted at ${folder}: ${cause.message}`, { cause });
  });
}

/**
 * Writes a Secret's keys as files that only `owner` can read, 0400, in a folder of their own. `parent` lies in memory.
 */
export async function writeSecretFiles(
  parent: string,
  name: string,
  data: ReadonlyMap<string, Buffer>,
  owner: Owner,
): Promise<string> {
  if ((await statfs(join(parent, ".."))).type !== TMPFS_MAGIC) {
    throw new SecretFilesError("secrets are only written to memory, and there is no tmpfs for them");
  }
  await mkdir(parent, { recursive: true, mode: 0o711 });
  const folder = join(parent, name);
  await mkdir(folder, { mode: 0o700 });
  for (const [key, value] of data) {
    // Kubernetes keeps keys to [-._a-zA-Z0-9]+, and forbids ".." at their start.
    const path = join(folder, key);
    await writeFile(path, value, { mode: 0o400, flag: "wx" });
    await lchown(path, owner.uid, owner.gid);
  }
  await lchown(folder, owner.uid, owner.gid);
  await chmod(folder, 0o500);
  return folder;
}

export async function removeSecretFiles(parent: string): Promise<void> {
  await rm(parent, { recursive: true, force: true });
}
