import { readFile } from "node:fs/promises";
import type { Connection } from "../containerd/connection.ts";
import { Status } from "../containerd/gen/containerd/task_pb.ts";
import { Tasks } from "../containerd/gen/containerd/tasks_pb.ts";
import { isNotFound } from "../containerd/rpcError.ts";
import { CgroupError, type PodCgroup, podCgroupOf } from "./podCgroup.ts";

export interface SlotLocation {
  /** The slot container's first process, as the node numbers it. */
  readonly pid: number;
  readonly cgroup: PodCgroup;
  /** The Pod's network namespace, on the node, while that process lives. */
  readonly netnsPath: string;
}

/** Finds where a slot Pod lies on this node, by its container in the kubelet's namespace of containerd. */
export class Slots {
  readonly #connection: Connection;
  readonly #namespace: string;

  constructor(connection: Connection, kubeletNamespace: string) {
    this.#connection = connection;
    this.#namespace = kubeletNamespace;
  }

  /** `containerId`: containerStatuses[].containerID. Undefined when no such container runs. Throws CgroupError. */
  async locate(containerId: string): Promise<SlotLocation | undefined> {
    const id = containerId.replace(/^containerd:\/\//, "");
    try {
      const { process } = await this.#connection.unary(
        Tasks.method.get,
        { containerId: id },
        { namespace: this.#namespace },
      );
      if (process === undefined || process.pid === 0 || process.status === Status.STOPPED) return undefined;
      return await locateProcess(process.pid);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}

/** From /proc of the node, which needs hostPID. Undefined when the process has ended. */
export async function locateProcess(pid: number): Promise<SlotLocation | undefined> {
  const text = await readFile(`/proc/${pid}/cgroup`, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT" || cause.code === "ESRCH") return undefined;
    throw new CgroupError(`the cgroup of process ${pid} cannot be read`, { cause });
  });
  if (text === undefined) return undefined;
  return { pid, cgroup: podCgroupOf(text), netnsPath: `/proc/${pid}/ns/net` };
}
