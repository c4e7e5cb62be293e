import { existsSync, type Stats } from "node:fs";
import type { ServerResponse } from "node:http";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Answer, badRequest } from "../../http/answer.ts";
import type {
  Response_ListFilesSchema,
  Response_ReadFileSchema,
} from "../../wire/gen/mesos/v1/agent/agent_pb.ts";
import type { TaskRecord } from "../checkpoint/record.ts";
import type { NestedContainers } from "../containerizer/nested.ts";
import { type ListedFile, listInside } from "../files/listInside.ts";
import { openInside, SandboxFileError } from "../files/sandboxFile.ts";
import type { Layout } from "../sandbox/layout.ts";
import type { Visitor } from "./access.ts";
import { type Place, placeOf } from "./paths.ts";
import { permissions } from "./permissions.ts";

export interface FileCallsOptions {
  readonly layout: Layout;
  readonly records: () => Iterable<TaskRecord>;
  readonly nested: Pick<NestedContainers, "folder">;
}

/** Bytes that one read gives, as in Mesos: 16 pages (src/files/files.cpp). */
const MOST_READ = 16 * 4096;
const NOTHING = { bytesRead: 0 };
const NANOS_PER_MS = 1_000_000;
/** Below a sandbox, as Mesos has it; nested containers' output lies elsewhere here. */
const NESTED = /^containers\/([^/]+)\/?(.*)$/;

/** Sandboxes as Mesos's agent shows them: by their path on the node, or /frameworks/F/executors/E/runs/C. */
export class FileCalls {
  readonly #options: FileCallsOptions;

  constructor(options: FileCallsOptions) {
    this.#options = options;
  }

  async list(
    path: string,
    visitor: Visitor,
  ): Promise<MessageInitShape<typeof Response_ListFilesSchema> | Answer> {
    const files = await this.browse(path, visitor);
    if ("status" in files) return files;
    return {
      fileInfos: files.map(({ name, stats }) => ({
        path: name,
        nlink: stats.nlink,
        size: BigInt(stats.size),
        mtime: { nanoseconds: BigInt(Math.round(stats.mtimeMs * NANOS_PER_MS)) },
        mode: stats.mode,
        uid: account(stats.uid),
        gid: account(stats.gid),
      })),
    };
  }

  /** The files of a folder by name, each with its path below `path`. */
  browse(path: string, visitor: Visitor): Promise<ListedFile[] | Answer> {
    return this.#at(path, visitor, async ({ sandbox, inside }) => {
      const files = await listInside(sandbox, inside);
      return files.map(({ name, stats }) => ({ name: join(path, name), stats }));
    });
  }

  /** `length` absent: as much as one read gives. An offset beyond the end gives the size alone. */
  read(
    path: string,
    offset: bigint,
    length: bigint | undefined,
    visitor: Visitor,
  ): Promise<MessageInitShape<typeof Response_ReadFileSchema> | Answer> {
    return this.#at(path, visitor, async ({ sandbox, inside }) => {
      const file = await openInside(sandbox, inside);
      try {
        const stats = await file.stat();
        if (!stats.isFile()) return badRequest(`Cannot read ${kindOf(stats)}.\n`);
        const size = BigInt(stats.size);
        const left = offset < size ? Number(size - offset) : 0;
        const data = new Uint8Array(Math.min(Number(length ?? size), MOST_READ, left));
        const { bytesRead } = data.length === 0 ? NOTHING : await file.read(data, 0, data.length, offset);
        return { size, data: data.subarray(0, bytesRead) };
      } finally {
        await file.close();
      }
    });
  }

  /** Undefined: the response is the file. */
  download(path: string, visitor: Visitor, response: ServerResponse): Promise<Answer | undefined> {
    return this.#at(path, visitor, async ({ sandbox, inside }) => {
      const file = await openInside(sandbox, inside);
      const stats = await file.stat();
      if (!stats.isFile()) {
        await file.close();
        return badRequest(`Cannot download ${kindOf(stats)}.\n`);
      }
      const name = basename(inside).replace(/[^\w.-]/g, "_");
      response.writeHead(200, {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": `attachment; filename=${name}`,
        "Content-Length": stats.size,
      });
      // As long as it was when it was looked at: it may grow.
      const source = file.createReadStream({ start: 0, ...(stats.size > 0 && { end: stats.size - 1 }) });
      // One that is cut short meanwhile, or a client that leaves: the connection ends early, which tells.
      await pipeline(source, response).catch(() => response.destroy());
      return undefined;
    });
  }

  /** Whether it may be seen is asked before it is looked whether it is there. */
  async #at<T>(
    path: string,
    visitor: Visitor,
    look: (place: Place) => Promise<T | Answer>,
  ): Promise<T | Answer> {
    const { layout, records, nested } = this.#options;
    const place = placeOf(path, layout, records());
    if (place === undefined) return { status: 404 };
    await visitor.must(permissions.readSandbox(place.task));
    const [, id, below = ""] = NESTED.exec(place.inside) ?? [];
    const folder = id === undefined ? undefined : nested.folder({ parent: place.uid, id });
    const found = folder !== undefined && existsSync(folder);
    try {
      return await look(found ? { ...place, sandbox: folder, inside: below } : place);
    } catch (error) {
      if (error instanceof SandboxFileError) return { status: 404, body: `${error.message}\n` };
      throw error;
    }
  }
}

const kindOf = (stats: Stats): string => (stats.isDirectory() ? "a directory" : "what is no regular file");
/** The node's names mean nothing in the task's image, but root's. */
export const account = (id: number): string => (id === 0 ? "root" : String(id));
