import { createHash } from "node:crypto";
import { mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";

interface Entry {
  /** Resolves once the file is complete. */
  ready: Promise<void>;
  bytes: number;
  users: number;
  /** Order of last use; smallest goes first. */
  used: number;
}

/**
 * Files fetched before, by URI and checksum, bounded in size. One fetch a key at a time: others wait for it. A file in use is not
 * evicted. The folder is the cache's memory: what is complete there survives the agent.
 */
export class UriCache {
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #entries = new Map<string, Entry>();
  #clock = 0;

  constructor(folder: string, maxBytes: number) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
  }

  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const known: { name: string; size: number; mtimeMs: number }[] = [];
    for (const name of await readdir(this.#folder)) {
      const path = join(this.#folder, name);
      if (/^[0-9a-f]{64}$/.test(name)) {
        const { size, mtimeMs } = await stat(path);
        known.push({ name, size, mtimeMs });
      } else {
        // Half of a fetch that the agent did not outlive.
        await rm(path, { recursive: true, force: true });
      }
    }
    known.sort((a, b) => a.mtimeMs - b.mtimeMs);
    for (const { name, size } of known) {
      this.#entries.set(name, { ready: Promise.resolve(), bytes: size, users: 0, used: ++this.#clock });
    }
    await this.#evict();
  }

  /**
   * Hands the file for `key` to `use`; `fetch` makes it at the given path when it is missing. A file larger than the whole cache is used
   * once and not kept.
   */
  async with<T>(
    key: string,
    fetch: (path: string) => Promise<void>,
    use: (path: string) => Promise<T>,
  ): Promise<T> {
    const name = createHash("sha256").update(key).digest("hex");
    const path = join(this.#folder, name);
    const entry = await this.#complete(name, path, fetch);
    try {
      entry.used = ++this.#clock;
      const now = new Date();
      await utimes(path, now, now);
      return await use(path);
    } finally {
      entry.users -= 1;
      await this.#evict();
    }
  }

  /** The entry, once its file is whole, with one more user. Another's fetch that failed is made again: it may have been given up. */
  async #complete(name: string, path: string, fetch: (path: string) => Promise<void>): Promise<Entry> {
    for (;;) {
      const waited = this.#entries.get(name);
      const entry = waited ?? this.#start(name, path, fetch);
      entry.users += 1;
      try {
        await entry.ready;
        return entry;
      } catch (error) {
        if (!waited) throw error;
      }
    }
  }

  #start(name: string, path: string, fetch: (path: string) => Promise<void>): Entry {
    const entry: Entry = { ready: Promise.resolve(), bytes: 0, users: 0, used: ++this.#clock };
    entry.ready = (async () => {
      const half = `${path}.half`;
      try {
        await fetch(half);
        await rename(half, path);
        entry.bytes = (await stat(path)).size;
      } catch (error) {
        this.#entries.delete(name);
        await rm(half, { force: true });
        throw error;
      }
    })();
    this.#entries.set(name, entry);
    return entry;
  }

  async #evict(): Promise<void> {
    let total = 0;
    for (const { bytes } of this.#entries.values()) total += bytes;
    const idle = [...this.#entries].filter(([, { users }]) => users === 0);
    idle.sort(([, a], [, b]) => a.used - b.used);
    for (const [name, { bytes }] of idle) {
      if (total <= this.#maxBytes) return;
      this.#entries.delete(name);
      total -= bytes;
      await rm(join(this.#folder, name), { force: true });
    }
  }
}
