import { constants } from "node:fs";
import { chmod, lchown, mkdir, open, opendir } from "node:fs/promises";
import { join } from "node:path";

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export const STDOUT = "stdout";
export const STDERR = "stderr";

/**
 * Makes a sandbox with empty stdout and stderr. The folders above it are root's; others may pass through but not look around. A sandbox
 * that is there already is an error: each task has its own.
 */
export async function createSandbox(path: string): Promise<void> {
  await mkdir(join(path, ".."), { recursive: true, mode: 0o711 });
  await mkdir(path, { mode: 0o750 });
  const { O_WRONLY, O_CREAT, O_EXCL } = constants;
  for (const name of [STDOUT, STDERR]) {
    const file = await open(join(path, name), O_WRONLY | O_CREAT | O_EXCL, 0o644);
    await file.close();
  }
}

/** Gives a folder and all below to a user; links are not followed. Nobody else may write there yet. */
export async function giveTree(path: string, owner: Owner): Promise<void> {
  await lchown(path, owner.uid, owner.gid);
  for await (const entry of await opendir(path)) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) await giveTree(child, owner);
    else await lchown(child, owner.uid, owner.gid);
  }
}

/**
 * Marks the time of a task's end: the sandbox's change time (ctime), which nobody can set back or forward, tells its age. From now on
 * nobody writes there.
 */
export async function closeSandbox(path: string): Promise<void> {
  await chmod(path, 0o750).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
}
