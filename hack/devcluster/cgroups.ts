import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ClusterError } from "./failure.ts";
import { parseStat } from "./processes.ts";

/** A mounted cgroup hierarchy: each controller's own on version 1, the one of all on version 2. */
export interface Hierarchy {
  readonly path: string;
  readonly version: 1 | 2;
}

const POLL_MS = 20;
const EMPTY_MS = 20_000;

/** The hierarchies in the text of /proc/self/mounts; on a machine with both versions there are several. */
export function parseHierarchies(mounts: string): Hierarchy[] {
  const found = new Map<string, Hierarchy>();
  for (const line of mounts.split("\n")) {
    const [, path, type] = line.split(" ");
    if (path?.startsWith("/sys/fs/cgroup") && (type === "cgroup" || type === "cgroup2")) {
      found.set(path, { path, version: type === "cgroup" ? 1 : 2 });
    }
  }
  return [...found.values()];
}

export function hierarchies(): Hierarchy[] {
  return parseHierarchies(readFileSync("/proc/self/mounts", "utf8"));
}

/** A cpuset of version 1 takes no process until it has cpus and memory nodes of its own. */
function fillCpuset(dir: string): void {
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    const path = join(dir, file);
    if (existsSync(path) && readFileSync(path, "utf8").trim() === "") {
      writeFileSync(path, readFileSync(join(dirname(dir), file), "utf8"));
    }
  }
}

/** In version 2 a group has the controllers that its parent hands down. */
function handDown(parent: string): void {
  const controllers = readFileSync(join(parent, "cgroup.controllers"), "utf8").trim();
  for (const name of controllers.split(" ").filter((word) => word !== "")) {
    try {
      writeFileSync(join(parent, "cgroup.subtree_control"), `+${name}`);
    } catch {
      // Some machines keep one for themselves; the kubelet says which it cannot do without.
    }
  }
}

/** Makes the group in every hierarchy, with the groups above it. */
export function createCgroup(path: string): void {
  for (const { path: mount, version } of hierarchies()) {
    let dir = mount;
    for (const part of path.split("/")) {
      if (version === 2) handDown(dir);
      dir = join(dir, part);
      mkdirSync(dir, { recursive: true });
      if (version === 1) fillCpuset(dir);
    }
  }
}

/** Puts a program into the group in every hierarchy before it starts: a prefix for its command line. */
export function enterCgroup(path: string): string[] {
  const files = hierarchies().map(({ path: mount }) => join(mount, path, "cgroup.procs"));
  const script = `${files.map((file) => `echo $$ >${file}`).join(" && ")} && exec "$@"`;
  return ["/bin/sh", "-c", script, "enter-cgroup"];
}

function tree(dir: string): string[] {
  if (!existsSync(dir)) return [];
  const children = readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...children.flatMap((entry) => tree(join(dir, entry.name))), dir];
}

/** The processes in the group and all groups below it, in any hierarchy. */
export function cgroupProcesses(path: string): Set<number> {
  const pids = new Set<number>();
  for (const { path: mount } of hierarchies()) {
    for (const dir of tree(join(mount, path))) {
      let text = "";
      try {
        text = readFileSync(join(dir, "cgroup.procs"), "utf8");
      } catch {
        continue; // Gone since it was listed.
      }
      for (const pid of text.split("\n")) if (pid !== "") pids.add(Number(pid));
    }
  }
  return pids;
}

function killAll(pids: Iterable<number>): void {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

/** The processes and all that descend from them, by the parents in /proc. */
export function withDescendants(
  pids: ReadonlySet<number>,
  parents: ReadonlyMap<number, number>,
): Set<number> {
  const all = new Set(pids);
  let before: number;
  do {
    before = all.size;
    for (const [pid, parent] of parents) if (all.has(parent)) all.add(pid);
  } while (all.size > before);
  return all;
}

function parentsOfAll(): Map<number, number> {
  const parents = new Map<number, number>();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      parents.set(Number(entry), parseStat(readFileSync(`/proc/${entry}/stat`, "utf8")).parent);
    } catch {
      // Ended since it was listed.
    }
  }
  return parents;
}

/**
 * Kills every process of the group and the groups below, and what those started elsewhere.
 * @throws ClusterError when some are still there after 20 s.
 */
export async function killCgroup(path: string): Promise<void> {
  const deadline = performance.now() + EMPTY_MS;
  for (;;) {
    const pids = cgroupProcesses(path);
    if (pids.size === 0) return;
    if (performance.now() > deadline) {
      throw new ClusterError(`these processes in cgroup ${path} do not die: ${[...pids].join(" ")}`);
    }
    killAll(withDescendants(pids, parentsOfAll()));
    await delay(POLL_MS);
  }
}

/** Removes the emptied group and the groups below it from every hierarchy. */
export async function removeCgroup(path: string): Promise<void> {
  const deadline = performance.now() + EMPTY_MS;
  for (const { path: mount } of hierarchies()) {
    for (;;) {
      const left = tree(join(mount, path));
      if (left.length === 0) break;
      for (const dir of left) {
        try {
          rmdirSync(dir);
        } catch (error) {
          // The kernel lets go of a group shortly after its last process.
          if (performance.now() > deadline)
            throw new ClusterError(`cgroup ${dir} cannot be removed`, { cause: error });
        }
      }
      if (existsSync(join(mount, path))) await delay(POLL_MS);
    }
  }
}
