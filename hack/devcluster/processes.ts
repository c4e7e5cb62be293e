import { spawn } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ClusterError, lastLines } from "./failure.ts";

/** A process of ours: the start time tells it from a stranger that got the same pid later. */
export interface ProcessRecord {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks since boot. */
  readonly startTime: string;
  /** Of the boot the process belongs to. */
  readonly bootId: string;
  /** How it was started, for starting it again. */
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

const POLL_MS = 20;
const KILL_GRACE_MS = 10_000;

/** State letter, parent and start time out of the text of /proc/PID/stat, whose second field may hold blanks and parentheses. */
export function parseStat(stat: string): { state: string; parent: number; startTime: string } {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "X", parent: Number(fields[1] ?? 0), startTime: fields[19] ?? "" };
}

function readOr(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

export function isAlive(record: ProcessRecord): boolean {
  const stat = readOr(`/proc/${record.pid}/stat`);
  if (stat === undefined || record.bootId !== bootId()) return false;
  const { state, startTime } = parseStat(stat);
  const ended = state === "X" || (state === "Z" && !hasThreads(record.pid));
  return !ended && startTime === record.startTime;
}

/** The first thread of a killed process can be a zombie while others still end, and hold its sockets until they have. */
function hasThreads(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).length > 1;
  } catch {
    return false;
  }
}

/** Waits until the process is gone; false when it is still there after the time. */
async function waitGone(record: ProcessRecord, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (isAlive(record)) {
    if (performance.now() > deadline) return false;
    await delay(POLL_MS);
  }
  return true;
}

function signal(record: ProcessRecord, name: NodeJS.Signals): void {
  try {
    if (isAlive(record)) process.kill(record.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** The processes that one state folder tracks: `run/NAME.json` says who, `log/NAME.log` what it said. */
export class Processes {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
    mkdirSync(join(dir, "run"), { recursive: true });
    mkdirSync(join(dir, "log"), { recursive: true });
  }

  logFile(name: string): string {
    return join(this.#dir, "log", `${name}.log`);
  }

  #recordFile(name: string): string {
    return join(this.#dir, "run", `${name}.json`);
  }

  /** All that were started and not stopped since. */
  names(): string[] {
    const files = readdirSync(join(this.#dir, "run")).filter((file) => file.endsWith(".json"));
    return files.map((file) => file.replace(/\.json$/, ""));
  }

  #read(name: string): ProcessRecord | undefined {
    const text = readOr(this.#recordFile(name));
    return text === undefined ? undefined : (JSON.parse(text) as ProcessRecord);
  }

  /** The process of that name if it lives. */
  find(name: string): ProcessRecord | undefined {
    const record = this.#read(name);
    return record !== undefined && isAlive(record) ? record : undefined;
  }

  /**
   * Starts a program in a session of its own, so that it outlives the shell; harmless when it runs already.
   * @throws ClusterError when the program cannot be started.
   */
  async start(
    name: string,
    argv: readonly string[],
    env: NodeJS.ProcessEnv = { PATH: process.env.PATH, HOME: process.env.HOME },
  ): Promise<ProcessRecord> {
    const running = this.find(name);
    if (running !== undefined) return running;
    const [file, ...args] = argv;
    if (file === undefined) throw new TypeError("a process needs a program");
    const log = openSync(this.logFile(name), "a");
    try {
      const child = spawn(file, args, { detached: true, stdio: ["ignore", log, log], env, cwd: "/" });
      const pid = await new Promise<number>((resolve, reject) => {
        child.once("spawn", () => resolve(child.pid ?? 0));
        child.once("error", (cause) =>
          reject(new ClusterError(`${name} could not be started: ${cause.message}`, { cause })),
        );
      });
      child.unref();
      const startTime = parseStat(readOr(`/proc/${pid}/stat`) ?? "").startTime;
      const record: ProcessRecord = { pid, startTime, bootId: bootId(), argv, env };
      const path = this.#recordFile(name);
      writeFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
      renameSync(`${path}.new`, path);
      return record;
    } finally {
      closeSync(log);
    }
  }

  /**
   * Starts a process that was killed as it was started before; harmless when it runs.
   * @throws ClusterError when it was never started.
   */
  async restart(name: string): Promise<void> {
    const record = this.#read(name);
    if (record === undefined) throw new ClusterError(`${name} was never started: run 'hack/cluster up'.`);
    await this.start(name, record.argv, record.env);
  }

  /** Ends the process: SIGTERM, then SIGKILL after ten seconds. */
  async stop(name: string): Promise<void> {
    const record = this.find(name);
    if (record !== undefined) {
      signal(record, "SIGTERM");
      if (!(await waitGone(record, KILL_GRACE_MS))) await this.kill(name);
    }
    rmSync(this.#recordFile(name), { force: true });
  }

  /** SIGKILL, as a crash would have it. */
  async kill(name: string): Promise<void> {
    const record = this.find(name);
    if (record === undefined) return;
    signal(record, "SIGKILL");
    if (!(await waitGone(record, KILL_GRACE_MS)))
      throw new ClusterError(`process ${record.pid} (${name}) does not die`);
  }

  /**
   * Waits until `ready` is true.
   * @throws ClusterError with the end of the log when the process ends first or the time is over.
   */
  async waitReady(name: string, ready: () => Promise<boolean>, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!(await ready())) {
      const ended = this.find(name) === undefined;
      if (ended || performance.now() > deadline) {
        const what = ended ? "ended while it started" : `was not ready after ${timeoutMs / 1000} s`;
        const log = readOr(this.logFile(name)) ?? "";
        throw new ClusterError(
          `${name} ${what}. Its log (${this.logFile(name)}) ends:\n${lastLines(log, 12)}`,
        );
      }
      await delay(POLL_MS);
    }
  }
}
