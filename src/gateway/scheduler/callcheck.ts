import { uuidProblem } from "../../convert/status.ts";
import { type Call, Call_Type } from "../../wire/gen/mesos/v1/scheduler/scheduler_pb.ts";

/** The field that a call of a type must have. REVIVE, SUPPRESS and TEARDOWN may do without. */
const NEEDED = {
  [Call_Type.ACCEPT]: "accept",
  [Call_Type.DECLINE]: "decline",
  [Call_Type.ACCEPT_INVERSE_OFFERS]: "accept_inverse_offers",
  [Call_Type.DECLINE_INVERSE_OFFERS]: "decline_inverse_offers",
  [Call_Type.KILL]: "kill",
  [Call_Type.SHUTDOWN]: "shutdown",
  [Call_Type.ACKNOWLEDGE]: "acknowledge",
  [Call_Type.ACKNOWLEDGE_OPERATION_STATUS]: "acknowledge_operation_status",
  [Call_Type.RECONCILE]: "reconcile",
  [Call_Type.RECONCILE_OPERATIONS]: "reconcile_operations",
  [Call_Type.MESSAGE]: "message",
  [Call_Type.REQUEST]: "request",
  [Call_Type.UPDATE_FRAMEWORK]: "update_framework",
} as const;

type Needed = (typeof NEEDED)[keyof typeof NEEDED];
type Camel<Text extends string> = Text extends `${infer A}_${infer B}` ? `${A}${Capitalize<Camel<B>>}` : Text;
const camel = <Text extends Needed>(text: Text) =>
  text.replace(/_[a-z]/g, (two) => two.slice(1).toUpperCase()) as Camel<Text>;

/**
 * What is wrong with a call in itself, in Mesos's words and order (src/master/validation.cpp, scheduler::call::validate);
 * undefined: nothing. Required fields were checked in parsing. A call without a type, or of one that is unknown here, is UNKNOWN:
 * `hasType` tells them apart.
 */
export function callProblem(call: Call, hasType: boolean, principal: string | undefined): string | undefined {
  if (!hasType) return "Expecting 'type' to be present";
  if (call.type === Call_Type.SUBSCRIBE) return subscribeProblem(call, principal);
  if (call.frameworkId === undefined) return "Expecting 'framework_id' to be present";
  const field = NEEDED[call.type as keyof typeof NEEDED];
  if (field !== undefined && call[camel(field)] === undefined) return `Expecting '${field}' to be present`;
  switch (call.type) {
    case Call_Type.ACKNOWLEDGE:
      return uuidProblem(call.acknowledge?.uuid);
    case Call_Type.ACKNOWLEDGE_OPERATION_STATUS:
      return (
        uuidProblem(call.acknowledgeOperationStatus?.uuid) ??
        (call.acknowledgeOperationStatus?.agentId === undefined
          ? "Expecting 'agent_id' to be present"
          : undefined)
      );
    case Call_Type.UPDATE_FRAMEWORK:
      return call.frameworkId.value === (call.updateFramework?.frameworkInfo?.id?.value ?? "")
        ? undefined
        : "'framework_id' differs from 'update_framework.framework_info.id'";
    default:
      return undefined;
  }
}

function subscribeProblem(call: Call, principal: string | undefined): string | undefined {
  const info = call.subscribe?.frameworkInfo;
  if (info === undefined) return "Expecting 'subscribe' to be present";
  if ((info.id?.value ?? "") !== (call.frameworkId?.value ?? "")) {
    return "'framework_id' differs from 'subscribe.framework_info.id'";
  }
  if (principal === undefined || info.principal === "" || info.principal === principal) return undefined;
  return `Authenticated principal '${principal}' does not match principal '${info.principal}' set in \`FrameworkInfo\``;
}
