import type { Connection } from "../containerd/connection.ts";
import { type Image, Images } from "../containerd/gen/containerd/images_pb.ts";
import { isAlreadyExists, isNotFound } from "../containerd/rpcError.ts";
import type { ContentStore } from "./contentStore.ts";
import {
  type Descriptor,
  isIndex,
  isManifest,
  type Manifest,
  type ParsedConfig,
  type Platform,
  parseConfig,
  parseManifest,
  selectManifest,
} from "./manifest.ts";
import { InvalidImageError } from "./provisioner.ts";

/** An image as its documents describe it, for one platform. */
export interface ImageDocuments extends ParsedConfig {
  /** What the name stands for: an index or a manifest. */
  readonly target: Descriptor;
  readonly manifestDescriptor: Descriptor;
  readonly manifest: Manifest;
}

/** The image of that name in a namespace, or undefined. */
export async function findImage(
  connection: Connection,
  name: string,
  namespace = connection.namespace,
): Promise<Image | undefined> {
  try {
    return (await connection.unary(Images.method.get, { name }, { namespace })).image;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Creates the image's record or points it at `target`. */
export async function recordImage(
  connection: Connection,
  name: string,
  target: Descriptor,
  labels: Readonly<Record<string, string>>,
): Promise<void> {
  const image = {
    name,
    labels,
    target: { mediaType: target.mediaType, digest: target.digest, size: BigInt(target.size) },
  };
  try {
    await connection.unary(Images.method.create, { image });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const paths = ["target", ...Object.keys(labels).map((key) => `labels.${key}`)];
    await connection.unary(Images.method.update, { image, updateMask: { paths } });
  }
}

/** Reads index, manifest and configuration. Throws a NOT_FOUND RpcError where a blob is missing. */
export async function readDocuments(
  content: ContentStore,
  image: Image,
  platform: Platform,
): Promise<ImageDocuments> {
  if (image.target === undefined) throw new InvalidImageError(`image ${image.name} has no target`);
  const { mediaType, digest, size } = image.target;
  const target: Descriptor = { mediaType, digest, size: Number(size) };
  let manifestDescriptor = target;
  if (isIndex(mediaType)) {
    manifestDescriptor = selectManifest(await content.readDocument(digest), platform);
  }
  if (!isManifest(manifestDescriptor.mediaType)) {
    throw new InvalidImageError(`image ${image.name} is of the unknown type ${manifestDescriptor.mediaType}`);
  }
  const manifest = parseManifest(await content.readDocument(manifestDescriptor.digest));
  const config = parseConfig(await content.readDocument(manifest.config.digest));
  return { target, manifestDescriptor, manifest, ...config };
}
