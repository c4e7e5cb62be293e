import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { extract } from "tar-stream";
import { ClusterError } from "./failure.ts";
import type { Blob, Image } from "./ociimage.ts";

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** The files of a tar by name. */
async function readTar(path: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const tar = extract();
  tar.on("entry", (header, stream, next) => {
    const chunks: Uint8Array[] = [];
    stream.on("data", (chunk) => chunks.push(chunk as Uint8Array));
    stream.on("end", () => {
      files.set(header.name, Buffer.concat(chunks));
      next();
    });
  });
  await pipeline(createReadStream(path), tar);
  return files;
}

/**
 * The first image of an OCI archive.
 * @throws ClusterError when the archive is none, or lacks a part.
 */
export async function readArchive(path: string): Promise<Image> {
  const files = await readTar(path);
  const file = (name: string): Buffer => {
    const content = files.get(name);
    if (content === undefined) throw new ClusterError(`${path} has no ${name}: it is no OCI archive`);
    return content;
  };
  const blob = ({ mediaType, digest, size }: Descriptor): Blob => {
    return { mediaType, digest, size, content: file(`blobs/${digest.replace(":", "/")}`) };
  };
  const index = JSON.parse(file("index.json").toString()) as { manifests: Descriptor[] };
  const [first] = index.manifests;
  if (first === undefined) throw new ClusterError(`${path} holds no image`);
  const manifest = blob(first);
  const parts = JSON.parse(manifest.content.toString()) as { config: Descriptor; layers: Descriptor[] };
  return { manifest, config: blob(parts.config), layers: parts.layers.map(blob) };
}
