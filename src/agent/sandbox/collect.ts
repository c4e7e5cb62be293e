import { readdir, rm, rmdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { nestedSandboxes } from "./executorSandbox.ts";
import { EXECUTORS, type Layout, roleOfFolder, uidOfSandbox, type VolumeName } from "./layout.ts";

/** A sandbox on disk. */
export interface OldSandbox {
  readonly path: string;
  readonly uid: string;
  /** Milliseconds of the epoch. */
  readonly changedAt: number;
}

/** From so full on sandboxes are kept for less long; at so full not at all. */
const PRESSURE_FROM = 0.8;
const PRESSURE_FULL = 0.95;

/**
 * Milliseconds that the sandbox of an ended task is kept on a disk that is `usage` (0 to 1) full: `ttl`, and the less the fuller
 * the disk is beyond 80 %.
 */
export function keptFor(ttl: number, usage: number): number {
  const left = (PRESSURE_FULL - usage) / (PRESSURE_FULL - PRESSURE_FROM);
  return ttl * Math.min(1, Math.max(0, left));
}

/** Those to remove: of no task that is still here, and older than allowed. */
export function collectable(
  sandboxes: readonly OldSandbox[],
  live: ReadonlySet<string>,
  now: number,
  age: number,
): readonly OldSandbox[] {
  return sandboxes.filter(({ uid, changedAt }) => !live.has(uid) && now - changedAt >= age);
}

/** Every sandbox below the layout's folder. */
export async function listSandboxes(layout: Layout): Promise<readonly OldSandbox[]> {
  const found: OldSandbox[] = [];
  for (const namespace of await foldersIn(layout.sandboxes)) {
    for (const framework of await foldersIn(join(layout.sandboxes, namespace))) {
      const parent = join(layout.sandboxes, namespace, framework);
      found.push(...(await sandboxesIn(parent)));
      for (const executor of await sandboxesIn(join(parent, EXECUTORS))) {
        found.push(executor, ...(await sandboxesIn(nestedSandboxes(executor.path))));
      }
    }
  }
  return found;
}

async function sandboxesIn(parent: string): Promise<readonly OldSandbox[]> {
  const found: OldSandbox[] = [];
  for (const name of await foldersIn(parent)) {
    const uid = uidOfSandbox(name);
    if (uid === undefined) continue;
    const path = join(parent, name);
    found.push({ path, uid, changedAt: (await stat(path)).ctimeMs });
  }
  return found;
}

/** Removes a sandbox, and the folders above that are empty then. Symbolic links are removed, not followed. */
export async function removeSandbox({ path }: OldSandbox): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 3 });
  const framework = join(path, "..");
  for (const folder of [framework, join(framework, "..")]) {
    const kept = await rmdir(folder).then(
      () => false,
      () => true,
    );
    if (kept) return;
  }
}

/** The persistent volumes that lie on this node's disk. */
export async function listVolumes(layout: Layout): Promise<readonly VolumeName[]> {
  const found: VolumeName[] = [];
  for (const folder of await foldersIn(layout.volumes)) {
    for (const id of await foldersIn(join(layout.volumes, folder))) {
      found.push({ role: roleOfFolder(folder), id });
    }
  }
  return found;
}

async function foldersIn(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}
