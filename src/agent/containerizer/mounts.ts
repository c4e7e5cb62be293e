import { posix } from "node:path";
import { InvalidSpecError } from "./errors.ts";
import type { OciMount } from "./ociSpec.ts";
import type { BindMount, ContainerSpec } from "./spec.ts";

/** Files of the node that stand in for the image's own. */
export interface NodeFiles {
  readonly resolvConf?: string;
  readonly hosts?: string;
  readonly hostname?: string;
}

/** In the container. Right below the root, where no volume can come to lie over it. */
export const INIT_TARGET = "/.mesos-init";

const KERNEL: readonly OciMount[] = [
  { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
  {
    destination: "/dev",
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
  },
  {
    destination: "/dev/pts",
    type: "devpts",
    source: "devpts",
    options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
  },
  {
    destination: "/dev/shm",
    type: "tmpfs",
    source: "shm",
    options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"],
  },
  { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
];

/** A privileged container has the node's devices; with /dev bound the runtime makes no nodes in it. */
const NODE_DEVICES: readonly OciMount[] = [
  { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
  { destination: "/dev", type: "bind", source: "/dev", options: ["rbind", "rw", "rprivate"] },
];

/** Kernel file systems, then resolv.conf and the like, the sandbox, and the volumes in the order given. */
export function containerMounts(
  spec: ContainerSpec,
  files: NodeFiles,
  sandboxTarget: string,
  init?: string,
): OciMount[] {
  const privileged = spec.security?.privileged === true;
  const access = privileged ? "rw" : "ro";
  const mounts: OciMount[] = [
    ...(privileged ? NODE_DEVICES : KERNEL),
    { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", access] },
    {
      destination: "/sys/fs/cgroup",
      type: "cgroup",
      source: "cgroup",
      options: ["nosuid", "noexec", "nodev", "relatime", access],
    },
  ];
  const binds: BindMount[] = fileBinds(files, init);

  if (spec.sandbox !== undefined) {
    binds.push({ source: spec.sandbox.source, target: spec.sandbox.target ?? sandboxTarget });
  }
  return [...mounts, ...[...binds, ...(spec.mounts ?? [])].map(bind)];
}

/** Read-only: some are the node's own. */
function fileBinds(files: NodeFiles, init: string | undefined): BindMount[] {
  const targets = [
    [files.resolvConf, "/etc/resolv.conf"],
    [files.hosts, "/etc/hosts"],
    [files.hostname, "/etc/hostname"],
    [init, INIT_TARGET],
  ] as const;
  return targets.flatMap(([source, target]) =>
    source === undefined ? [] : [{ source, target, readOnly: true }],
  );
}

function bind({ source, target, readOnly, propagation }: BindMount): OciMount {
  for (const path of [source, target]) {
    if (!path.startsWith("/") || path.split("/").includes("..")) {
      throw new InvalidSpecError(`mount path "${path}" is not an absolute path without ".."`);
    }
  }
  const destination = posix.normalize(target);
  if (destination === "/") throw new InvalidSpecError("a mount cannot stand over the container's root");
  if (/^\/proc(\/|$)/.test(destination)) throw new InvalidSpecError(`nothing can be mounted at "${target}"`);
  const options = ["rbind", readOnly ? "ro" : "rw", `r${propagation ?? "private"}`];
  return { destination, type: "bind", source, options };
}
