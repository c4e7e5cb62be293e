import { readFile } from "node:fs/promises";

/** Changes with each boot of the node's kernel. */
export async function readBootId(path = "/proc/sys/kernel/random/boot_id"): Promise<string> {
  return (await readFile(path, "utf8")).trim();
}
