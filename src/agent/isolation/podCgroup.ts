import { posix } from "node:path";

/** Where a Pod's cgroup lies. */
export interface PodCgroup {
  /** Path below the hierarchy's mount point, as /proc/<pid>/cgroup gives it: "/kubepods/burstable/pod<uid>". */
  readonly path: string;
  readonly driver: "cgroupfs" | "systemd";
  /** v1: cpu, memory and pids are hierarchies of their own (hybrid counts as v1); v2: unified. */
  readonly version: "v1" | "v2";
}

/** The cgroup of a process is not one that a kubelet makes for a Pod, or is not seen whole from here. */
export class CgroupError extends Error {
  override readonly name = "CgroupError";
}

export interface ProcessCgroups {
  /** Paths by v1 controller ("cpu", "memory", "name=systemd", …). */
  readonly controllers: ReadonlyMap<string, string>;
  /** The path in the unified hierarchy; on a pure v1 node undefined. */
  readonly unified?: string;
}

/** Reads the lines `<id>:<controllers>:<path>` of /proc/<pid>/cgroup (cgroups(7)). */
export function parseProcCgroup(text: string): ProcessCgroups {
  const controllers = new Map<string, string>();
  let unified: string | undefined;
  for (const line of text.split("\n")) {
    const match = /^(\d+):([^:]*):(.*)$/.exec(line);
    if (match === null) continue;
    const [, id, names = "", path = ""] = match;
    if (id === "0" && names === "") unified = path;
    else for (const name of names.split(",")) controllers.set(name, path);
  }
  return unified === undefined ? { controllers } : { controllers, unified };
}

/** The container runtime itself decides by the memory controller: where that is on v1, limits are v1. */
export function cgroupVersionOf(cgroups: ProcessCgroups): "v1" | "v2" {
  return cgroups.controllers.has("memory") ? "v1" : "v2";
}

/** A Pod's uid: a UUID with - or, in systemd's names, _; for a static Pod 32 hexadecimal digits. */
const UID = "(?:[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})";
const CGROUPFS_POD = new RegExp(`^pod${UID}$`);
const SYSTEMD_POD = new RegExp(`-pod${UID}\\.slice$`);

/**
 * The Pod's cgroup, from /proc/<pid>/cgroup of a process of one of its containers. The path is found, not built: kind, nested kubelets and
 * `cgroupRoot` put prefixes before it.
 */
export function podCgroupOf(procCgroup: string): PodCgroup {
  const cgroups = parseProcCgroup(procCgroup);
  const version = cgroupVersionOf(cgroups);
  const path = version === "v2" ? cgroups.unified : cgroups.controllers.get("memory");
  if (path === undefined) throw new CgroupError("/proc/<pid>/cgroup names no cgroup: has the process ended?");
  const cpu = cgroups.controllers.get("cpu");
  if (version === "v1" && cpu !== path) {
    throw new CgroupError(`the cpu cgroup (${cpu ?? "none"}) and the memory cgroup (${path}) differ`);
  }
  if (path.split("/").includes("..")) {
    throw new CgroupError(
      `cgroup ${path} lies outside this process's cgroup namespace: the node's is needed`,
    );
  }
  const segments = path.split("/");
  const at = segments.findLastIndex((name) => CGROUPFS_POD.test(name) || SYSTEMD_POD.test(name));
  const name = segments[at];
  if (name === undefined) throw new CgroupError(`cgroup ${path} is not below a Pod's`);
  return {
    path: segments.slice(0, at + 1).join("/"),
    driver: name.endsWith(".slice") ? "systemd" : "cgroupfs",
    version,
  };
}

/** Without a Pod (tests, a node without a kubelet) containers lie here. */
const ROOT = "/mesos";

/** linux.cgroupsPath of the OCI spec: a path for the cgroupfs driver, `slice:prefix:name` for systemd's. */
export function cgroupsPath(pod: PodCgroup | undefined, containerId: string): string {
  if (pod?.driver === "systemd") return `${posix.basename(pod.path)}:mesos:${containerId}`;
  return `${pod?.path ?? ROOT}/mesos-${containerId}`;
}

/** Where the runtime then puts the container, below the hierarchy's mount point. */
export function containerCgroup(pod: PodCgroup | undefined, containerId: string): string {
  const path = `${pod?.path ?? ROOT}/mesos-${containerId}`;
  return pod?.driver === "systemd" ? `${path}.scope` : path;
}
