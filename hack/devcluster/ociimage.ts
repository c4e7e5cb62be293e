import { createHash } from "node:crypto";
import { createWriteStream, renameSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { pack } from "tar-stream";

/** One entry of a layer. Owner is root and the time is 1970, so that the same content gives the same image. */
export type LayerEntry =
  | { readonly path: string; readonly content: Buffer | string; readonly mode?: number }
  | { readonly path: string; readonly link: string }
  | { readonly path: string; readonly directory: true; readonly mode?: number };

/** What the image says of its process, in the OCI image configuration's terms. */
export interface ImageConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly User?: string;
  readonly WorkingDir?: string;
}

export interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly content: Buffer;
}

export interface Image {
  readonly config: Blob;
  readonly layers: readonly Blob[];
  readonly manifest: Blob;
}

const OCI = "application/vnd.oci.image";
const EPOCH = new Date(0);
const ARCHITECTURES: Partial<Record<NodeJS.Architecture, string>> = { x64: "amd64", arm64: "arm64" };

function blob(mediaType: string, content: Buffer): Blob {
  const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
  return { mediaType, digest, size: content.length, content };
}

function json(mediaType: string, value: unknown): Blob {
  return blob(mediaType, Buffer.from(JSON.stringify(value)));
}

const descriptor = ({ mediaType, digest, size }: Blob) => ({ mediaType, digest, size });

/** The entries as an uncompressed tar, in the order given. */
export async function layer(entries: readonly LayerEntry[]): Promise<Buffer> {
  const tar = pack();
  for (const entry of entries) {
    const name = entry.path.replace(/^\//, "");
    const common = { name, mtime: EPOCH, uid: 0, gid: 0 };
    if ("link" in entry) tar.entry({ ...common, type: "symlink", linkname: entry.link });
    else if ("directory" in entry) tar.entry({ ...common, type: "directory", mode: entry.mode ?? 0o755 });
    else tar.entry({ ...common, mode: entry.mode ?? 0o644 }, entry.content);
  }
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** An image for this machine's architecture. */
export function image(layers: readonly Buffer[], config: ImageConfig): Image {
  const blobs = layers.map((content) => blob(`${OCI}.layer.v1.tar`, content));
  const configuration = json(`${OCI}.config.v1+json`, {
    created: EPOCH.toISOString(),
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
    os: "linux",
    config,
    // Uncompressed layers: the digest of the blob is that of its content.
    rootfs: { type: "layers", diff_ids: blobs.map(({ digest }) => digest) },
  });
  const manifest = json(`${OCI}.manifest.v1+json`, {
    schemaVersion: 2,
    mediaType: `${OCI}.manifest.v1+json`,
    config: descriptor(configuration),
    layers: blobs.map(descriptor),
  });
  return { config: configuration, layers: blobs, manifest };
}

/** The name by which containerd knows `name`: a registry and a path are put before what has none. */
export function fullName(name: string): string {
  const first = name.split("/")[0] ?? "";
  if (name.includes("/") && (/[.:]/.test(first) || first === "localhost")) return name;
  return name.includes("/") ? `docker.io/${name}` : `docker.io/library/${name}`;
}

/** Writes an archive that `ctr images import`, `kind load image-archive` and `docker load` understand. */
export async function writeArchive(path: string, image: Image, names: readonly string[]): Promise<void> {
  const file = ({ digest }: Blob) => `blobs/${digest.replace(":", "/")}`;
  const index = {
    schemaVersion: 2,
    mediaType: `${OCI}.index.v1+json`,
    manifests: names.map((name) => ({
      ...descriptor(image.manifest),
      annotations: {
        "io.containerd.image.name": fullName(name),
        "org.opencontainers.image.ref.name": name.replace(/^.*:/, ""),
      },
    })),
  };
  const docker = [{ Config: file(image.config), RepoTags: names, Layers: image.layers.map(file) }];
  const tar = pack();
  const header = (name: string) => ({ name, mtime: EPOCH, uid: 0, gid: 0, mode: 0o644 });
  tar.entry(header("oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  tar.entry(header("index.json"), JSON.stringify(index));
  tar.entry(header("manifest.json"), JSON.stringify(docker));
  const blobs = new Map([image.config, image.manifest, ...image.layers].map((each) => [each.digest, each]));
  for (const each of blobs.values()) tar.entry(header(file(each)), each.content);
  tar.finalize();
  const temporary = `${path}.${process.pid}`;
  await pipeline(tar, createWriteStream(temporary));
  renameSync(temporary, path);
}
