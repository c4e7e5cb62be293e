import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile, syncFolder } from "./atomicFile.ts";
import { decode, encode } from "./encoding.ts";
import type { TaskRecord } from "./record.ts";

const SUFFIX = ".task";

/** A record that could not be read; it was moved to `movedTo` for people to look at. */
export interface QuarantinedRecord {
  readonly uid: string;
  readonly movedTo: string;
  readonly error: unknown;
}

export interface LoadedRecords {
  readonly records: readonly TaskRecord[];
  readonly quarantined: readonly QuarantinedRecord[];
}

/** The agent's memory across its own death: one file a task below `folder`, each change durable before it is acted on. */
export class RecordStore {
  readonly #folder: string;
  readonly #quarantine: string;
  /** Writes of one record go one after the other: they share a temporary file. */
  readonly #tails = new Map<string, Promise<void>>();

  constructor(folder: string) {
    this.#folder = folder;
    this.#quarantine = join(folder, "corrupt");
  }

  async open(): Promise<void> {
    await mkdir(this.#quarantine, { recursive: true, mode: 0o700 });
  }

  /** Reads all; what is damaged is put aside and reported, never thrown. */
  async load(): Promise<LoadedRecords> {
    const records: TaskRecord[] = [];
    const quarantined: QuarantinedRecord[] = [];
    for (const name of await readdir(this.#folder)) {
      const path = join(this.#folder, name);
      if (name.endsWith(".tmp")) await rm(path, { force: true });
      if (!name.endsWith(SUFFIX)) continue;
      const uid = name.slice(0, -SUFFIX.length);
      try {
        const record = decode(await readFile(path, "utf8"));
        if (record.uid !== uid) throw new Error(`the file of ${uid} holds the record of ${record.uid}`);
        records.push(record);
      } catch (error) {
        const movedTo = join(this.#quarantine, name);
        await rename(path, movedTo);
        quarantined.push({ uid, movedTo, error });
      }
    }
    if (quarantined.length > 0) await syncFolder(this.#folder);
    return { records, quarantined };
  }

  /** Resolves once the record is durable. */
  save(record: TaskRecord): Promise<void> {
    return this.#after(record.uid, () => replaceFile(this.#path(record.uid), encode(record)));
  }

  delete(uid: string): Promise<void> {
    return this.#after(uid, async () => {
      await rm(this.#path(uid), { force: true });
      await syncFolder(this.#folder);
    });
  }

  #path(uid: string): string {
    return join(this.#folder, uid + SUFFIX);
  }

  #after(uid: string, write: () => Promise<void>): Promise<void> {
    const done = (this.#tails.get(uid) ?? Promise.resolve()).then(write, write);
    this.#tails.set(uid, done);
    const clear = () => {
      if (this.#tails.get(uid) === done) this.#tails.delete(uid);
    };
    done.then(clear, clear);
    return done;
  }
}
