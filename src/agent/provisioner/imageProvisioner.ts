import type { Connection } from "../containerd/connection.ts";
import { Containers } from "../containerd/gen/containerd/containers_pb.ts";
import { type Image, Images } from "../containerd/gen/containerd/images_pb.ts";
import { Version } from "../containerd/gen/containerd/version_pb.ts";
import { isNotFound, isUnimplemented } from "../containerd/rpcError.ts";
import { ContentStore } from "./contentStore.ts";
import { pullByCri } from "./criPull.ts";
import { otherCredentials } from "./dockerConfig.ts";
import { findImage, type ImageDocuments, readDocuments, recordImage } from "./imageStore.ts";
import { KeyedLock } from "./keyedLock.ts";
import { withLease } from "./lease.ts";
import { chainIds, childLabels, type Platform, platformOf } from "./manifest.ts";
import {
  type ImageConfig,
  ImageNotPresentError,
  ImagePullError,
  type Provisioner,
  type PullOptions,
} from "./provisioner.ts";
import { pullImage } from "./pull.ts";
import { type ImageReference, parseReference } from "./reference.ts";
import { hasSnapshot, unpackLayers } from "./unpack.ts";

export interface ImageProvisionerOptions {
  readonly snapshotter: string;
  /** process.arch of the node. */
  readonly arch: string;
  /** The kubelet's namespace, whose images are taken over where the policy allows; undefined: none. */
  readonly sharedNamespace?: string;
  /** See PullRequest. */
  readonly registryConfigDir?: string | undefined;
  /**
   * - `transfer`: containerd's Transfer service
   * - `cri`: the CRI, into the kubelet's namespace, and taken over from there
   * - `auto`: transfer, but before containerd 2 the CRI where there is one, for only that knows the node's registry settings
   */
  readonly pullBy: "auto" | "transfer" | "cri";
  /** Default 15 min. */
  readonly pullDeadlineMs?: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** On the image's record: when a pull last asked for it, in ms since the epoch. */
const LAST_USED = "mesos.dev/last-used";
/** The label is for hours and days; it need not be written each time. */
const LAST_USED_STEP_MS = 10 * 60_000;

/** Images in containerd. */
export class ImageProvisioner implements Provisioner {
  readonly #connection: Connection;
  readonly #options: ImageProvisionerOptions;
  readonly #platform: Platform;
  readonly #content: ContentStore;
  readonly #locks = new KeyedLock();

  constructor(connection: Connection, options: ImageProvisionerOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#platform = platformOf(options.arch);
    this.#content = new ContentStore(connection, connection.namespace);
  }

  async pull(text: string, options: PullOptions): Promise<ImageConfig> {
    const reference = parseReference(text);
    if (options.policy !== "Always") {
      const present = await this.#present(reference);
      if (present !== undefined) return present;
    }
    // Two hundred tasks of one image are one pull: those who waited find it present.
    return this.#locks.run(reference.name, async () => {
      options.signal?.throwIfAborted();
      if (options.policy !== "Always") {
        const present = (await this.#present(reference)) ?? (await this.#adopt(reference, options.signal));
        if (present !== undefined) return present;
        if (options.policy === "Never") {
          throw new ImageNotPresentError(`image ${reference.name} is not on the node and may not be pulled`);
        }
      }
      return this.#pull(reference, options);
    });
  }

  async collectGarbage(options: { unusedForMs: number; keep?: ReadonlySet<string> }): Promise<string[]> {
    const before = this.#options.now() - options.unusedForMs;
    const { images } = await this.#connection.unary(Images.method.list, {});
    // Listed after the images: a container made in between is seen.
    const { containers } = await this.#connection.unary(Containers.method.list, {});
    const used = new Set(containers.map((container) => container.image));
    const removed: string[] = [];
    for (const { name, labels } of images) {
      const lastUsed = Number(labels[LAST_USED] ?? 0);
      if (used.has(name) || options.keep?.has(name) || lastUsed > before) continue;
      await this.#locks
        .run(name, () => this.#connection.unary(Images.method.delete, { name }))
        .catch(ignoreNotFound);
      removed.push(name);
    }
    return removed;
  }

  /** The image if record, documents and snapshot are all there. */
  async #present(reference: ImageReference): Promise<ImageConfig | undefined> {
    const image = await findImage(this.#connection, reference.name);
    if (image === undefined) return undefined;
    const documents = await readDocuments(this.#content, image, this.#platform).catch(ignoreNotFound);
    if (documents === undefined) return undefined;
    const config = this.#toConfig(reference, documents);
    if (!(await hasSnapshot(this.#connection, config.snapshotter, config.chainId))) return undefined;
    await this.#touch(image);
    return config;
  }

  /** Takes over an image of the kubelet's, or one of ours that was never unpacked. Undefined if there is none, or not all of it. */
  async #adopt(reference: ImageReference, signal?: AbortSignal): Promise<ImageConfig | undefined> {
    const { namespace } = this.#connection;
    const { sharedNamespace } = this.#options;
    const own = await this.#adoptFrom(namespace, reference, signal);
    return (
      own ?? (sharedNamespace === undefined ? undefined : this.#adoptFrom(sharedNamespace, reference, signal))
    );
  }

  async #adoptFrom(
    namespace: string,
    reference: ImageReference,
    signal?: AbortSignal,
  ): Promise<ImageConfig | undefined> {
    const image = await findImage(this.#connection, reference.name, namespace);
    if (image === undefined) return undefined;
    try {
      return await withLease(this.#connection, "adopt", async (lease) => {
        const from = new ContentStore(this.#connection, namespace);
        const documents = await readDocuments(from, image, this.#platform);
        if (namespace !== this.#connection.namespace) await this.#copy(from, documents, lease);
        await this.#unpack(documents, lease, signal);
        await recordImage(this.#connection, reference.name, documents.target, this.#labels());
        return this.#toConfig(reference, documents);
      });
    } catch (error) {
      // The kubelet's containerd may be set to drop layers once unpacked; then it has to be pulled.
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Children first: a blob must not refer to what the namespace lacks. */
  async #copy(from: ContentStore, documents: ImageDocuments, lease: string): Promise<void> {
    const { target, manifestDescriptor, manifest } = documents;
    for (const blob of [...manifest.layers, manifest.config])
      await this.#content.adopt(from, blob, {}, lease);
    const children = childLabels([manifest.config, ...manifest.layers]);
    await this.#content.adopt(from, manifestDescriptor, children, lease);
    if (target.digest !== manifestDescriptor.digest) {
      await this.#content.adopt(from, target, childLabels([manifestDescriptor]), lease);
    }
  }

  /** With one matching credential after the other, until the registry takes one. */
  async #pull(reference: ImageReference, options: PullOptions): Promise<ImageConfig> {
    let credentials = options.credentials ?? [];
    for (;;) {
      try {
        return await this.#pullWith(reference, { ...options, credentials });
      } catch (error) {
        const others = otherCredentials(credentials, reference);
        if (others === undefined || !(error instanceof ImagePullError) || error.retryable) throw error;
        credentials = others;
      }
    }
  }

  async #pullWith(reference: ImageReference, options: PullOptions): Promise<ImageConfig> {
    const { pullBy, sharedNamespace } = this.#options;
    if (sharedNamespace === undefined || pullBy === "transfer")
      return this.#pullByTransfer(reference, options);
    if (pullBy === "cri") return this.#pullByCri(reference, sharedNamespace, options);
    const { version } = await this.#connection.unary(Version.method.version, {});
    if (!/^v?[01]\./.test(version)) return this.#pullByTransfer(reference, options);
    return this.#pullByCri(reference, sharedNamespace, options).catch((error: unknown) => {
      if (error instanceof ImagePullError && isUnimplemented(error.cause))
        return this.#pullByTransfer(reference, options);
      throw error;
    });
  }

  async #pullByCri(reference: ImageReference, namespace: string, options: PullOptions): Promise<ImageConfig> {
    await pullByCri(this.#connection, {
      reference,
      credentials: options.credentials ?? [],
      deadlineMs: this.#deadline(),
      signal: options.signal,
    });
    const config = await this.#adoptFrom(namespace, reference, options.signal);
    if (config !== undefined) return config;
    throw new ImagePullError(
      `image ${reference.name} was pulled, but its layers were not kept: is discard_unpacked_layers set in containerd?`,
      { retryable: true },
    );
  }

  async #pullByTransfer(reference: ImageReference, options: PullOptions): Promise<ImageConfig> {
    return withLease(this.#connection, "pull", async (lease) => {
      await pullImage(this.#connection, {
        reference,
        platform: this.#platform,
        snapshotter: this.#options.snapshotter,
        credentials: options.credentials ?? [],
        registryConfigDir: this.#options.registryConfigDir,
        labels: this.#labels(),
        lease,
        deadlineMs: this.#deadline(),
        signal: options.signal,
      });
      const image = await findImage(this.#connection, reference.name);
      if (image === undefined)
        throw new ImageNotPresentError(`image ${reference.name} went away while it was pulled`);
      const documents = await readDocuments(this.#content, image, this.#platform);
      await this.#unpack(documents, lease, options.signal);
      await this.#touch(image);
      return this.#toConfig(reference, documents);
    });
  }

  /** Also where Transfer has unpacked already: it finds the snapshots, and its own label says the same. */
  async #unpack({ manifest, diffIds }: ImageDocuments, lease: string, signal?: AbortSignal): Promise<void> {
    const { snapshotter } = this.#options;
    await unpackLayers(this.#connection, { manifest, diffIds, snapshotter, lease, signal });
    const chainId = chainIds(diffIds).at(-1) ?? "";
    const label = { [`containerd.io/gc.ref.snapshot.${snapshotter}`]: chainId };
    await this.#content.setLabels(manifest.config.digest, label, lease);
  }

  #toConfig(reference: ImageReference, { target, diffIds, settings }: ImageDocuments): ImageConfig {
    return {
      name: reference.name,
      digest: target.digest,
      snapshotter: this.#options.snapshotter,
      chainId: chainIds(diffIds).at(-1) ?? "",
      ...settings,
    };
  }

  #deadline(): number {
    return this.#options.pullDeadlineMs ?? 15 * 60_000;
  }

  #labels(): Record<string, string> {
    return { [LAST_USED]: String(this.#options.now()) };
  }

  async #touch(image: Image): Promise<void> {
    if (Number(image.labels[LAST_USED] ?? 0) > this.#options.now() - LAST_USED_STEP_MS) return;
    // The target goes along although it is not in the mask: containerd 2.4 reads it all the same, and dies of its absence.
    const { name, target } = image;
    if (target === undefined) return;
    await this.#connection
      .unary(Images.method.update, {
        image: { name, target, labels: this.#labels() },
        updateMask: { paths: [`labels.${LAST_USED}`] },
      })
      .catch(ignoreNotFound);
  }
}

function ignoreNotFound(error: unknown): undefined {
  if (isNotFound(error)) return undefined;
  throw error;
}
