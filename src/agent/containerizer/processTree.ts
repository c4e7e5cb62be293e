import { readdir, readFile } from "node:fs/promises";
import { parseProcCgroup } from "../isolation/podCgroup.ts";

/** Processes begun by a process and by those, children first seen first. Needs the node's /proc (hostPID). */
export async function descendants(pid: number): Promise<number[]> {
  const found: number[] = [];
  const pending = [pid];
  for (let parent = pending.pop(); parent !== undefined; parent = pending.pop()) {
    for (const child of await childrenOf(parent)) {
      found.push(child);
      pending.push(child);
    }
  }
  return found;
}

async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, "utf8").catch(() => "")),
  );
  return lists.flatMap((list) =>
    list
      .split(" ")
      .filter((each) => each.trim() !== "")
      .map(Number),
  );
}

/**
 * Signals each process that still is in the container's cgroup: a pid may have gone to a stranger since it was listed. Returns how many were
 * found; none means that they have ended, or that this process does not see the node's.
 */
export async function signalEach(pids: readonly number[], signal: number, cgroup: string): Promise<number> {
  const cgroups = await Promise.all(
    pids.map(async (pid) => ({ pid, text: await readFile(`/proc/${pid}/cgroup`, "utf8").catch(() => "") })),
  );
  const found = cgroups.filter(({ text }) => text !== "" && isIn(text, cgroup)).map(({ pid }) => pid);
  // All in one go, and parents before what they began: a shell whose child ends before it has the signal itself would not run its trap.
  for (const pid of found.sort((a, b) => a - b)) kill(pid, signal);
  return found.length;
}

function isIn(procCgroup: string, cgroup: string): boolean {
  const { controllers, unified } = parseProcCgroup(procCgroup);
  const path = controllers.get("memory") ?? unified ?? "";
  return path === cgroup || path.startsWith(`${cgroup}/`);
}

function kill(pid: number, signal: number): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
