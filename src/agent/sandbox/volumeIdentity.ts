import { mkdir, readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { replaceFile } from "../checkpoint/atomicFile.ts";
import type { Layout, VolumeName } from "./layout.ts";

/**
 * Removes what lies in a volume's place if it is another volume's: one of the same role and id that was destroyed and whose data
 * is not collected yet. For before a task uses the volume; one call a volume at a time.
 */
export async function claimVolume(layout: Layout, volume: VolumeName, identity: string): Promise<void> {
  const path = layout.volumeIdentity(volume);
  const before = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (before === identity) return;
  // What says nothing of itself is taken for the volume that is asked for: nobody loses data to an upgrade.
  if (before !== undefined) await rm(layout.volume(volume), { recursive: true, force: true, maxRetries: 3 });
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await replaceFile(path, identity);
}

/** Removes a volume for good. */
export async function removeVolume(layout: Layout, volume: VolumeName): Promise<void> {
  await rm(layout.volume(volume), { recursive: true, force: true, maxRetries: 3 });
  await rm(layout.volumeIdentity(volume), { force: true });
}
