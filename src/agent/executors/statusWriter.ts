import { type Executor, executorHasBegun, executorHasEnded } from "../../api/executor.ts";
import { isTerminal } from "../../api/taskstate.ts";
import type { Live } from "../../cluster/object.ts";
import type { TaskRecord } from "../checkpoint/record.ts";
import { addressesOf, containerStatus } from "../lifecycle/publication.ts";
import { type WriteOptions, writeStatus } from "../run/conditionalWrite.ts";
import type { Claim, StatusWriter, Written } from "../run/statusWriter.ts";

/** Of executors: what is told is how they stand, not each step on the way. */
export class ExecutorStatusWriter implements StatusWriter {
  readonly #options: WriteOptions<Executor>;

  constructor(options: WriteOptions<Executor>) {
    this.#options = options;
  }

  claim(record: TaskRecord, signal: AbortSignal): Promise<Claim> {
    const beginning = record.pending[0]?.uuid;
    return writeStatus<Executor, Claim>(this.#options, record, signal, (executor) => {
      if (executor === undefined || executorHasEnded(executor.status)) return { answer: "refused" };
      if (executor.status?.beginning === beginning) return { answer: "claimed" };
      if (executorHasBegun(executor.status)) return { answer: "begun" };
      if (executor.spec.shutdown !== undefined || executor.metadata.deletionTimestamp !== undefined)
        return { answer: "killed" };
      return { patch: patchOf(record, executor, { beginning }), result: "claimed" };
    });
  }

  publish(record: TaskRecord, signal: AbortSignal): Promise<Written> {
    const uuids = new Set(record.pending.map(({ uuid }) => uuid));
    return writeStatus<Executor, Written>(this.#options, record, signal, (executor) => {
      if (executor === undefined) return { answer: { kind: "gone" } };
      const written: Written = { kind: "written", uuids };
      if (!executorHasEnded(executor.status)) return { patch: patchOf(record, executor), result: written };
      const ours = executor.status?.endedAt === record.latest?.timestamp;
      return { answer: ours ? written : { kind: "gone" } };
    });
  }
}

function patchOf(record: TaskRecord, { metadata }: Live<Executor>, more: object = {}): object {
  const { latest, container, exit, executor, sandbox } = record;
  const ended = latest !== undefined && isTerminal(latest.state);
  const state = ended ? "Ended" : executor?.subscribed ? "Running" : "Starting";
  return {
    metadata: { resourceVersion: metadata.resourceVersion, uid: record.uid },
    status: {
      ...more,
      observedGeneration: metadata.generation ?? 0,
      state,
      reason: ended ? (latest.reason ?? null) : null,
      message: latest?.message ?? null,
      ...(sandbox === undefined ? {} : { container: containerStatus(record) }),
      ...(container === undefined ? {} : { addresses: addressesOf(record) }),
      ...(exit === undefined ? {} : { exit }),
      ...(ended ? { endedAt: latest.timestamp } : {}),
    },
  };
}
