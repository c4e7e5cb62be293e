import { isFieldSet } from "@bufbuild/protobuf";
import { enumName } from "../../wire/enums.ts";
import {
  type Call,
  Call_Type,
  Call_TypeSchema,
  CallSchema,
} from "../../wire/gen/mesos/v1/master/master_pb.ts";

/** Calls that do without the field of their name, or have none. */
const BARE: ReadonlySet<Call_Type> = new Set([
  Call_Type.UNKNOWN,
  Call_Type.GET_HEALTH,
  Call_Type.GET_FLAGS,
  Call_Type.GET_VERSION,
  Call_Type.GET_LOGGING_LEVEL,
  Call_Type.GET_STATE,
  Call_Type.GET_AGENTS,
  Call_Type.GET_FRAMEWORKS,
  Call_Type.GET_EXECUTORS,
  Call_Type.GET_OPERATIONS,
  Call_Type.GET_TASKS,
  Call_Type.GET_ROLES,
  Call_Type.GET_WEIGHTS,
  Call_Type.GET_MASTER,
  Call_Type.SUBSCRIBE,
  Call_Type.GET_MAINTENANCE_STATUS,
  Call_Type.GET_MAINTENANCE_SCHEDULE,
  Call_Type.GET_QUOTA,
]);

/** What is wrong with a call in itself, in Mesos's words (src/master/validation.cpp, master::call::validate); undefined: nothing. */
export function callProblem(call: Call): string | undefined {
  if (!isFieldSet(call, CallSchema.field.type)) return "Expecting 'type' to be present";
  if (BARE.has(call.type)) return undefined;
  const name = enumName(Call_TypeSchema, call.type).toLowerCase();
  const field = CallSchema.fields.find((one) => one.name === name);
  if (field !== undefined && !isFieldSet(call, field)) return `Expecting '${name}' to be present`;
  const resized = call.type === Call_Type.GROW_VOLUME ? call.growVolume : call.shrinkVolume;
  const resizes = call.type === Call_Type.GROW_VOLUME || call.type === Call_Type.SHRINK_VOLUME;
  return resizes && resized?.agentId === undefined
    ? "Expecting 'agent_id' to be present; only agent default resources are supported right now"
    : undefined;
}
