import { setTimeout as delay } from "node:timers/promises";
import type { Connection } from "../containerd/connection.ts";
import { Tasks } from "../containerd/gen/containerd/tasks_pb.ts";
import { isUnavailable } from "../containerd/rpcError.ts";

/** A process beside a container's first one. */
export interface ProcessIds {
  readonly containerId: string;
  readonly execId: string;
}

const WAIT_DEADLINE_MS = 10 * 60_000;
const RETRY_MS = 200;

/** Resolves with the exit code, over restarts of containerd; rejects with NOT_FOUND when nobody knows it any more. */
export async function waitForProcess(
  connection: Connection,
  ids: ProcessIds,
  signal?: AbortSignal,
): Promise<number> {
  for (;;) {
    try {
      const options = { deadlineMs: WAIT_DEADLINE_MS, signal };
      return (await connection.unary(Tasks.method.wait, ids, options)).exitStatus;
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (!isUnavailable(error) || connection.closed) throw error;
      await delay(RETRY_MS, undefined, { signal });
    }
  }
}
