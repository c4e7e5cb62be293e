import { isFieldSet } from "@bufbuild/protobuf";
import { idProblem } from "../../convert/task.ts";
import { enumName } from "../../wire/enums.ts";
import {
  type Call,
  Call_Type,
  Call_TypeSchema,
  CallSchema,
  Call_AttachContainerInput_Type as InputType,
} from "../../wire/gen/mesos/v1/agent/agent_pb.ts";
import type { ContainerID } from "../../wire/gen/mesos/v1/mesos_pb.ts";

const { LAUNCH_CONTAINER, WAIT_CONTAINER, KILL_CONTAINER, REMOVE_CONTAINER } = Call_Type;
const { LAUNCH_NESTED_CONTAINER, WAIT_NESTED_CONTAINER, KILL_NESTED_CONTAINER, REMOVE_NESTED_CONTAINER } =
  Call_Type;
const { LAUNCH_NESTED_CONTAINER_SESSION, ATTACH_CONTAINER_INPUT, ATTACH_CONTAINER_OUTPUT } = Call_Type;

/** Calls whose field of the same name must be there. */
const WITH_ARGUMENTS = new Set<Call_Type>([
  ...[Call_Type.GET_METRICS, Call_Type.SET_LOGGING_LEVEL, Call_Type.LIST_FILES, Call_Type.READ_FILE],
  ...[LAUNCH_CONTAINER, WAIT_CONTAINER, KILL_CONTAINER, REMOVE_CONTAINER],
  ...[LAUNCH_NESTED_CONTAINER, WAIT_NESTED_CONTAINER, KILL_NESTED_CONTAINER, REMOVE_NESTED_CONTAINER],
  ...[LAUNCH_NESTED_CONTAINER_SESSION, ATTACH_CONTAINER_INPUT, ATTACH_CONTAINER_OUTPUT],
]);

const NESTED = new Set<Call_Type>([
  ...[LAUNCH_NESTED_CONTAINER, WAIT_NESTED_CONTAINER, KILL_NESTED_CONTAINER, REMOVE_NESTED_CONTAINER],
  LAUNCH_NESTED_CONTAINER_SESSION,
]);

/** Why Mesos refuses this call (src/slave/validation.cpp, call::validate); undefined: it does not. */
export function callProblem(call: Call): string | undefined {
  if (!isFieldSet(call, CallSchema.field.type)) return "Expecting 'type' to be present";
  const field = enumName(Call_TypeSchema, call.type).toLowerCase();
  if (!WITH_ARGUMENTS.has(call.type)) return undefined;
  const argument = CallSchema.fields.find(({ name }) => name === field);
  if (argument === undefined || !isFieldSet(call, argument)) return `Expecting '${field}' to be present`;
  if (call.type === ATTACH_CONTAINER_INPUT) return inputProblem(call);
  const id = containerOf(call);
  if (id === undefined) return undefined;
  const wrong = containerIdProblem(id);
  if (wrong !== undefined) return `'${field}.container_id' is invalid: ${wrong}`;
  if (NESTED.has(call.type) && id.parent === undefined) {
    return `Expecting '${field}.container_id.parent' to be present`;
  }
  return undefined;
}

/** The container that a call, but ATTACH_CONTAINER_INPUT, is about. */
export function containerOf(call: Call): ContainerID | undefined {
  const about =
    call.launchContainer ??
    call.waitContainer ??
    call.killContainer ??
    call.removeContainer ??
    call.launchNestedContainer ??
    call.waitNestedContainer ??
    call.killNestedContainer ??
    call.removeNestedContainer ??
    call.launchNestedContainerSession ??
    call.attachContainerOutput;
  return about?.containerId;
}

function inputProblem({ attachContainerInput: input }: Call): string | undefined {
  switch (input?.type) {
    case InputType.CONTAINER_ID: {
      const wrong = containerIdProblem(input.containerId);
      return wrong === undefined ? undefined : `'attach_container_input.container_id' is invalid: ${wrong}`;
    }
    case InputType.PROCESS_IO:
      return undefined;
    default:
      return "'attach_container_input.type' is unknown";
  }
}

function containerIdProblem(id: ContainerID | undefined): string | undefined {
  const value = id?.value ?? "";
  const wrong = idProblem(value);
  if (wrong !== undefined) return wrong;
  if (/[. ]/.test(value)) return `'ContainerID.value' '${value}' contains invalid characters`;
  if (id?.parent === undefined) return undefined;
  const above = containerIdProblem(id.parent);
  return above === undefined ? undefined : `'ContainerID.parent' is invalid: ${above}`;
}
