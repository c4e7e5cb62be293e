import { type Executor, type ExecutorStatus, executorHasEnded } from "../../api/executor.ts";
import type { Live } from "../../cluster/object.ts";
import { type WriteOptions, writeStatus } from "../run/conditionalWrite.ts";

/** Writes what the agent has to say of an executor, for as long as it takes. False: it has ended, or is gone. */
export function writeExecutorStatus(
  options: WriteOptions<Executor>,
  { metadata: { name, namespace = "", uid } }: Live<Executor>,
  status: ExecutorStatus,
  signal: AbortSignal,
): Promise<boolean> {
  return writeStatus<Executor, boolean>(options, { namespace, name, uid }, signal, (executor) => {
    if (executor === undefined || executorHasEnded(executor.status)) return { answer: false };
    const { resourceVersion, generation = 0 } = executor.metadata;
    const patch = {
      metadata: { uid, resourceVersion },
      status: { observedGeneration: generation, ...status },
    };
    return { patch, result: true };
  });
}
