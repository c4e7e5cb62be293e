import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Binaries, binary, cacheDir } from "./binaries.ts";
import { PAUSE_IMAGE } from "./nodeconfig.ts";
import { image, type LayerEntry, layer, writeArchive } from "./ociimage.ts";
import { busyboxEntries } from "./systemlayers.ts";

/** An image in an archive in the cache. */
export interface Archive {
  readonly name: string;
  readonly path: string;
}

async function write({ name, path }: Archive, entries: LayerEntry[], entrypoint: string[]): Promise<void> {
  if (existsSync(path)) return;
  mkdirSync(dirname(path), { recursive: true });
  await writeArchive(path, image([await layer(entries)], { Entrypoint: entrypoint }), [name]);
}

/** The file says the image's name, so that another name is another file. */
function archiveOf(name: string): Archive {
  return { name, path: join(cacheDir(), "images", `${name.replace(/[/:]/g, "_")}.tar`) };
}

/** The pods' sandbox image. */
export async function pauseImage(): Promise<Archive> {
  const archive = archiveOf(PAUSE_IMAGE);
  await write(archive, busyboxEntries([]), ["/bin/busybox", "sleep", "2147483647"]);
  return archive;
}

/** The cluster's DNS server. */
export async function corednsImage(binaries: Binaries): Promise<Archive> {
  const program = binary(binaries, "coredns");
  // The name of the program's folder tells one build from another.
  const key = basename(dirname(program));
  const archive = archiveOf(`localhost/${key}:dev`);
  await write(archive, [{ path: "coredns", content: readFileSync(program), mode: 0o755 }], ["/coredns"]);
  return archive;
}
