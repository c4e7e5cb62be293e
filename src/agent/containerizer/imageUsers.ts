import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Connection } from "../containerd/connection.ts";
import { Snapshots } from "../containerd/gen/containerd/snapshots_pb.ts";
import { isNotFound } from "../containerd/rpcError.ts";
import type { NodeAccess } from "../isolation/cni/plugin.ts";
import { withLease } from "../provisioner/lease.ts";
import type { ImageConfig } from "../provisioner/provisioner.ts";
import { InvalidSpecError } from "./errors.ts";
import { layerFolders, RootFiles, type SnapshotMount } from "./rootFiles.ts";
import { needsNames, type ResolvedUser, resolveUser } from "./users.ts";

/** The user by the passwd and group files in a snapshot. Throws InvalidSpecError for a name that is not in them. */
export async function userInSnapshot(
  node: NodeAccess,
  image: ImageConfig,
  user: string | undefined,
  mounts: readonly SnapshotMount[],
): Promise<ResolvedUser> {
  const wanted = user ?? image.user;
  const layers = layerFolders(mounts);
  if (layers === undefined) {
    if (!needsNames(wanted)) return resolveUser(wanted, "", "");
    throw new InvalidSpecError(
      `user "${wanted}" needs the image's files, which snapshotter ${image.snapshotter} hides: use numbers`,
    );
  }
  const files = new RootFiles(layers.map((layer) => join(node.root, layer)));
  return resolveUser(wanted, await files.read("/etc/passwd"), await files.read("/etc/group"));
}

/** The same before there is a container, by a passing view of the image. */
export async function userInImage(
  connection: Connection,
  node: NodeAccess,
  image: ImageConfig,
  user: string | undefined,
): Promise<ResolvedUser> {
  const { snapshotter, chainId: parent } = image;
  return withLease(connection, "view", async (lease) => {
    const key = `mesos-view-${randomUUID()}`;
    const { mounts } = await connection.unary(Snapshots.method.view, { snapshotter, key, parent }, { lease });
    try {
      return await userInSnapshot(node, image, user, mounts);
    } finally {
      await connection.unary(Snapshots.method.remove, { snapshotter, key }).catch((error) => {
        if (!isNotFound(error)) throw error;
      });
    }
  });
}
