import { setTimeout as delay } from "node:timers/promises";
import type { Connection } from "../containerd/connection.ts";
import { Tasks } from "../containerd/gen/containerd/tasks_pb.ts";
import { isNotFound, isUnavailable } from "../containerd/rpcError.ts";

const SIGKILL = 9;
const END_DEADLINE_MS = 60_000;
const RETRY_MS = 200;

/**
 * Kills and deletes a task; one that is not there is no error. While containerd cleans up after a shim that died, calls fail in many ways
 * and the task is soon gone; so failures are tried again for a while.
 */
export async function endTask(connection: Connection, containerId: string): Promise<void> {
  const deadline = Date.now() + END_DEADLINE_MS;
  for (;;) {
    try {
      await connection
        .unary(Tasks.method.kill, { containerId, signal: SIGKILL, all: true })
        .catch((error) => {
          // Also said of a process that has ended.
          if (!isNotFound(error)) throw error;
        });
      await connection.unary(Tasks.method.wait, { containerId }, { deadlineMs: END_DEADLINE_MS });
      await connection.unary(Tasks.method.delete, { containerId }, { deadlineMs: END_DEADLINE_MS });
      return;
    } catch (error) {
      if (isNotFound(error)) return;
      if (isUnavailable(error) || Date.now() > deadline) throw error;
      await delay(RETRY_MS);
    }
  }
}
