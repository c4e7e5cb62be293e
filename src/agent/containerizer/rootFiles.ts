import { constants } from "node:fs";
import { lstat, open, readlink } from "node:fs/promises";
import { join } from "node:path";
import { InvalidSpecError } from "./errors.ts";

/** One mount as containerd's snapshotters describe it. */
export interface SnapshotMount {
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

const MAX_FILE_BYTES = 1 << 20;
/** As the kernel's own bound on links in one path. */
const MAX_LINKS = 40;

/** The folders that make up a snapshot, the topmost first; undefined for a snapshotter whose mounts are no folders. */
export function layerFolders(mounts: readonly SnapshotMount[]): string[] | undefined {
  const [mount] = mounts;
  if (mount === undefined || mounts.length !== 1) return undefined;
  if (mount.type === "bind") return [mount.source];
  if (mount.type !== "overlay") return undefined;
  const option = (name: string) =>
    mount.options.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1);
  const upper = option("upperdir");
  const lower = option("lowerdir")?.split(":") ?? [];
  return upper === undefined ? lower : [upper, ...lower];
}

type Found =
  | { readonly kind: "folder" }
  | { readonly kind: "file"; readonly at: string }
  | { readonly kind: "link"; readonly to: string };

/**
 * Finds and reads small files of a root file system that is not this process's own, by its layers. A path is walked name by name: links are followed within the
 * image and never by the kernel, so an image cannot point to a file of the node. An overlay's opaque folders are not known here.
 */
export class RootFiles {
  readonly #layers: readonly string[];

  /** `layers`: see layerFolders, as seen by this process. */
  constructor(layers: readonly string[]) {
    this.#layers = layers;
  }

  /** The file's text, "" if the image has no such file. Throws InvalidSpecError for one that is no plain small file. */
  async read(path: string): Promise<string> {
    const at = await this.locate(path);
    return at === undefined ? "" : readSmall(at, path);
  }

  /** Where the file lies for this process; undefined if there is none. Throws InvalidSpecError for a folder, or a circle of links. */
  async locate(path: string): Promise<string | undefined> {
    let rest = namesOf(path);
    let walked: string[] = [];
    let links = 0;
    for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
      if (name === "..") {
        walked.pop();
        continue;
      }
      const found = await this.#find([...walked, name].join("/"));
      if (found === undefined) return undefined;
      if (found.kind === "file") return rest.length > 0 ? undefined : found.at;
      if (found.kind === "folder") walked.push(name);
      if (found.kind !== "link") continue;
      if (++links > MAX_LINKS) throw new InvalidSpecError(`${path} has too many symbolic links`);
      if (found.to.startsWith("/")) walked = [];
      rest = [...namesOf(found.to), ...rest];
    }
    throw new InvalidSpecError(`${path} is a folder`);
  }

  async #find(relative: string): Promise<Found | undefined> {
    for (const layer of this.#layers) {
      const at = join(layer, relative);
      const stat = await lstat(at).catch(ignoreMissing);
      if (stat === undefined) continue;
      if (stat.isSymbolicLink()) return { kind: "link", to: await readlink(at) };
      if (stat.isDirectory()) return { kind: "folder" };
      // A character device 0:0 is overlayfs's mark of a file that an upper layer removed.
      if (stat.isCharacterDevice() && stat.rdev === 0) return undefined;
      return { kind: "file", at };
    }
    return undefined;
  }
}

function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

async function readSmall(at: string, path: string): Promise<string> {
  // O_NONBLOCK: opening a FIFO would wait for its writer.
  const file = await open(at, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    if (!stat.isFile() || stat.size > MAX_FILE_BYTES) {
      throw new InvalidSpecError(`${path} of the image is not a plain file below 1 MiB`);
    }
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
  throw error;
}
