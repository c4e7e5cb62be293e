import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { type Binaries, binary } from "./binaries.ts";
import { PAUSE_IMAGE } from "./nodeconfig.ts";
import { image, type LayerEntry, layer, writeArchive } from "./ociimage.ts";
import { busyboxEntries } from "./systemlayers.ts";

export const COREDNS_IMAGE = "localhost/coredns:dev";

async function write(path: string, name: string, entries: LayerEntry[], entrypoint: string[]): Promise<void> {
  if (existsSync(path)) return;
  mkdirSync(dirname(path), { recursive: true });
  await writeArchive(path, image([await layer(entries)], { Entrypoint: entrypoint }), [name]);
}

/** Writes the archive of the pods' sandbox image unless it is there. */
export async function writePauseImage(path: string): Promise<void> {
  await write(path, PAUSE_IMAGE, busyboxEntries([]), ["/bin/busybox", "sleep", "2147483647"]);
}

/** Writes the archive of the cluster's DNS server unless it is there. */
export async function writeCorednsImage(path: string, binaries: Binaries): Promise<void> {
  const program = readFileSync(binary(binaries, "coredns"));
  await write(path, COREDNS_IMAGE, [{ path: "coredns", content: program, mode: 0o755 }], ["/coredns"]);
}
