import type { PodCgroup } from "../isolation/podCgroup.ts";

/** What a container may use. */
export interface Limits {
  /** cpus requested: become weight (shares), 1 cpu = 1024, at least 2. */
  readonly cpus: number;
  /** cpus at most: becomes a CFS quota. Undefined: no quota. */
  readonly cpuLimit?: number;
  /** Hard limit; undefined: unlimited below the slot's. Swap is never given. */
  readonly memoryBytes?: number;
  readonly pids?: number;
}

/** A file or folder of the node (as containerd's mount namespace names it) seen in the container. */
export interface BindMount {
  readonly source: string;
  readonly target: string;
  readonly readOnly?: boolean;
  readonly propagation?: "private" | "slave" | "shared";
}

export interface PortMapping {
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly hostIP?: string;
}

/**
 * - `host`: the node's network, as Mesos does by default
 * - `netns`: a namespace that exists, e.g. the slot Pod's
 * - `container`: that of another container with a `cni` network, with its addresses and host name; the other is removed last
 * - `none`: a new namespace with loopback only
 * - `cni`: a new namespace joined to the named network of the CNI configuration folder
 */
export type Network =
  | { readonly type: "host" }
  | { readonly type: "netns"; readonly path: string }
  | { readonly type: "container"; readonly id: string }
  | { readonly type: "none" }
  | { readonly type: "cni"; readonly name?: string; readonly portMappings?: readonly PortMapping[] };

export interface Security {
  /** All capabilities, all devices, no seccomp, nothing masked. */
  readonly privileged?: boolean;
  /** Beside the usual default set; names with or without CAP_. "ALL" is understood in both. */
  readonly addCapabilities?: readonly string[];
  readonly dropCapabilities?: readonly string[];
  /** Default true: no gain of privileges by setuid programs. */
  readonly noNewPrivileges?: boolean;
  /** Default "default". */
  readonly seccomp?: "default" | "unconfined";
  readonly readOnlyRootfs?: boolean;
  /** Refuses (InvalidSpecError) a user that resolves to uid 0. */
  readonly runAsNonRoot?: boolean;
}

export interface Rlimit {
  /** "RLIMIT_NOFILE", … */
  readonly type: string;
  readonly hard: bigint;
  readonly soft: bigint;
}

export interface Dns {
  readonly nameservers: readonly string[];
  readonly searches?: readonly string[];
  readonly options?: readonly string[];
}

export interface ContainerSpec {
  /** The Task's UID (or executor's): names the container once and for all. [A-Za-z0-9][A-Za-z0-9_.-]*, at most 76. */
  readonly id: string;
  /** Come back from recover(). Keys as in Kubernetes labels; key + value at most 4096 bytes. */
  readonly labels: Readonly<Record<string, string>>;
  /** Replaces the image's entrypoint and drops its cmd (Kubernetes' `command`). */
  readonly command?: readonly string[];
  /** Replaces the image's cmd (Kubernetes' `args`). */
  readonly args?: readonly string[];
  /**
   * The command is not the container's first process but the child of a small init: signals end it as they would outside of a
   * container, also without a handler, and orphans are reaped. Default false: what is begun is the first process.
   */
  readonly init?: boolean;
  /** Over the image's. */
  readonly env: Readonly<Record<string, string>>;
  /** "uid", "uid:gid", "name", "name:group"; names from the image's passwd and group. Default: the image's user, else root. */
  readonly user?: string;
  readonly supplementalGroups?: readonly number[];
  /** Default: the image's working directory, else the sandbox, else "/". */
  readonly cwd?: string;
  /** A folder of the node bound at `target` (default /mnt/mesos/sandbox). */
  readonly sandbox?: { readonly source: string; readonly target?: string };
  readonly mounts?: readonly BindMount[];
  readonly network: Network;
  /** Ignored on the node's network. */
  readonly hostname?: string;
  /** Default: the node's resolv.conf. */
  readonly dns?: Dns;
  /** The slot Pod's cgroup, see isolation/; undefined puts the container at /mesos (tests). */
  readonly cgroup?: PodCgroup;
  readonly limits: Limits;
  readonly security?: Security;
  readonly rlimits?: readonly Rlimit[];
  /** -1000..1000; raised to the agent's own if lower. */
  readonly oomScoreAdj?: number;
  /** Files on the node that take the output; made if missing; rotated by LogRotation. */
  readonly stdout: string;
  readonly stderr: string;
}
