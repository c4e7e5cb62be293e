import { cgroupsPath } from "../isolation/podCgroup.ts";
import type { ImageConfig } from "../provisioner/provisioner.ts";
import { capabilitiesFor } from "./capabilities.ts";
import { InvalidSpecError } from "./errors.ts";
import { containerMounts, INIT_TARGET, type NodeFiles } from "./mounts.ts";
import type { OciNamespace, OciProcess, OciSpec } from "./ociSpec.ts";
import { linuxResources, withInit } from "./resources.ts";
import { defaultSeccomp } from "./seccomp.ts";
import type { ContainerSpec, Network } from "./spec.ts";
import type { ResolvedUser } from "./users.ts";

export const SANDBOX_TARGET = "/mnt/mesos/sandbox";
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const DENY_ALL_DEVICES = [{ allow: false, access: "rwm" }];
const ALLOW_ALL_DEVICES = [{ allow: true, access: "rwm" }];

/** As container engines hide them: they leak the node's state or control it. */
const MASKED_PATHS = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];
const READONLY_PATHS = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/** What the node and the agent are, as far as a container depends on it. */
export interface NodeFacts {
  readonly cgroupVersion: "v1" | "v2";
  readonly swapAccounting: boolean;
  /** process.arch of the node. */
  readonly arch: string;
  /** The agent's own, as names. */
  readonly capabilities: readonly string[];
  /** The agent's own: a lower one cannot be given without CAP_SYS_RESOURCE. */
  readonly oomScoreAdj: number;
}

export interface SpecInput {
  readonly spec: ContainerSpec;
  readonly image: ImageConfig;
  readonly user: ResolvedUser;
  readonly files: NodeFiles;
  readonly facts: NodeFacts;
  /** The namespace that a CNI network is attached to: its own, or the one that it shares. */
  readonly netns?: string;
  /** The init's file on the node; with it the command runs below it. */
  readonly init?: string;
}

/** The OCI runtime spec of a container; throws InvalidSpecError for what can never run. */
export function buildSpec(input: SpecInput): OciSpec {
  const { spec, user, files, facts } = input;
  const security = spec.security ?? {};
  const privileged = security.privileged === true;
  if (security.runAsNonRoot && user.uid === 0)
    throw new InvalidSpecError("the container would run as root (uid 0)");
  const process = buildProcess(input);
  const seccomp =
    privileged || security.seccomp === "unconfined"
      ? undefined
      : defaultSeccomp(process.capabilities.bounding, facts.arch);
  return {
    ociVersion: "1.1.0",
    process,
    root: { path: "rootfs", readonly: security.readOnlyRootfs === true },
    ...(spec.hostname !== undefined && hasOwnNetwork(spec.network) ? { hostname: spec.hostname } : {}),
    mounts: containerMounts(spec, files, SANDBOX_TARGET, input.init),
    linux: {
      cgroupsPath: cgroupsPath(spec.cgroup, spec.id),
      namespaces: namespaces(spec.network, facts.cgroupVersion, input.netns),
      resources: {
        devices: privileged ? ALLOW_ALL_DEVICES : DENY_ALL_DEVICES,
        ...linuxResources(withInit(spec.limits, input.init !== undefined), facts, "create"),
      },
      ...(seccomp === undefined ? {} : { seccomp }),
      ...(privileged ? {} : { maskedPaths: MASKED_PATHS, readonlyPaths: READONLY_PATHS }),
      ...propagation(spec),
    },
  };
}

export function hasOwnNetwork(network: Network): boolean {
  return network.type === "cni" || network.type === "container" || network.type === "none";
}

/** A mount that receives or sends events needs the container's root not to be private. */
function propagation(spec: ContainerSpec): { rootfsPropagation?: string } {
  const kinds = new Set((spec.mounts ?? []).map((mount) => mount.propagation));
  if (kinds.has("shared")) return { rootfsPropagation: "rshared" };
  return kinds.has("slave") ? { rootfsPropagation: "rslave" } : {};
}

function buildProcess({ spec, image, user, facts, init }: SpecInput): OciProcess {
  const security = spec.security ?? {};
  const capabilities = capabilitiesFor(security, facts.capabilities);
  // The primary group too: a setgid program must not shed it, lest it escape what is forbidden to that group.
  const additionalGids = [...new Set([user.gid, ...user.additionalGids, ...(spec.supplementalGroups ?? [])])];
  const sandbox = spec.sandbox === undefined ? undefined : (spec.sandbox.target ?? SANDBOX_TARGET);
  const cwd = spec.cwd ?? (image.workingDir || sandbox || "/");
  if (!cwd.startsWith("/")) throw new InvalidSpecError(`working directory "${cwd}" is not absolute`);
  return {
    terminal: false,
    user: { uid: user.uid, gid: user.gid, additionalGids },
    args: [...(init === undefined ? [] : [INIT_TARGET, "--"]), ...commandLine(spec, image)],
    env: environment(spec, image, user),
    cwd,
    capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    ...(spec.rlimits === undefined
      ? {}
      : {
          rlimits: spec.rlimits.map(({ type, hard, soft }) => ({
            type,
            hard: Number(hard),
            soft: Number(soft),
          })),
        }),
    noNewPrivileges: security.noNewPrivileges ?? security.privileged !== true,
    ...(spec.oomScoreAdj === undefined ? {} : { oomScoreAdj: Math.max(spec.oomScoreAdj, facts.oomScoreAdj) }),
  };
}

function commandLine(spec: ContainerSpec, image: ImageConfig): readonly string[] {
  const argv =
    spec.command === undefined
      ? [...image.entrypoint, ...(spec.args ?? image.cmd)]
      : [...spec.command, ...(spec.args ?? [])];
  if (argv.length === 0 || argv[0] === "") {
    throw new InvalidSpecError(`no command is given and image ${image.name} has neither entrypoint nor cmd`);
  }
  return argv;
}

function environment(spec: ContainerSpec, image: ImageConfig, user: ResolvedUser): string[] {
  const merged: Record<string, string> = {
    PATH: DEFAULT_PATH,
    HOME: user.home ?? (user.uid === 0 ? "/root" : "/"),
    ...image.env,
    ...spec.env,
  };
  return Object.entries(merged).map(([name, value]) => {
    if (name === "" || /[=\0]/.test(name) || value.includes("\0")) {
      throw new InvalidSpecError(`environment variable ${JSON.stringify(name)} cannot be set`);
    }
    return `${name}=${value}`;
  });
}

function namespaces(
  network: Network,
  cgroupVersion: "v1" | "v2",
  attached: string | undefined,
): OciNamespace[] {
  const list: OciNamespace[] = [{ type: "pid" }, { type: "ipc" }, { type: "uts" }, { type: "mount" }];
  // On v1 a cgroup namespace hides nothing that matters and confuses programs that read /proc/self/cgroup.
  if (cgroupVersion === "v2") list.push({ type: "cgroup" });
  if (network.type === "host") return list;
  const path = network.type === "netns" ? network.path : attached;
  return [...list, path === undefined ? { type: "network" } : { type: "network", path }];
}
