import { chmod, lstat, mkdir, readdir, symlink, unlink } from "node:fs/promises";
import { join } from "node:path";
import { createSandbox, STDERR, STDOUT } from "./sandbox.ts";
import { VolumeError } from "./volumeError.ts";
import type { PersistentVolume } from "./volumes.ts";

/** The sandbox of a DEFAULT executor, as far as its tasks share it. */
export interface ExecutorSandbox {
  readonly path: string;
  /** The executor's own: its tasks mount them by executorPath. */
  readonly persistent: readonly PersistentVolume[];
}

/** The tasks' own sandboxes, and what they are called by their task ids (src/launcher/default_executor.cpp launchGroup()). */
export const CONTAINERS = "containers";
export const TASKS = "tasks";
const RESERVED = ["..", CONTAINERS, TASKS, STDOUT, STDERR];

/** Any task of the executor may write there, whoever it runs as. */
const SHARED_MODE = 0o777;

/** Makes the sandbox of an executor unless it is there already. Only the agent may write right below it. */
export async function createExecutorSandbox(path: string): Promise<void> {
  await createSandbox(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  for (const name of [CONTAINERS, TASKS]) await mkdir(join(path, name), { recursive: true, mode: 0o711 });
}

/** Where its tasks' own sandboxes lie. */
export const nestedSandboxes = (executor: string): string => join(executor, CONTAINERS);

/** The own sandbox of one of its tasks. */
export const nestedSandbox = (
  executor: string,
  task: { readonly name: string; readonly uid: string },
): string => join(nestedSandboxes(executor), `${task.name}-${task.uid}`);

/** Gives a task's sandbox the name that Mesos has for it, `tasks/<task id>`; the newest task of an id has it. */
export async function nameSandbox(executor: string, taskId: string, sandbox: string): Promise<void> {
  const name = join(executor, TASKS, taskId);
  await unlink(name).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
  await symlink(sandbox, name);
}

/** A folder, or a persistent volume. */
export type Shared =
  | { readonly path: string; readonly volume?: undefined }
  | { readonly path?: undefined; readonly volume: PersistentVolume };

/**
 * What tasks of one executor mount at `path`: a persistent volume of the executor, else a folder of its sandbox, made when it is missing.
 * Tasks that run may put links in what they share, so nothing inside of a shared folder is ever a mount's source: a path of
 * several names is one folder, and none can lie in another. Throws VolumeError.
 */
export async function sharedFolder(executor: ExecutorSandbox | undefined, path: string): Promise<Shared> {
  if (executor === undefined) throw new VolumeError(`executorPath ${path} needs an executor of type DEFAULT`);
  const name = plain(path);
  const [first] = name.split("/");
  if (first === undefined || first === "" || RESERVED.includes(first)) {
    throw new VolumeError(`executorPath must not be ${path}: that is not for tasks`);
  }
  const volumes = executor.persistent.map((volume) => ({ volume, at: plain(volume.containerPath) }));
  const exact = volumes.find(({ at }) => at === name);
  if (exact) return { volume: exact.volume };
  const others = [...volumes.map(({ at }) => at), ...(await folders(executor.path))];
  const crossing = others.find((other) => isInside(name, other) || isInside(other, name));
  if (crossing !== undefined) {
    throw new VolumeError(
      `executorPath ${path} and ${crossing} cannot both be shared: one lies in the other`,
    );
  }
  const folder = join(executor.path, encodeURIComponent(name));
  if ((await lstat(folder).catch(() => undefined)) === undefined) {
    await mkdir(folder, { recursive: true });
    await chmod(folder, SHARED_MODE);
  }
  return { path: folder };
}

const isInside = (path: string, folder: string): boolean => path.startsWith(`${folder}/`);

const plain = (path: string): string =>
  path
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .join("/");

const folders = async (sandbox: string): Promise<readonly string[]> =>
  (await readdir(sandbox)).map((name) => decodeURIComponent(name));
