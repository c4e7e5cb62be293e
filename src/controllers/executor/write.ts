import type { Executor, ExecutorSpec, ExecutorStatus } from "../../api/executor.ts";
import type { Live } from "../../cluster/object.ts";
import { timestamp } from "../../cluster/time.ts";
import type { Dependencies } from "../dependencies.ts";

/** The field manager of what the operator writes of Executors. */
export const EXECUTOR_MANAGER = "mesos-operator";

type Needs = Pick<Dependencies, "clients" | "clock">;

/**
 * Ends an executor that its agent has not begun, or will never tell of again. As it was read: if anyone, the agent above all, has
 * written it since, this rejects with a conflict and nothing has happened.
 */
export function endExecutor(
  { clients, clock }: Needs,
  executor: Live<Executor>,
  end: Required<Pick<ExecutorStatus, "reason" | "message">>,
  signal: AbortSignal,
): Promise<Live<Executor>> {
  const { uid, resourceVersion } = executor.metadata;
  return clients.executors.mergePatch(
    executor.metadata,
    {
      metadata: { uid, resourceVersion },
      status: { state: "Ended", ...end, endedAt: timestamp(clock.now()) },
    },
    { fieldManager: EXECUTOR_MANAGER, subresource: "status", signal },
  );
}

/** Asks the agent to shut the executor down with all its tasks; asked before stays as it is. */
export async function askToShutDown(
  { clients }: Pick<Needs, "clients">,
  executor: Live<Executor>,
  shutdown: NonNullable<ExecutorSpec["shutdown"]>,
  signal: AbortSignal,
): Promise<void> {
  if (executor.spec.shutdown !== undefined) return;
  const { uid, resourceVersion } = executor.metadata;
  await clients.executors.mergePatch(
    executor.metadata,
    { metadata: { uid, resourceVersion }, spec: { shutdown } },
    { fieldManager: EXECUTOR_MANAGER, signal },
  );
}
