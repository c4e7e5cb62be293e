import { createHash } from "node:crypto";
import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * Puts the init where containers can have it mounted, and returns its path. The name is the content's: containers of an
 * earlier agent keep theirs, and a program that runs is never written to.
 */
export async function installInit(program: string, folder: string): Promise<string> {
  const content = await readFile(program);
  const path = join(folder, createHash("sha256").update(content).digest("hex").slice(0, 16));
  const known = await readFile(path).catch(() => undefined);
  if (known?.equals(content)) return path;
  await mkdir(folder, { recursive: true, mode: 0o711 });
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, content);
  await chmod(unfinished, 0o755);
  await rename(unfinished, path);
  return path;
}
