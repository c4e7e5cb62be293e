import { constants } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";

/** How often a file that grows is cut back. */
const CHECK_MS = 250;

/**
 * One output stream of a short process, taken by way of a file: the first `maxBytes` are kept, and the file is emptied again and again so
 * that a chatty process does not fill the disk.
 */
export class CapturedOutput {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #maxBytes: number;
  readonly #timer: NodeJS.Timeout;
  #kept: Buffer | undefined;
  #finished: Promise<Buffer> | undefined;

  private constructor(path: string, file: FileHandle, maxBytes: number) {
    this.path = path;
    this.#file = file;
    this.#maxBytes = maxBytes;
    this.#timer = setInterval(() => void this.#trim().catch(() => {}), CHECK_MS);
  }

  static async open(path: string, maxBytes: number): Promise<CapturedOutput> {
    const { O_RDWR, O_CREAT, O_EXCL, O_APPEND } = constants;
    return new CapturedOutput(path, await open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND, 0o600), maxBytes);
  }

  /** Ends the capture and removes the file; may be called again. */
  finish(): Promise<Buffer> {
    this.#finished ??= this.#finish();
    return this.#finished;
  }

  async #finish(): Promise<Buffer> {
    clearInterval(this.#timer);
    try {
      return this.#kept ?? (await this.#readStart());
    } finally {
      await this.#file.close();
      await rm(this.path, { force: true });
    }
  }

  async #trim(): Promise<void> {
    const { size } = await this.#file.stat();
    if (size <= this.#maxBytes) return;
    this.#kept ??= await this.#readStart();
    await this.#file.truncate(0);
  }

  async #readStart(): Promise<Buffer> {
    const buffer = Buffer.alloc(this.#maxBytes);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await this.#file.read(buffer, length, buffer.length - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return buffer.subarray(0, length);
  }
}
