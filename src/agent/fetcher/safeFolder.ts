import { constants } from "node:fs";
import { chmod, link, lstat, mkdir, open, rename, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Budget } from "./budget.ts";
import { UnsafePathError } from "./errors.ts";

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
/** Neither setuid, setgid nor sticky. */
const PERMISSIONS = 0o777;

/**
 * A folder that is filled by the agent, as root, with what strangers have made. Nothing is ever written through a symbolic link: each
 * folder on the way must be a real one. Links themselves are made as they are, for they mean something in the task's own root
 * file system only. Nobody else may write below while it is filled.
 */
export class SafeFolder {
  readonly path: string;
  readonly #budget: Budget;

  constructor(path: string, budget: Budget) {
    this.path = path;
    this.#budget = budget;
  }

  /** Makes the folder, and those above it where they are missing. Returns its path. */
  async folder(name: string): Promise<string> {
    return this.#descend(namesOf(name));
  }

  /** Writes a new file; what had its name before is replaced. */
  async file(name: string, content: Readable, mode: number): Promise<void> {
    this.#budget.addEntry();
    const path = await this.#place(name);
    const file = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode & PERMISSIONS);
    const budget = this.#budget;
    const counted = async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        budget.addBytes(chunk.length);
        yield chunk;
      }
    };
    // The stream closes the file.
    await pipeline(content, counted, file.createWriteStream());
    await chmod(path, mode & PERMISSIONS);
  }

  /** Moves a file of the same file system in. */
  async adopt(name: string, from: string): Promise<string> {
    const path = await this.#place(name);
    await rename(from, path);
    return path;
  }

  async symlink(name: string, target: string): Promise<void> {
    this.#budget.addEntry();
    await symlink(target, await this.#place(name));
  }

  /** A second name for a file that is already below this folder. */
  async hardlink(name: string, target: string): Promise<void> {
    this.#budget.addEntry();
    const names = namesOf(target);
    const last = names.pop() ?? "";
    const source = join(await this.#descend(names), last);
    const stat = await lstat(source).catch(() => undefined);
    if (!stat?.isFile()) throw new UnsafePathError(`"${name}" links to "${target}", which is no file`);
    await link(source, await this.#place(name));
  }

  /** Sets the mode of a folder once it is filled. */
  async folderMode(name: string, mode: number): Promise<void> {
    await chmod(await this.#descend(namesOf(name)), (mode & PERMISSIONS) | 0o700);
  }

  /** The path of a new entry: the folder it lies in is there, and nothing has its name. */
  async #place(name: string): Promise<string> {
    const names = namesOf(name);
    const last = names.pop();
    if (last === undefined) throw new UnsafePathError(`"${name}" names no file`);
    const path = join(await this.#descend(names), last);
    const before = await lstat(path).catch(() => undefined);
    if (before?.isDirectory()) throw new UnsafePathError(`"${name}" is a folder already`);
    if (before) await rm(path);
    return path;
  }

  async #descend(names: readonly string[]): Promise<string> {
    let path = this.path;
    for (const name of names) {
      path = join(path, name);
      const made = await mkdir(path, { mode: 0o755 }).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code !== "EEXIST") throw error;
          return false;
        },
      );
      if (made) this.#budget.addEntry();
      else if (!(await lstat(path)).isDirectory()) {
        throw new UnsafePathError(`"${names.join("/")}" leads through "${name}", which is no folder`);
      }
    }
    return path;
  }
}

/** The names of a path; a leading slash is dropped, as tar(1) does. Throws UnsafePathError for `..`. */
function namesOf(path: string): string[] {
  const names = path.split("/").filter((name) => name !== "" && name !== ".");
  if (names.includes("..")) throw new UnsafePathError(`"${path}" leads out of the sandbox`);
  if (path.includes("\0")) throw new UnsafePathError("a name has a zero byte");
  return names;
}
