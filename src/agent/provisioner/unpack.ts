import { randomUUID } from "node:crypto";
import type { Connection } from "../containerd/connection.ts";
import { Diff } from "../containerd/gen/containerd/diff_pb.ts";
import { Snapshots } from "../containerd/gen/containerd/snapshots_pb.ts";
import { isAlreadyExists, isNotFound } from "../containerd/rpcError.ts";
import { chainIds, type Manifest } from "./manifest.ts";
import { InvalidImageError } from "./provisioner.ts";

/** Applying one layer, which may be gigabytes on a slow disk. */
const APPLY_DEADLINE_MS = 10 * 60_000;

export interface UnpackInput {
  readonly manifest: Manifest;
  readonly diffIds: readonly string[];
  readonly snapshotter: string;
  readonly lease: string;
  readonly signal?: AbortSignal | undefined;
}

export async function hasSnapshot(
  connection: Connection,
  snapshotter: string,
  key: string,
): Promise<boolean> {
  try {
    await connection.unary(Snapshots.method.stat, { snapshotter, key });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/**
 * Makes the snapshots of an image whose layers are in the content store, from the lowest up; those that exist are left. Two who unpack at
 * the same time do the same work, and one of them finds it done.
 */
export async function unpackLayers(connection: Connection, input: UnpackInput): Promise<void> {
  const { manifest, diffIds, snapshotter, lease, signal } = input;
  if (manifest.layers.length !== diffIds.length) {
    throw new InvalidImageError("the image's manifest and configuration differ in their number of layers");
  }
  const chain = chainIds(diffIds);
  const options = { lease, signal };
  for (const [i, layer] of manifest.layers.entries()) {
    const name = chain[i] ?? "";
    if (await hasSnapshot(connection, snapshotter, name)) continue;
    const key = `mesos-unpack-${randomUUID()} ${name}`;
    const { mounts } = await connection.unary(
      Snapshots.method.prepare,
      { snapshotter, key, parent: chain[i - 1] ?? "" },
      options,
    );
    try {
      const { applied } = await connection.unary(
        Diff.method.apply,
        { diff: { mediaType: layer.mediaType, digest: layer.digest, size: BigInt(layer.size) }, mounts },
        { ...options, deadlineMs: APPLY_DEADLINE_MS },
      );
      if (applied?.digest !== diffIds[i]) {
        throw new InvalidImageError(`layer ${layer.digest} unpacks to ${applied?.digest}, not ${diffIds[i]}`);
      }
      await connection.unary(Snapshots.method.commit, { snapshotter, name, key }, options);
    } catch (error) {
      await connection.unary(Snapshots.method.remove, { snapshotter, key }).catch(() => {});
      if (!isAlreadyExists(error)) throw error;
    }
  }
}
