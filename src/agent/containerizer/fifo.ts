import { closeSync, constants, openSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { Socket } from "node:net";
import { join } from "node:path";
import { runCommand } from "../isolation/cni/command.ts";
import { ContainerizerError } from "./errors.ts";

const MKFIFO_TIMEOUT_MS = 5_000;
const { O_RDWR, O_RDONLY, O_NONBLOCK } = constants;

/** The pipes, by name in the file system, between a shim and this process: it opens what it is told by path. */
export class Fifos {
  readonly #folder: string;
  /** Both ends of the pipes that are read, so that they do not end. */
  readonly #held: number[] = [];

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes the folder, and in it a pipe of each name. */
  static async make(folder: string, names: readonly string[]): Promise<Fifos> {
    await mkdir(folder, { mode: 0o700 });
    const paths = names.map((name) => join(folder, name));
    const env = { PATH: process.env.PATH ?? "/bin:/usr/bin" };
    // Node has no call for it.
    const { code, stderr } = await runCommand(["mkfifo", "-m", "600", ...paths], {
      env,
      timeoutMs: MKFIFO_TIMEOUT_MS,
    });
    if (code !== 0) {
      await rm(folder, { recursive: true, force: true });
      throw new ContainerizerError(`mkfifo failed: ${stderr.trim()}`);
    }
    return new Fifos(folder);
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  /** What the shim writes. Does not end before `release`: the shim need not have opened it yet. */
  reader(name: string): Socket {
    // Without blocking, so that to open is the matter of a moment.
    this.#held.push(openSync(this.path(name), O_RDWR | O_NONBLOCK));
    const fd = openSync(this.path(name), O_RDONLY | O_NONBLOCK);
    return new Socket({ fd, readable: true, writable: false });
  }

  /** What the shim reads. To open it for writing alone would fail as long as nobody reads. */
  writer(name: string): Socket {
    const fd = openSync(this.path(name), O_RDWR | O_NONBLOCK);
    return new Socket({ fd, readable: false, writable: true });
  }

  /** Readers end once they have read what is left; the files go. */
  async release(): Promise<void> {
    for (const fd of this.#held.splice(0)) closeSync(fd);
    await rm(this.#folder, { recursive: true, force: true });
  }
}
