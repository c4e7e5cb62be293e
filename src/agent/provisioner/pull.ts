import { packMessage } from "../containerd/any.ts";
import type { Connection } from "../containerd/connection.ts";
import { Transfer } from "../containerd/gen/containerd/transfer_pb.ts";
import { ImageStoreSchema, OCIRegistrySchema } from "../containerd/gen/containerd/transferTypes_pb.ts";
import { RpcError } from "../containerd/rpcError.ts";
import { openAuthStream } from "./authStream.ts";
import { credentialsFor } from "./dockerConfig.ts";
import type { Platform } from "./manifest.ts";
import type { DockerConfig } from "./provisioner.ts";
import { pullError } from "./pullError.ts";
import type { ImageReference } from "./reference.ts";

export interface PullRequest {
  readonly reference: ImageReference;
  readonly platform: Platform;
  readonly snapshotter: string;
  readonly credentials: readonly DockerConfig[];
  /** Folder on the node with a hosts.toml a registry (containerd's docs/hosts.md). */
  readonly registryConfigDir?: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly lease: string;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Pulls and unpacks by containerd's Transfer service (1.7 and later) and records the image. Throws ImagePullError. */
export async function pullImage(connection: Connection, request: PullRequest): Promise<void> {
  const { reference, platform, snapshotter, lease, deadlineMs, signal } = request;
  const options = { lease, deadlineMs, signal };
  const auth =
    request.credentials.length === 0
      ? undefined
      : await openAuthStream(connection, options, (host) =>
          credentialsFor(request.credentials, { ...reference, domain: host }),
        ).catch((error) => {
          throw pullError(reference, error);
        });
  const resolver = {
    ...(auth === undefined ? {} : { authStream: auth.id }),
    ...(request.registryConfigDir === undefined ? {} : { hostDir: request.registryConfigDir }),
  };
  const transfer = (unpack: boolean) =>
    connection.unary(
      Transfer.method.transfer,
      {
        source: packMessage(OCIRegistrySchema, { reference: reference.name, resolver }),
        destination: packMessage(ImageStoreSchema, {
          name: reference.name,
          labels: request.labels,
          platforms: [platform],
          unpacks: unpack ? [{ platform, snapshotter }] : [],
        }),
      },
      options,
    );
  try {
    await transfer(true).catch((error) => {
      // A snapshotter that the transfer plugin's unpack_config does not name: the layers are then unpacked by us.
      if (error instanceof RpcError && /unable to initialize unpacker/.test(error.message))
        return transfer(false);
      throw error;
    });
  } catch (error) {
    throw pullError(reference, error);
  } finally {
    auth?.close();
  }
}
