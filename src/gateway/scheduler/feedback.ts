import { randomUUID } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import type { OperationResult } from "../../api/offer.ts";
import type { Clock, Timer } from "../../cluster/time.ts";
import { uuidBytes, uuidText } from "../../convert/status.ts";
import {
  OperationState,
  type OperationStatus,
  OperationStatusSchema,
} from "../../wire/gen/mesos/v1/mesos_pb.ts";
import type { Call_ReconcileOperations } from "../../wire/gen/mesos/v1/scheduler/scheduler_pb.ts";

const FIRST_RETRY = 10_000;
const LAST_RETRY = 600_000;
/** Statuses kept of one framework: beyond that the oldest are forgotten. */
const MOST_KEPT = 10_000;

const STATES = {
  FINISHED: OperationState.OPERATION_FINISHED,
  FAILED: OperationState.OPERATION_FAILED,
  ERROR: OperationState.OPERATION_ERROR,
  DROPPED: OperationState.OPERATION_DROPPED,
} as const;

interface Kept {
  readonly status: OperationStatus;
  timer?: Timer;
}

/**
 * What became of the operations that a framework gave an id to: told until acknowledged, and on being asked. Lives as long as
 * this process leads.
 */
export class Feedback {
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();
  #send: ((status: OperationStatus) => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Tells a new subscriber what the one before has not acknowledged. */
  connect(send: (status: OperationStatus) => void): void {
    this.#send = send;
    for (const kept of this.#kept.values()) if (kept.timer !== undefined) this.#tell(kept, FIRST_RETRY);
  }

  disconnect(): void {
    this.#send = undefined;
  }

  stop(): void {
    this.#send = undefined;
    for (const { timer } of this.#kept.values()) timer?.cancel();
  }

  /** The result of an operation that was carried out, or tried. */
  done(id: string, agent: string, { status, message }: Pick<OperationResult, "status" | "message">): void {
    this.#keep(
      create(OperationStatusSchema, {
        operationId: { value: id },
        state: STATES[status],
        ...(message !== undefined && { message }),
        uuid: { value: uuidBytes(randomUUID()) },
        agentId: { value: agent },
      }),
    );
  }

  /** Of one that the master itself refuses: nobody acknowledges that. */
  refused(id: string, agent: string | undefined, message: string): void {
    this.#send?.(
      create(OperationStatusSchema, {
        operationId: { value: id },
        state: OperationState.OPERATION_ERROR,
        message,
        ...(agent !== undefined && { agentId: { value: agent } }),
      }),
    );
  }

  acknowledge(id: string, uuid: string): void {
    const kept = this.#kept.get(id);
    if (kept === undefined || uuidText(kept.status.uuid?.value ?? new Uint8Array()) !== uuid) return;
    kept.timer?.cancel();
    // As in Mesos it is forgotten once its end is acknowledged.
    this.#kept.delete(id);
  }

  /** The answers to a RECONCILE_OPERATIONS; without operations: all that are known. They carry no uuid. */
  reconcile({ operations }: Call_ReconcileOperations): OperationStatus[] {
    const told = ({ operationId, state, message, agentId }: OperationStatus) =>
      create(OperationStatusSchema, {
        ...(operationId && { operationId }),
        state,
        ...(message !== "" && { message }),
        ...(agentId && { agentId }),
      });
    if (operations.length === 0) return [...this.#kept.values()].map(({ status }) => told(status));
    return operations.map(({ operationId, agentId }) => {
      const known = this.#kept.get(operationId?.value ?? "");
      if (known !== undefined) return told(known.status);
      return create(OperationStatusSchema, {
        ...(operationId && { operationId }),
        state: OperationState.OPERATION_UNKNOWN,
        message: "Reconciliation: Operation is unknown",
        ...(agentId && { agentId }),
      });
    });
  }

  #keep(status: OperationStatus): void {
    const id = status.operationId?.value ?? "";
    this.#kept.get(id)?.timer?.cancel();
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size >= MOST_KEPT) {
      this.#kept.get(oldest)?.timer?.cancel();
      this.#kept.delete(oldest);
    }
    const kept: Kept = { status };
    this.#kept.set(id, kept);
    this.#tell(kept, FIRST_RETRY);
  }

  #tell(kept: Kept, interval: number): void {
    kept.timer?.cancel();
    this.#send?.(kept.status);
    kept.timer = this.#clock.setTimeout(() => this.#tell(kept, Math.min(interval * 2, LAST_RETRY)), interval);
  }
}
