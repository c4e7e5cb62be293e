import { type BigIntStats, constants } from "node:fs";
import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";

export interface DiskUsageOptions {
  /** Folders read at the same time; each costs a thread of libuv's pool while it is read. Default 2. */
  readonly concurrency?: number;
  /** A folder below that does not count. */
  readonly except?: string | undefined;
  readonly signal?: AbortSignal;
}

/** The unit of st_blocks (stat(2)), whatever the file system's block size. */
const BLOCK_BYTES = 512n;

/**
 * Bytes of disk below a path as du(1) counts: blocks, hard links once, symbolic links not followed, other file systems left out. What goes
 * away meanwhile counts as nothing. A path that does not exist is 0 bytes.
 */
export async function measureDisk(path: string, options: DiskUsageOptions = {}): Promise<number> {
  const top = await statOrGone(path);
  if (top === undefined) return 0;
  const linked = new Set<bigint>();
  let blocks = top.blocks;
  const folders = isFolder(top) ? [path] : [];

  const measureFolder = async (folder: string): Promise<void> => {
    for await (const name of namesIn(folder)) {
      options.signal?.throwIfAborted();
      if (join(folder, name) === options.except) continue;
      const stat = await statOrGone(join(folder, name));
      if (stat === undefined || stat.dev !== top.dev) continue;
      if (stat.nlink > 1n && !isFolder(stat)) {
        if (linked.has(stat.ino)) continue;
        linked.add(stat.ino);
      }
      blocks += stat.blocks;
      if (isFolder(stat)) folders.push(join(folder, name));
    }
  };

  const running = new Set<Promise<void>>();
  try {
    while (folders.length > 0 || running.size > 0) {
      while (folders.length > 0 && running.size < (options.concurrency ?? 2)) {
        const folder = folders.pop();
        if (folder === undefined) break;
        const done: Promise<void> = measureFolder(folder).finally(() => running.delete(done));
        running.add(done);
      }
      await Promise.race(running);
    }
  } finally {
    // After a failure the others are still reading; their own failures are the same one.
    await Promise.allSettled(running);
  }
  return Number(blocks * BLOCK_BYTES);
}

function isFolder(stat: BigIntStats): boolean {
  return (Number(stat.mode) & constants.S_IFMT) === constants.S_IFDIR;
}

async function* namesIn(folder: string): AsyncGenerator<string> {
  try {
    for await (const entry of await opendir(folder)) yield entry.name;
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

async function statOrGone(path: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ENOENT" || code === "ENOTDIR";
}
