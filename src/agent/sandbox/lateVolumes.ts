import { createHash } from "node:crypto";
import { lstat, mkdir, mkdtemp, readdir, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BindMount } from "../containerizer/spec.ts";
import { KeyedLock } from "../provisioner/keyedLock.ts";
import type { Layout } from "./layout.ts";
import { mountPoints, runMount } from "./mountCommand.ts";
import { putLink, removeLink } from "./sandboxLink.ts";
import { VolumeError } from "./volumeError.ts";
import { ownedVolume, type PersistentVolume } from "./volumes.ts";

/** Where a container sees the volumes that come to it while it runs. */
const TARGET = "/mnt/mesos/volumes";

/** Of an executor that runs. */
export interface Receiver {
  readonly uid: string;
  readonly sandbox: string;
}

/**
 * Persistent volumes of tasks that are given to an executor which runs: they appear in its sandbox at their container paths, and are taken
 * away with their task (Mesos: filesystem/linux, update()). Each executor has a folder of the node that is its container's too, read-only, and to which
 * mounts propagate; what is mounted there, the sandbox has links to. So nothing is ever mounted at a path that somebody else can change.
 */
export class LateVolumes {
  readonly #layout: Layout;
  readonly #lock = new KeyedLock();

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /** Makes the folder of a container that is to be launched. */
  async open(uid: string): Promise<BindMount> {
    const source = this.#layout.lateVolumes(uid);
    await mkdir(source, { recursive: true, mode: 0o755 });
    return { source, target: TARGET, readOnly: true, propagation: "slave" };
  }

  /** Rejects with VolumeError, MountError, or what the file system says. */
  bring({ uid, sandbox }: Receiver, volumes: readonly PersistentVolume[]): Promise<void> {
    if (volumes.length === 0) return Promise.resolve();
    return this.#lock.run(uid, async () => {
      const owner = await lstat(sandbox);
      const there = await mountPoints();
      for (const volume of volumes) {
        const point = join(this.#layout.lateVolumes(uid), nameOf(volume));
        await makePoint(point);
        const source = await ownedVolume(this.#layout, volume, owner, volume.shared);
        if (!there.has(point)) await bind(source, point, volume.readOnly);
        await putLink(sandbox, volume.containerPath, targetOf(volume), owner);
      }
    });
  }

  /** Takes away what is not among `kept`, which others still use. */
  take(
    { uid, sandbox }: Receiver,
    volumes: readonly PersistentVolume[],
    kept: readonly PersistentVolume[],
  ): Promise<void> {
    if (volumes.length === 0) return Promise.resolve();
    const links = new Set(kept.map(({ containerPath }) => containerPath));
    const names = new Set(kept.map(nameOf));
    return this.#lock.run(uid, async () => {
      for (const volume of volumes) {
        if (!links.has(volume.containerPath))
          await removeLink(sandbox, volume.containerPath, targetOf(volume));
      }
      const gone = new Set(volumes.map(nameOf).filter((name) => !names.has(name)));
      await this.#unmount(uid, gone);
    });
  }

  /** Of an executor that has ended. Never deletes what is in a volume: a folder that is not empty stays. */
  close(uid: string): Promise<void> {
    return this.#lock.run(uid, async () => {
      const folder = this.#layout.lateVolumes(uid);
      await this.#unmount(uid, await readdir(folder).catch(() => []));
      await rmdir(folder).catch(ignoreMissing);
    });
  }

  async #unmount(uid: string, names: Iterable<string>): Promise<void> {
    const there = await mountPoints();
    for (const name of names) {
      const point = join(this.#layout.lateVolumes(uid), name);
      // A process of the executor may stand in it.
      if (there.has(point)) await runMount("umount", "--lazy", point);
      await rmdir(point).catch(ignoreMissing);
    }
  }
}

async function makePoint(point: string): Promise<void> {
  await mkdir(point, { mode: 0o755 }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "EEXIST") return;
    if (cause.code !== "ENOENT") throw cause;
    const message = "the executor was started by an agent before this one, and no volume can come to it";
    throw new VolumeError(message, { cause });
  });
}

/** A mount takes along what it is when it propagates, and not what it is changed to: one that is read-only is made so aside. */
async function bind(source: string, point: string, readOnly: boolean): Promise<void> {
  if (!readOnly) return runMount("mount", "--bind", source, point);
  const aside = await mkdtemp(join(tmpdir(), "volume-"));
  try {
    await runMount("mount", "--bind", source, aside);
    try {
      await runMount("mount", "-o", "remount,bind,ro", aside);
      await runMount("mount", "--bind", aside, point);
    } finally {
      await runMount("umount", "--lazy", aside);
    }
  } finally {
    await rmdir(aside);
  }
}

/** One mount for all who see the volume in the same way. */
const nameOf = ({ role, id, readOnly }: PersistentVolume): string =>
  createHash("sha256")
    .update(JSON.stringify([role, id, readOnly]))
    .digest("hex")
    .slice(0, 32);

const targetOf = (volume: PersistentVolume): string => join(TARGET, nameOf(volume));

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}
