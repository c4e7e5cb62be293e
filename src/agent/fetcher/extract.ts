import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { extract as tarExtract } from "tar-stream";
import { type Entry, open as openZip, type ZipFile } from "yauzl";
import type { ArchiveKind, Compression } from "./archiveKind.ts";
import { decompress } from "./decompress.ts";
import { FetchError, UnsafePathError } from "./errors.ts";
import type { SafeFolder } from "./safeFolder.ts";

/** Unpacks a file into a folder. Throws FetchError; what came before the error stays. */
export async function extract(path: string, kind: ArchiveKind, into: SafeFolder): Promise<void> {
  try {
    switch (kind.type) {
      case "tar":
        return await extractTar(path, kind.compression, into);
      case "zip":
        return await extractZip(path, into);
      case "gz":
        return await into.file(kind.name, decompress(createReadStream(path), "gzip"), 0o644);
    }
  } catch (cause) {
    if (cause instanceof FetchError) throw cause;
    throw new FetchError(`it cannot be unpacked: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}

async function extractTar(path: string, compression: Compression, into: SafeFolder): Promise<void> {
  const entries = tarExtract();
  const content = decompress(createReadStream(path), compression);
  content.once("error", (error) => entries.destroy(error));
  content.pipe(entries);
  // A folder that its owner cannot write gets its mode when all is in it.
  const modes: [string, number][] = [];
  for await (const entry of entries) {
    const { name, type, mode = 0o644, linkname } = entry.header;
    switch (type) {
      case "file":
      case "contiguous-file":
        await into.file(name, entry as unknown as Readable, mode);
        break;
      case "directory":
        await into.folder(name);
        modes.push([name, mode]);
        break;
      case "symlink":
        await into.symlink(name, linkname ?? "");
        break;
      case "link":
        await into.hardlink(name, linkname ?? "");
        break;
      default:
        throw new UnsafePathError(`"${name}" is a ${type}, which is not unpacked`);
    }
    entry.resume();
  }
  for (const [name, mode] of modes.reverse()) await into.folderMode(name, mode);
}

/** The upper half of a zip entry's external attributes is its st_mode where a Unix made it. */
const S_IFMT = 0o170000;
const S_IFLNK = 0o120000;
const S_IFREG = 0o100000;
const S_IFDIR = 0o040000;
/** Longest target of a symbolic link (PATH_MAX). */
const MAX_LINK = 4096;

async function extractZip(path: string, into: SafeFolder): Promise<void> {
  const zip = await new Promise<ZipFile>((resolve, reject) =>
    openZip(path, { lazyEntries: true, autoClose: false, strictFileNames: true }, (error, opened) =>
      error ? reject(error) : resolve(opened),
    ),
  );
  try {
    for await (const entry of entriesOf(zip)) await extractZipEntry(zip, entry, into);
  } finally {
    zip.close();
  }
}

async function extractZipEntry(zip: ZipFile, entry: Entry, into: SafeFolder): Promise<void> {
  const { fileName } = entry;
  const mode = entry.externalFileAttributes >>> 16;
  if (fileName.endsWith("/")) {
    await into.folder(fileName);
    return;
  }
  const content = await new Promise<Readable>((resolve, reject) =>
    zip.openReadStream(entry, (error, stream) => (error ? reject(error) : resolve(stream))),
  );
  switch (mode & S_IFMT) {
    case S_IFLNK:
      return into.symlink(fileName, await text(content));
    // 0: made where there are no modes.
    case 0:
    case S_IFREG:
      return into.file(fileName, content, mode & 0o777 || 0o644);
    case S_IFDIR:
      throw new UnsafePathError(`"${fileName}" is a folder without a slash`);
    default:
      throw new UnsafePathError(`"${fileName}" is neither file, folder nor link, and is not unpacked`);
  }
}

async function text(stream: Readable): Promise<string> {
  let read = "";
  for await (const chunk of stream) {
    read += chunk;
    if (read.length > MAX_LINK) throw new UnsafePathError("a symbolic link has too long a target");
  }
  return read;
}

async function* entriesOf(zip: ZipFile): AsyncGenerator<Entry> {
  const next = () =>
    new Promise<Entry | undefined>((resolve, reject) => {
      const done = (run: () => void) => {
        zip.removeAllListeners();
        run();
      };
      zip.once("entry", (entry: Entry) => done(() => resolve(entry)));
      zip.once("end", () => done(() => resolve(undefined)));
      zip.once("error", (error: Error) => done(() => reject(error)));
      zip.readEntry();
    });
  for (let entry = await next(); entry; entry = await next()) yield entry;
}
