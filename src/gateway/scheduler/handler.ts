import type { IncomingMessage, ServerResponse } from "node:http";
import { isFieldSet } from "@bufbuild/protobuf";
import type { Principal } from "../../auth/authenticator.ts";
import { isTransient } from "../../cluster/errors.ts";
import type { Wishes } from "../../convert/framework.ts";
import { type Answer, badRequest, forbidden, methodNotAllowed } from "../../http/answer.ts";
import { readBody } from "../../http/body.ts";
import { notAcceptable, readCall } from "../../http/call.ts";
import { type Call, Call_Type, CallSchema } from "../../wire/gen/mesos/v1/scheduler/scheduler_pb.ts";
import { acceptedEncoding } from "../../wire/media.ts";
import { EventStream } from "../server/eventstream.ts";
import { callProblem } from "./callcheck.ts";
import type { SchedulerService } from "./service.ts";
import { Refusal } from "./subscription.ts";

export interface Limits {
  /** Bytes of a request's body. */
  readonly body: number;
  /** Bytes that may wait for one subscriber. */
  readonly buffered: number;
}

/**
 * POST /api/v1/scheduler at the leader: the checks of Mesos's master in its order (src/master/http.cpp, Http::scheduler). Undefined: the
 * response is the stream of a subscription.
 */
export async function handleScheduler(
  service: SchedulerService,
  request: IncomingMessage,
  response: ServerResponse,
  principal: Principal | undefined,
  limits: Limits,
): Promise<Answer | undefined> {
  const { method = "", headers } = request;
  if (method !== "POST") return methodNotAllowed(method);
  const body = async () => {
    const whole = await readBody(request, limits.body);
    // The calls of many frameworks may come at one time. A SUPPRESS must not pass the REVIVE after which it was sent, so all take their turn.
    await service.breath.take();
    return whole;
  };
  const read = await readCall(CallSchema, headers["content-type"], body);
  if ("refusal" in read) return read.refusal;
  const { call } = read;
  const problem = callProblem(call, isFieldSet(call, CallSchema.field.type), principal?.name);
  if (problem !== undefined) return badRequest(`Failed to validate scheduler::Call: ${problem}`);
  const accepted = acceptedEncoding(headers.accept);
  const needsAccept = call.type === Call_Type.SUBSCRIBE || call.type === Call_Type.RECONCILE_OPERATIONS;
  if (needsAccept && accepted === undefined) return notAcceptable;
  if (call.type === Call_Type.SUBSCRIBE) {
    if (headers["mesos-stream-id"] !== undefined) {
      return badRequest("Subscribe calls should not include the 'Mesos-Stream-Id' header");
    }
    const wishes = wishesOf(call.subscribe);
    if (wishes === undefined || accepted === undefined)
      return badRequest("Expecting 'subscribe' to be present");
    const stream = new EventStream(response, accepted, limits.buffered);
    void service.subscribe(stream, wishes, principal);
    return undefined;
  }
  return perform(service, call, headers["mesos-stream-id"], principal);
}

const wishesOf = (asked: Call["subscribe"] | Call["updateFramework"]): Wishes | undefined =>
  asked?.frameworkInfo && {
    info: asked.frameworkInfo,
    suppressedRoles: asked.suppressedRoles,
    offerConstraints: asked.offerConstraints,
  };

async function perform(
  service: SchedulerService,
  call: Call,
  streamId: string | string[] | undefined,
  principal: Principal | undefined,
): Promise<Answer> {
  const id = call.frameworkId?.value ?? "";
  const framework = service.frameworks.find(id);
  if (framework === undefined) return badRequest("Framework cannot be found");
  const owner = framework.spec.principal ?? "";
  if (principal !== undefined && principal.name !== owner) {
    return badRequest(
      `Authenticated principal '${principal.name}' does not match principal '${owner}' set in \`FrameworkInfo\``,
    );
  }
  if (framework.spec.connection.type !== "Gateway") return forbidden("Framework is not connected via HTTP");
  const session = service.session(framework);
  if (session === undefined) return forbidden("Framework is not subscribed");
  if (streamId === undefined) {
    return badRequest("All non-subscribe calls should include the 'Mesos-Stream-Id' header");
  }
  if (streamId !== session.stream.id) {
    return badRequest(
      `The stream ID '${String(streamId).slice(0, 128)}' included in this request didn't match the stream ID currently associated with framework ID ${id}`,
    );
  }
  if (call.type !== Call_Type.UPDATE_FRAMEWORK) {
    return (await service.perform(session, call)) ? { status: 202 } : { status: 501 };
  }
  const wishes = wishesOf(call.updateFramework);
  if (wishes === undefined) return badRequest("Expecting 'update_framework' to be present");
  try {
    await service.update(session, wishes, principal);
    return { status: 200 };
  } catch (error) {
    if (isTransient(error)) return { status: 503, body: "The framework cannot be updated now" };
    if (!(error instanceof Refusal)) throw error;
    return error.kind === "unauthorized" ? forbidden(error.message) : badRequest(error.message);
  }
}
