import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, lstat, mkdir, readdir, rm, stat } from "node:fs/promises";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import type { Uri } from "../../api/container.ts";
import { RootFiles } from "../containerizer/rootFiles.ts";
import { archiveKind } from "./archiveKind.ts";
import { Budget } from "./budget.ts";
import { download, verify, writeNew } from "./download.ts";
import { FetchError } from "./errors.ts";
import { extract } from "./extract.ts";
import { SafeFolder } from "./safeFolder.ts";
import type { UriCache } from "./uriCache.ts";

export interface FetcherOptions {
  /** Where downloads lie until they are whole; on the file system of the sandboxes. */
  readonly spool: string;
  readonly cache: UriCache;
  /** Milliseconds that one URI may take. */
  readonly timeout: number;
  /** Where the node's files are seen here. */
  readonly nodeRoot: () => Promise<string>;
}

export interface FetchRequest {
  readonly uris: readonly Uri[];
  /** The task's sandbox; nobody else writes into it yet. */
  readonly sandbox: string;
  readonly maxBytes: number;
  /** May a URI lead to the node's own addresses? */
  readonly nodeLocal: boolean;
  readonly signal: AbortSignal;
}

/** Fetches a task's URIs into its sandbox, as Mesos's fetcher does (docs/fetcher.md). */
export class Fetcher {
  readonly #options: FetcherOptions;

  constructor(options: FetcherOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const { spool, cache } = this.#options;
    await mkdir(spool, { recursive: true, mode: 0o700 });
    for (const name of await readdir(spool)) await rm(join(spool, name), { recursive: true, force: true });
    await cache.open();
  }

  /** One after the other, in their order. Throws FetchError, whose message names the URI. */
  async fetch(request: FetchRequest): Promise<void> {
    const budget = new Budget(request.maxBytes);
    const into = new SafeFolder(request.sandbox, budget);
    for (const uri of request.uris) {
      request.signal.throwIfAborted();
      try {
        await this.#fetchOne(uri, into, budget, request);
      } catch (cause) {
        request.signal.throwIfAborted();
        const why = cause instanceof Error ? cause.message : String(cause);
        const retryable = cause instanceof FetchError && cause.retryable;
        throw new FetchError(`${redacted(uri.value)} cannot be fetched: ${why}`, { retryable, cause });
      }
    }
  }

  async #fetchOne(uri: Uri, into: SafeFolder, budget: Budget, request: FetchRequest): Promise<void> {
    const limit = AbortSignal.timeout(this.#options.timeout);
    const signal = AbortSignal.any([request.signal, limit]);
    const get = (path: string) => this.#get(uri, path, { ...request, maxBytes: budget.left, signal });
    try {
      if (uri.cache) {
        // What came from the node's own addresses is not for those who may not ask them.
        const key = `${request.nodeLocal ? "local" : "remote"} ${uri.checksum ?? ""} ${uri.value}`;
        await this.#options.cache.with(key, get, (path) => this.#place(uri, path, into, budget, false));
      } else {
        const path = join(this.#options.spool, randomUUID());
        try {
          await get(path);
          await this.#place(uri, path, into, budget, true);
        } finally {
          await rm(path, { force: true });
        }
      }
    } catch (error) {
      if (limit.aborted)
        throw new FetchError(`it took longer than ${this.#options.timeout} ms`, { cause: error });
      throw error;
    }
  }

  async #get(uri: Uri, path: string, request: FetchRequest): Promise<void> {
    if (/^https?:/.test(uri.value)) await download(uri.value, path, request);
    else await this.#copyOfNode(uri.value, path, request);
    if (uri.checksum !== undefined) await verify(path, uri.checksum);
  }

  /** A file of the node, not of the agent's own image; links lead to the node's files, too. */
  async #copyOfNode(value: string, path: string, request: FetchRequest): Promise<void> {
    const from = value.startsWith("file:") ? fileURLToPath(value) : value;
    const node = new RootFiles([await this.#options.nodeRoot()]);
    const at = await node.locate(from);
    if (at === undefined) throw new FetchError(`${from} is not on the node`);
    if (!(await lstat(at)).isFile()) throw new FetchError(`${from} is no file`);
    await writeNew(path, createReadStream(at), request.maxBytes, request.signal);
  }

  /**
   * Puts a fetched file where the task finds it. As in Mesos an archive is unpacked into the sandbox's top folder, and
   * stays there itself unless it is from the cache.
   */
  async #place(uri: Uri, path: string, into: SafeFolder, budget: Budget, own: boolean): Promise<void> {
    const name = outputName(uri);
    const kind = uri.extract && !uri.executable ? archiveKind(posix.basename(name)) : undefined;
    if (kind) await extract(path, kind, into);
    if (kind && !own) return;
    let placed: string;
    if (own) {
      budget.addBytes((await stat(path)).size);
      budget.addEntry();
      placed = await into.adopt(name, path);
    } else {
      await into.file(name, createReadStream(path), 0o644);
      placed = join(into.path, name);
    }
    await chmod(placed, uri.executable ? 0o755 : 0o644);
  }
}

/** Where in the sandbox a URI's file goes: outputFile, else the last part of the URI's path. */
export function outputName({ value, outputFile }: Pick<Uri, "value" | "outputFile">): string {
  if (outputFile !== undefined) return outputFile;
  const path = /^[a-z]+:/.test(value) ? decodeURIComponent(new URL(value).pathname) : value;
  const name = posix.basename(path);
  if (name === "" || name === "/" || name === "..") throw new FetchError("it names no file: give outputFile");
  return name;
}

/** A URI without the password that it may carry. */
export function redacted(uri: string): string {
  return uri.replace(/^(https?:\/\/)[^/@]*@/, "$1");
}
