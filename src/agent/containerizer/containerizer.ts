import type { ImageConfig } from "../provisioner/provisioner.ts";
import type { ContainerSpec, Limits } from "./spec.ts";

/** How a container's main process ended. */
export interface ExitStatus {
  /** 0-255; a process ended by signal n has 128 + n, as the runtime reports it. */
  readonly code: number;
  /** Present when code says that a signal ended the process: "SIGKILL", "SIGTERM", … */
  readonly signal?: string;
  readonly exitedAt: Date;
  /** The kernel killed a process of the container for want of memory and the container failed. */
  readonly oomKilled: boolean;
}

export interface RunningContainer {
  readonly id: string;
  /** The main process, as seen from containerd's pid namespace (the node's). */
  readonly pid: number;
  readonly startedAt: Date;
  /** Addresses of a network of its own (CNI); empty on the node's network. */
  readonly addresses: readonly string[];
}

/**
 * A container found again.
 * - `running`, `exited` (with `exit`)
 * - `created`: the process was made, yet never let go (the agent ended in between): remove it, it ran nothing
 * - `gone`: a record without a process: the node was rebooted, or its shim was killed; how it ended is not known
 */
export interface RecoveredContainer {
  readonly id: string;
  readonly state: "running" | "exited" | "created" | "gone";
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: Date;
  readonly addresses: readonly string[];
  readonly pid?: number;
  readonly exit?: ExitStatus;
}

export interface Usage {
  readonly cpuNanos: bigint;
  /** The same by where it was spent, as exactly as the kernel tells. */
  readonly userNanos: bigint;
  readonly systemNanos: bigint;
  /** All that is charged to the container, and what of it is anonymous memory and page cache. */
  readonly memoryTotalBytes: number;
  readonly memoryAnonBytes: number;
  readonly memoryFileBytes: number;
  /** Working set in bytes: usage without inactive page cache, as the kubelet counts. */
  readonly memoryBytes: number;
  /** Undefined when unlimited. */
  readonly memoryLimitBytes?: number;
  /** Processes and threads. */
  readonly pids: number;
  /** CFS periods and those throttled; undefined where no quota is set. */
  readonly throttling?: {
    readonly periods: number;
    readonly throttled: number;
    readonly throttledNanos: bigint;
  };
}

export interface ExecOptions {
  /** Milliseconds; the process and its descendants are then killed and `timedOut` is true. */
  readonly timeoutMs: number;
  /** Bytes kept of each of stdout and stderr; default 64 KiB. */
  readonly maxOutputBytes?: number;
  readonly signal?: AbortSignal;
}

export interface ExecResult {
  /** As in {@link ExitStatus}; meaningless when timedOut. */
  readonly code: number;
  readonly timedOut: boolean;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/**
 * Runs containers on one node. Every method may throw the errors of `errors.ts`; all of them may be called again after a failure.
 * Containers live on without this process: a new one calls `recover` first.
 */
export interface Containerizer {
  /**
   * Creates and starts. `image` comes from {@link Provisioner.pull}. Throws ContainerExistsError when the id is taken: a launch is never
   * repeated. After any other error nothing of the container is left, but after RuntimeUnavailableError, or if a warning was logged, something
   * may be: call `remove(id)` until it goes through.
   */
  launch(spec: ContainerSpec, image: ImageConfig, signal?: AbortSignal): Promise<RunningContainer>;
  /** The ids that a ContainerSpec's `user` means in this image, as launch finds them. Throws InvalidSpecError for an unknown name. */
  resolveUser(image: ImageConfig, user: string | undefined): Promise<{ uid: number; gid: number }>;
  /** Everything that carries this agent's label, read afresh from containerd: events are never trusted. */
  recover(): Promise<RecoveredContainer[]>;
  /** Resolves when the main process has ended, also if that was before the call; survives a restart of containerd. */
  wait(id: string, signal?: AbortSignal): Promise<ExitStatus>;
  /** Signals the main process, or with `all` each process of the container. A container that has ended is no error. */
  kill(id: string, signal: string, options?: { readonly all?: boolean }): Promise<void>;
  /** Kills what is left, deletes process, network and snapshot; the sandbox stays. An unknown id is no error. */
  remove(id: string): Promise<void>;
  usage(id: string): Promise<Usage>;
  /** Runs argv inside, as the container's user with its environment plus `env`. */
  exec(
    id: string,
    argv: readonly string[],
    env: Readonly<Record<string, string>>,
    options: ExecOptions,
  ): Promise<ExecResult>;
  /** Changes the limits of a running container. */
  update(id: string, limits: Limits): Promise<void>;
  /** Process ids of the container, as seen from the node. */
  pids(id: string): Promise<number[]>;
  /** True once the kernel has killed in it for want of memory; still answers after `remove` by this process. */
  oomKilled(id: string): Promise<boolean>;
}
