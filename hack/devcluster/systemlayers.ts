import { readFileSync, realpathSync } from "node:fs";
import { run } from "./command.ts";
import type { LayerEntry } from "./ociimage.ts";

/** Debian's busybox-static. */
export const BUSYBOX = "/bin/busybox";

/** Debian's tini, linked statically: it runs in every image. */
export const TINI = "/usr/bin/tini-static";

export const NONROOT = 65532;

/** A small system: busybox under /bin, with a link for each of the programs it can be. */
export function busyboxEntries(applets: readonly string[]): LayerEntry[] {
  return [
    { path: "bin", directory: true },
    { path: "bin/busybox", content: readFileSync(BUSYBOX), mode: 0o755 },
    ...applets.filter((name) => name !== "busybox").map((name) => ({ path: `bin/${name}`, link: "busybox" })),
    { path: "tmp", directory: true, mode: 0o1777 },
  ];
}

/** The names busybox can be called by. */
export async function busyboxApplets(): Promise<string[]> {
  return (await run([BUSYBOX, "--list"])).split("\n").filter((name) => name !== "");
}

/** Users and name look-up, as programs of a C library expect them. */
export function accountEntries(): LayerEntry[] {
  const users = [
    "root:x:0:0:root:/root:/bin/sh",
    `nonroot:x:${NONROOT}:${NONROOT}:nonroot:/home/nonroot:/bin/sh`,
    "nobody:x:65534:65534:nobody:/nonexistent:/bin/false",
  ];
  const groups = ["root:x:0:", `nonroot:x:${NONROOT}:`, "nogroup:x:65534:"];
  return [
    { path: "etc", directory: true },
    { path: "etc/passwd", content: `${users.join("\n")}\n` },
    { path: "etc/group", content: `${groups.join("\n")}\n` },
    { path: "etc/nsswitch.conf", content: "passwd: files\ngroup: files\nhosts: files dns\n" },
    { path: "root", directory: true, mode: 0o700 },
  ];
}

/** Paths of the libraries and the loader in what `ldd` prints. */
export function parseLdd(output: string): string[] {
  return [...output.matchAll(/(?:^|=>)\s*(\/\S+) \(0x/gm)].map((match) => match[1] ?? "");
}

function parents(path: string): string[] {
  const parts = path.split("/").slice(1, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

/** A program of this machine at `path` of the image, with the libraries it is linked to. */
export async function programEntries(program: string, path: string): Promise<LayerEntry[]> {
  const libraries = parseLdd(await run(["ldd", program])).sort();
  const folders = new Set([path, ...libraries].flatMap(parents));
  return [
    ...[...folders].sort().map((folder) => ({ path: folder, directory: true as const })),
    ...libraries.map((library) => ({
      path: library,
      content: readFileSync(realpathSync(library)),
      mode: 0o755,
    })),
    { path, content: readFileSync(program), mode: 0o755 },
  ];
}
