import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";

/** mount(8) or umount(8) cannot be run, or has refused. */
export class MountError extends Error {
  override readonly name = "MountError";
}

/** Rejects with MountError, which has the program's words. */
export async function runMount(program: "mount" | "umount", ...args: readonly string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const [code] = (await once(child, "close").catch((cause) => {
    throw new MountError(`${program}(8) cannot be run`, { cause });
  })) as [number | null];
  if (code !== 0) throw new MountError(said.trim());
}

/** Where something is mounted, as the agent sees it. */
export async function mountPoints(): Promise<ReadonlySet<string>> {
  return readMountPoints(await readFile("/proc/self/mountinfo", "utf8"));
}

/** Of the lines of a mountinfo (proc(5)). */
export const readMountPoints = (mountinfo: string): ReadonlySet<string> =>
  new Set(
    mountinfo.split("\n").flatMap((line) => {
      const path = line.split(" ")[4];
      return path === undefined ? [] : [path.replace(/\\([0-7]{3})/g, (_, octal) => char(octal))];
    }),
  );

const char = (octal: string): string => String.fromCharCode(Number.parseInt(octal, 8));
