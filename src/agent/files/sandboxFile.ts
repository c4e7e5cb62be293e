import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

/** The file cannot be read; the message is for the person who asked. */
export class SandboxFileError extends Error {
  override readonly name = "SandboxFileError";
}

const CHUNK_BYTES = 64 * 1024;
const FOLLOW_EVERY_MS = 250;

/** The parts of a path inside a sandbox, none for the sandbox itself; throws for one that leads out of it. */
export function insideParts(file: string): string[] {
  const parts = file.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..") || file.startsWith("/") || file.includes("\0")) {
    throw new SandboxFileError(`"${file}" is not a path inside the sandbox`);
  }
  return parts;
}

/**
 * Opens a file or folder of a sandbox for reading. Its task may put links anywhere in the sandbox, so no part of the path below it is followed
 * through a symbolic link.
 */
export async function openInside(sandbox: string, file: string): Promise<FileHandle> {
  const parts = insideParts(file);
  let folder = await open(sandbox, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW).catch(
    (cause: unknown) => {
      throw new SandboxFileError(`the sandbox ${sandbox} is no longer there`, { cause });
    },
  );
  for (const [index, part] of parts.entries()) {
    const last = index === parts.length - 1;
    const flags =
      constants.O_RDONLY | constants.O_NOFOLLOW | (last ? constants.O_NONBLOCK : constants.O_DIRECTORY);
    const next = await open(`/proc/self/fd/${folder.fd}/${part}`, flags).catch(async (cause: unknown) => {
      await folder.close();
      throw new SandboxFileError(`the sandbox has no file ${file} that can be read`, { cause });
    });
    await folder.close();
    folder = next;
  }
  return folder;
}

/** The same of a regular file alone. */
export async function openFileInside(sandbox: string, file: string): Promise<FileHandle> {
  const handle = await openInside(sandbox, file);
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw new SandboxFileError(`${file === "" ? "it" : file} is not a regular file`);
}

export interface ReadOptions {
  /** Only the last bytes. */
  readonly tail?: number;
  /** Go on with what is appended until the signal aborts. */
  readonly follow?: AbortSignal;
}

/** The bytes of a file of a sandbox. A file that is cut short by rotation is read on from its start. */
export async function* readInside(
  sandbox: string,
  file: string,
  options: ReadOptions = {},
): AsyncGenerator<Buffer> {
  const handle = await openFileInside(sandbox, file);
  try {
    const { size } = await handle.stat();
    let position = options.tail === undefined ? 0 : Math.max(0, size - options.tail);
    for (;;) {
      const { bytesRead, buffer } = await handle.read({ buffer: Buffer.alloc(CHUNK_BYTES), position });
      if (bytesRead > 0) {
        position += bytesRead;
        yield buffer.subarray(0, bytesRead);
        continue;
      }
      if (options.follow === undefined || options.follow.aborted) return;
      await delay(FOLLOW_EVERY_MS, undefined, { signal: options.follow }).catch(() => {});
      if ((await handle.stat()).size < position) position = 0;
    }
  } finally {
    await handle.close();
  }
}
