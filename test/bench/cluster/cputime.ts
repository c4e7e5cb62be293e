import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks of /proc a second: fixed in Linux's interface to programs. */
const TICKS = 100;

/** Milliseconds of processor time, user's and system's, by program. */
export type CpuTimes = ReadonlyMap<string, number>;

/** Programs by what their command line has in it. */
const PROGRAMS: readonly (readonly [name: string, word: string])[] = [
  ["apiserver", "kube-apiserver"],
  ["etcd", "/etcd"],
  ["scheduler", "kube-scheduler"],
  ["operator", "main/operator.ts"],
  ["simulator", "simulator/main.ts"],
];

/** Of this process, whose the framework is, and of those that it has started. On a shared machine it tells more than a clock does. */
export function readCpuTimes(): CpuTimes {
  const times = new Map<string, number>([["framework", millisecondsOf(process.pid)]]);
  for (const pid of readdirSync("/proc").map(Number).filter(Number.isInteger)) {
    if (parentOf(pid) !== process.pid) continue;
    const command = readOr(`/proc/${pid}/cmdline`).replaceAll("\0", " ");
    const name = PROGRAMS.find(([, word]) => command.includes(word))?.[0];
    if (name !== undefined) times.set(name, (times.get(name) ?? 0) + millisecondsOf(pid));
  }
  return times;
}

export function cpuBetween(before: CpuTimes, after: CpuTimes): Map<string, number> {
  return new Map(Array.from(after, ([name, time]) => [name, time - (before.get(name) ?? 0)]));
}

/** Field 3 and on of /proc/PID/stat. */
const fieldsOf = (pid: number): string[] => {
  const stat = readOr(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
};

const parentOf = (pid: number): number => Number(fieldsOf(pid)[1] ?? 0);

function millisecondsOf(pid: number): number {
  const fields = fieldsOf(pid);
  return ((Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * 1000) / TICKS;
}

/** Of a process that has ended meanwhile: nothing. */
function readOr(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
