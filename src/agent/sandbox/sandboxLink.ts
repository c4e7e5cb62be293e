import { constants } from "node:fs";
import { type FileHandle, lchown, mkdir, open, readlink, rm, symlink } from "node:fs/promises";
import type { Owner } from "./sandbox.ts";
import { VolumeError } from "./volumeError.ts";

/**
 * Symbolic links at paths of a sandbox that a container writes to meanwhile: each folder on the way is held open once it is known to be a real
 * one, so that none is left by a link that is put in its place.
 */
const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;

/** Makes the link, and the folders above it. One that is there already is that. Throws VolumeError when something else is. */
export async function putLink(sandbox: string, path: string, target: string, owner: Owner): Promise<void> {
  await within(sandbox, path, owner, async (place) => {
    try {
      await symlink(target, place);
      await lchown(place, owner.uid, owner.gid);
    } catch (error) {
      if (!is(error, "EEXIST")) throw error;
      if ((await readlink(place).catch(() => undefined)) === target) return;
      throw new VolumeError(`"${path}" of the sandbox is there already`);
    }
  });
}

/** Removes it; what is not this link stays. */
export async function removeLink(sandbox: string, path: string, target: string): Promise<void> {
  await within(sandbox, path, undefined, async (place) => {
    if ((await readlink(place)) === target) await rm(place);
  }).catch((error: unknown) => {
    if (!(error instanceof VolumeError) && !is(error, "ENOENT") && !is(error, "EINVAL")) throw error;
  });
}

/** Calls `work` with a way to the path that leads through real folders. `owner`: whose the folders are that are missing; undefined: none is made. */
async function within(
  sandbox: string,
  path: string,
  owner: Owner | undefined,
  work: (place: string) => Promise<void>,
): Promise<void> {
  const names = path.split("/").filter((name) => name !== "" && name !== ".");
  const last = names.pop();
  if (last === undefined || last === ".." || names.includes("..") || path.startsWith("/")) {
    throw new VolumeError(`"${path}" is no path in the sandbox`);
  }
  let folder = await openFolder(sandbox, path);
  try {
    for (const name of names) {
      const next = `/proc/self/fd/${folder.fd}/${name}`;
      if (owner) await makeFolder(next, owner);
      const below = await openFolder(next, path);
      await folder.close();
      folder = below;
    }
    await work(`/proc/self/fd/${folder.fd}/${last}`);
  } finally {
    await folder.close();
  }
}

async function openFolder(folder: string, path: string): Promise<FileHandle> {
  try {
    return await open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (cause) {
    if (!is(cause, "ENOTDIR") && !is(cause, "ELOOP")) throw cause;
    throw new VolumeError(`"${path}" leads through what is no folder`, { cause });
  }
}

async function makeFolder(path: string, owner: Owner): Promise<void> {
  try {
    await mkdir(path, { mode: 0o755 });
    await lchown(path, owner.uid, owner.gid);
  } catch (error) {
    if (!is(error, "EEXIST")) throw error;
  }
}

const is = (error: unknown, code: string): boolean => (error as NodeJS.ErrnoException).code === code;
