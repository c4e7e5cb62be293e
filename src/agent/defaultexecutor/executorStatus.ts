import { type Executor, type ExecutorStatus, executorHasEnded } from "../../api/executor.ts";
import { isNotFound } from "../../cluster/errors.ts";
import type { Live } from "../../cluster/object.ts";
import type { Resource } from "../../cluster/resource.ts";
import type { Clock } from "../../cluster/time.ts";
import { retry } from "../launch/retry.ts";

export interface ExecutorStatusOptions {
  readonly executors: Pick<Resource<Executor>, "get" | "mergePatch">;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Writes what the agent has to say of an executor, as it was read, for as long as it takes. Undefined: the executor has ended, or is gone
 * or another one of the same name.
 */
export async function writeExecutorStatus(
  { executors, clock, signal }: ExecutorStatusOptions,
  known: Live<Executor>,
  status: ExecutorStatus,
): Promise<Live<Executor> | undefined> {
  const { name, namespace = "", uid } = known.metadata;
  const ref = { namespace, name };
  let current: Live<Executor> | undefined = known;
  const write = async () => {
    current ??= await executors.get(ref, { signal });
    const { metadata } = current;
    if (metadata.uid !== uid || executorHasEnded(current.status)) return undefined;
    const { resourceVersion, generation = 0 } = metadata;
    const patch = {
      metadata: { uid, resourceVersion },
      status: { observedGeneration: generation, ...status },
    };
    return executors.mergePatch(ref, patch, { subresource: "status", signal });
  };
  try {
    return await retry(write, {
      clock,
      signal,
      when: (error) => !isNotFound(error),
      onError: () => {
        current = undefined;
      },
    });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
