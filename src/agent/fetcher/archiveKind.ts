export type Compression = "none" | "gzip" | "bzip2" | "xz";

export type ArchiveKind =
  | { readonly type: "tar"; readonly compression: Compression }
  | { readonly type: "zip" }
  /** A single compressed file; `name` is that of the content. */
  | { readonly type: "gz"; readonly name: string };

const SUFFIXES: readonly (readonly [string, Compression])[] = [
  [".tar", "none"],
  [".tar.gz", "gzip"],
  [".tgz", "gzip"],
  [".tar.bz2", "bzip2"],
  [".tbz2", "bzip2"],
  [".tar.xz", "xz"],
  [".txz", "xz"],
];

/** What a file is by its name, as in Mesos (src/launcher/fetcher.cpp extract()); undefined: no archive. */
export function archiveKind(fileName: string): ArchiveKind | undefined {
  for (const [suffix, compression] of SUFFIXES) {
    if (fileName.endsWith(suffix)) return { type: "tar", compression };
  }
  if (fileName.endsWith(".zip")) return { type: "zip" };
  if (fileName.endsWith(".gz")) return { type: "gz", name: fileName.slice(0, -".gz".length) };
  return undefined;
}
