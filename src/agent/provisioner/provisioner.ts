import { ContainerizerError } from "../containerizer/errors.ts";

export type PullPolicy = "IfNotPresent" | "Always" | "Never";

/** What an image says of itself, and what a container is made from. */
export interface ImageConfig {
  /** Normalised reference, e.g. docker.io/library/busybox:1.37. */
  readonly name: string;
  /** Digest of the manifest or index the name stands for. */
  readonly digest: string;
  readonly snapshotter: string;
  /** The committed snapshot that holds the root file system. */
  readonly chainId: string;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** "" for root. */
  readonly user: string;
  readonly workingDir: string;
  readonly stopSignal?: string;
}

/** The content of a Secret of type kubernetes.io/dockerconfigjson, parsed. Values are never logged. */
export interface DockerConfig {
  readonly auths: Readonly<Record<string, DockerAuth>>;
}

export interface DockerAuth {
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
}

export interface PullOptions {
  readonly policy: PullPolicy;
  /** Tried in order of the most exact match of host and path. */
  readonly credentials?: readonly DockerConfig[];
  readonly signal?: AbortSignal;
}

export interface Provisioner {
  /**
   * Makes an image ready to run. With IfNotPresent an image that the node already has, also one of the kubelet's, is taken without a pull.
   * Throws ImagePullError, ImageNotPresentError (Never) or InvalidImageError.
   */
  pull(reference: string, options: PullOptions): Promise<ImageConfig>;
  /** Removes images that no container uses and no pull has asked for within `unusedForMs`; returns their names. */
  collectGarbage(options: {
    readonly unusedForMs: number;
    readonly keep?: ReadonlySet<string>;
  }): Promise<string[]>;
}

/** The registry or the runtime failed. `retryable` is false where a new try cannot help: denied, not found. */
export class ImagePullError extends ContainerizerError {
  override readonly name = "ImagePullError";
  readonly retryable: boolean;
  constructor(message: string, options: { readonly retryable: boolean; readonly cause?: unknown }) {
    super(message, { cause: options.cause });
    this.retryable = options.retryable;
  }
}

/** Policy Never and the image is not on the node. */
export class ImageNotPresentError extends ContainerizerError {
  override readonly name = "ImageNotPresentError";
}

/** The reference cannot be parsed, or the image is not one this node can run (platform, media type). */
export class InvalidImageError extends ContainerizerError {
  override readonly name = "InvalidImageError";
}
