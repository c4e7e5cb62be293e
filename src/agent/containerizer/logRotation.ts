import { constants } from "node:fs";
import { type FileHandle, lstat, open, rename, rm } from "node:fs/promises";

export interface RotationOptions {
  /** A file at least this large is rotated. */
  readonly maxBytes: number;
  /** Old files kept, as `<path>.1` (the newest) to `<path>.<keep>`. 0: the output is thrown away. */
  readonly keep: number;
}

const CHUNK_BYTES = 1 << 20;
/** Copying stops chasing a writer that is faster than the disk; the rest is cut off. */
const MAX_COPY_FACTOR = 2;

/**
 * Rotates an output file by copying and truncating. The shim keeps the file open for appending, also over the agent's death, so it can be
 * neither renamed nor reopened; as it appends, it goes on at the start after a truncation. What is written between the last copied byte and
 * the truncation is lost: a few microseconds' worth.
 *
 * The file may lie in a sandbox that the task can write: it must be a plain file with one name, and links are not followed. Returns whether
 * it rotated.
 */
export async function rotateLog(path: string, { maxBytes, keep }: RotationOptions): Promise<boolean> {
  const before = await lstat(path).catch(() => undefined);
  if (before === undefined || !before.isFile() || before.nlink !== 1 || before.size < maxBytes) return false;
  const source = await open(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = await source.stat();
    if (!stat.isFile() || stat.nlink !== 1) return false;
    if (keep > 0) {
      await shift(path, keep);
      await copyTo(source, `${path}.1`, maxBytes * MAX_COPY_FACTOR);
    }
    await source.truncate(0);
    return true;
  } finally {
    await source.close();
  }
}

async function shift(path: string, keep: number): Promise<void> {
  await rm(`${path}.${keep}`, { force: true, recursive: true });
  for (let n = keep - 1; n >= 1; n--) await rename(`${path}.${n}`, `${path}.${n + 1}`).catch(ignoreMissing);
}

/** Copies until the end is reached twice the same: the truncation follows at once. A file larger than `limit` loses its oldest part. */
async function copyTo(source: FileHandle, target: string, limit: number): Promise<void> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  await rm(target, { force: true, recursive: true });
  const copy = await open(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644);
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    let offset = Math.max(0, (await source.stat()).size - limit);
    for (let copied = 0; copied < limit; ) {
      const { bytesRead } = await source.read(buffer, 0, CHUNK_BYTES, offset);
      if (bytesRead === 0) return;
      await copy.write(buffer, 0, bytesRead);
      offset += bytesRead;
      copied += bytesRead;
    }
  } finally {
    await copy.close();
  }
}

/** Makes the file that the shim will append to, if it is not there. A link in its place is an error. */
export async function createLog(path: string): Promise<void> {
  const { O_WRONLY, O_CREAT, O_APPEND, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, 0o644);
  await file.close();
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}
