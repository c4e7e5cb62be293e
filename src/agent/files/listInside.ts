import type { Stats } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { openInside } from "./sandboxFile.ts";

export interface ListedFile {
  readonly name: string;
  readonly stats: Stats;
}

/** More than these nobody reads. */
const MOST_ENTRIES = 10_000;

/**
 * What is in a folder of a sandbox, by name; links are told as links. Empty for what is no folder. Rejects with SandboxFileError for what
 * is not there.
 */
export async function listInside(sandbox: string, path: string): Promise<ListedFile[]> {
  const folder = await openInside(sandbox, path);
  try {
    if (!(await folder.stat()).isDirectory()) return [];
    const here = `/proc/self/fd/${folder.fd}`;
    const names = (await readdir(here)).sort().slice(0, MOST_ENTRIES);
    const listed: ListedFile[] = [];
    for (const name of names) {
      const stats = await lstat(`${here}/${name}`).catch(() => undefined);
      if (stats !== undefined) listed.push({ name, stats });
    }
    return listed;
  } finally {
    await folder.close();
  }
}
