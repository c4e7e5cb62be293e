import { create } from "@bufbuild/protobuf";
import type { OperationRecord } from "../api/framework.ts";
import { decode } from "../wire/codec.ts";
import { enumName, enumNumber } from "../wire/enums.ts";
import {
  type Offer_Operation,
  Offer_Operation_Type,
  Offer_Operation_TypeSchema,
  Offer_OperationSchema,
  type Operation,
  OperationSchema,
  OperationState,
  type OperationStatus,
  OperationStatusSchema,
} from "../wire/gen/mesos/v1/mesos_pb.ts";
import { toJsonText } from "../wire/tojson.ts";
import { uuidBytes } from "./status.ts";

const STATES = {
  FINISHED: OperationState.OPERATION_FINISHED,
  FAILED: OperationState.OPERATION_FAILED,
  ERROR: OperationState.OPERATION_ERROR,
  DROPPED: OperationState.OPERATION_DROPPED,
} as const;

/** What the API takes (src/api/framework.ts). */
const LONGEST_ID = 255;
const LONGEST_INFO = 4096;
const LONGEST_MESSAGE = 1024;

export interface Outcome extends Pick<OperationRecord, "agent" | "state" | "uuid" | "statusUuid" | "time"> {
  readonly message?: string | undefined;
}

/** An operation that has ended, as it is kept. A long message is cut; an operation that is too long is known by its type alone. */
export function operationRecord(operation: Offer_Operation, outcome: Outcome): OperationRecord {
  const { message, ...rest } = outcome;
  const info = toJsonText(Offer_OperationSchema, operation);
  return {
    id: operation.id?.value ?? "",
    type: enumName(Offer_Operation_TypeSchema, operation.type),
    ...rest,
    ...(message !== undefined && { message: message.slice(0, LONGEST_MESSAGE) }),
    ...(info.length <= LONGEST_INFO && { info }),
  };
}

/** Whether the API takes it. */
export const isRecordable = ({ id }: OperationRecord): boolean => id !== "" && id.length <= LONGEST_ID;

/** With its uuid: to be acknowledged. As from Mesos's agents, of their own resources, without converted_resources. */
export function operationStatus(
  record: Omit<Outcome, "uuid" | "time"> & { readonly id: string },
): OperationStatus {
  const { id, state, message, statusUuid, agent } = record;
  return create(OperationStatusSchema, {
    operationId: { value: id },
    state: STATES[state],
    ...(message !== undefined && { message }),
    uuid: { value: uuidBytes(statusUuid) },
    agentId: { value: agent },
  });
}

/** As GET_OPERATIONS tells it. */
export function operationMessage(record: OperationRecord, framework: string): Operation {
  const status = operationStatus(record);
  return create(OperationSchema, {
    frameworkId: { value: framework },
    agentId: { value: record.agent },
    info: operationInfo(record),
    latestStatus: status,
    statuses: [status],
    uuid: { value: uuidBytes(record.uuid) },
  });
}

/** As the framework has written it. */
function operationInfo({ id, type, info }: OperationRecord): Offer_Operation {
  try {
    if (info !== undefined) return decode("json", Offer_OperationSchema, Buffer.from(info), "Operation");
  } catch {
    // Somebody has changed it.
  }
  const known = enumNumber(Offer_Operation_TypeSchema, type) as Offer_Operation_Type | undefined;
  return create(Offer_OperationSchema, { id: { value: id }, type: known ?? Offer_Operation_Type.UNKNOWN });
}
