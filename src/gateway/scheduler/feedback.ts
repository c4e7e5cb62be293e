import { randomUUID } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { MOST_OPERATIONS, type OperationRecord } from "../../api/framework.ts";
import type { OperationResult } from "../../api/offer.ts";
import { type Clock, type Timer, timestamp } from "../../cluster/time.ts";
import { isRecordable, operationRecord, operationStatus } from "../../convert/operationrecord.ts";
import { uuidText } from "../../convert/status.ts";
import {
  type Offer_Operation,
  OperationState,
  type OperationStatus,
  OperationStatusSchema,
} from "../../wire/gen/mesos/v1/mesos_pb.ts";
import type { Call_ReconcileOperations } from "../../wire/gen/mesos/v1/scheduler/scheduler_pb.ts";
import type { AgentStanding } from "./reconcile.ts";

const FIRST_RETRY = 10_000;
const LAST_RETRY = 600_000;
/** Statuses of one framework: beyond that the oldest are forgotten. */
const MOST_KEPT = 10_000;

interface Kept {
  readonly record: OperationRecord;
  readonly status: OperationStatus;
  timer?: Timer;
}

export interface FeedbackOptions {
  readonly clock: Clock;
  /** What the leader before has kept. */
  readonly recorded: readonly OperationRecord[];
  /** Has it written what is to be kept; resolves once it is, or never will be. */
  readonly record: (operations: readonly OperationRecord[]) => Promise<unknown>;
}

/**
 * What became of the operations that a framework gave an id to: kept in the Framework's status first, then told, again and again until it is
 * acknowledged, and on being asked. Of many the oldest are in the Framework and outlive this leader; the others wait for their places.
 */
export class Feedback {
  readonly #options: FeedbackOptions;
  /** By their ids, oldest first. */
  readonly #kept = new Map<string, Kept>();
  /** Not told yet. */
  readonly #fresh = new Set<Kept>();
  /** The statuses that are in the Framework. */
  #recorded: string;
  #recording = false;
  #stopped = false;
  #send: ((status: OperationStatus) => void) | undefined;

  constructor(options: FeedbackOptions) {
    this.#options = options;
    for (const record of options.recorded) {
      this.#kept.set(record.id, { record, status: operationStatus(record) });
    }
    this.#recorded = textOf(options.recorded);
  }

  /** Tells a new subscriber what the one before has not acknowledged. */
  connect(send: (status: OperationStatus) => void): void {
    this.#send = send;
    for (const kept of this.#kept.values()) if (!this.#fresh.has(kept)) this.#tell(kept, FIRST_RETRY);
  }

  disconnect(): void {
    this.#send = undefined;
  }

  stop(): void {
    this.#send = undefined;
    this.#stopped = true;
    for (const { timer } of this.#kept.values()) timer?.cancel();
  }

  /** The result of an operation that was carried out, or tried. */
  done(operation: Offer_Operation, agent: string, result: Pick<OperationResult, "status" | "message">): void {
    const outcome = {
      agent,
      state: result.status,
      message: result.message,
      uuid: randomUUID(),
      statusUuid: randomUUID(),
      time: timestamp(this.#options.clock.now()),
    };
    const id = operation.id?.value ?? "";
    this.#forget(id);
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size >= MOST_KEPT) this.#forget(oldest);
    const kept: Kept = {
      record: operationRecord(operation, outcome),
      status: operationStatus({ id, ...outcome }),
    };
    this.#kept.set(id, kept);
    this.#fresh.add(kept);
    void this.#record();
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
    // As in Mesos it is forgotten once its end is acknowledged.
    this.#forget(id);
    void this.#record();
  }

  /** The answers to a RECONCILE_OPERATIONS (Mesos: Master::reconcileOperations); without operations: all that are known. They carry no uuid. */
  reconcile(
    { operations }: Call_ReconcileOperations,
    standing: (agent: string) => AgentStanding,
  ): OperationStatus[] {
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
      const [state, message] = unknownOperation(agentId && standing(agentId.value));
      return create(OperationStatusSchema, {
        ...(operationId && { operationId }),
        state,
        message: `Reconciliation: ${message}`,
        ...(agentId && { agentId }),
      });
    });
  }

  #forget(id: string): void {
    const kept = this.#kept.get(id);
    if (kept === undefined) return;
    kept.timer?.cancel();
    this.#kept.delete(id);
    this.#fresh.delete(kept);
  }

  /** One write at a time: what comes meanwhile goes with the next. */
  async #record(): Promise<void> {
    if (this.#recording) return;
    this.#recording = true;
    while (!this.#stopped) {
      const fresh = [...this.#fresh];
      const records = this.#recordable();
      const text = textOf(records);
      if (fresh.length === 0 && text === this.#recorded) break;
      if (text !== this.#recorded) await this.#options.record(records);
      this.#recorded = text;
      for (const kept of fresh) if (this.#fresh.delete(kept)) this.#tell(kept, FIRST_RETRY);
    }
    this.#recording = false;
  }

  #recordable(): OperationRecord[] {
    const records: OperationRecord[] = [];
    for (const { record } of this.#kept.values()) {
      if (records.length === MOST_OPERATIONS) break;
      if (isRecordable(record)) records.push(record);
    }
    return records;
  }

  #tell(kept: Kept, interval: number): void {
    kept.timer?.cancel();
    if (this.#stopped) return;
    this.#send?.(kept.status);
    const again = () => this.#tell(kept, Math.min(interval * 2, LAST_RETRY));
    kept.timer = this.#options.clock.setTimeout(again, interval);
  }
}

const textOf = (records: readonly OperationRecord[]): string =>
  records.map(({ statusUuid }) => statusUuid).join();

function unknownOperation(agent: AgentStanding | undefined): [OperationState, string] {
  const { OPERATION_UNKNOWN, OPERATION_UNREACHABLE } = OperationState;
  switch (agent) {
    case "registered":
      return [OPERATION_UNKNOWN, "Operation is unknown"];
    case "unreachable":
      return [OPERATION_UNREACHABLE, "Agent is unreachable"];
    case "unknown":
      return [OPERATION_UNKNOWN, "Both operation and agent are unknown"];
    default:
      return [OPERATION_UNKNOWN, "Operation is unknown and no 'agent_id' was provided"];
  }
}
