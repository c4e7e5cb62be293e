import type { IncomingMessage, ServerResponse } from "node:http";
import type { Principal } from "../../auth/authenticator.ts";
import { type Answer, badRequest, methodNotAllowed } from "../../http/answer.ts";
import { readBody } from "../../http/body.ts";
import { notAcceptable, readCall } from "../../http/call.ts";
import { RecordStream } from "../../http/recordstream.ts";
import { encode } from "../../wire/codec.ts";
import { enumName } from "../../wire/enums.ts";
import {
  type Call,
  Call_Type,
  Call_TypeSchema,
  CallSchema,
  ResponseSchema,
} from "../../wire/gen/mesos/v1/master/master_pb.ts";
import { acceptedEncoding, type Encoding, MEDIA_TYPE } from "../../wire/media.ts";
import type { Limits } from "../scheduler/handler.ts";
import { encodeDocument } from "../state/document.ts";
import { callProblem } from "./callcheck.ts";
import { DOCUMENTS, NEEDED, respond } from "./reads.ts";
import type { OperatorService } from "./service.ts";
import { WRITES } from "./writes.ts";

/**
 * POST /api/v1 at the leader: the checks of Mesos's master in its order (src/master/http.cpp, Http::api). Undefined: the
 * response is taken care of.
 */
export async function handleOperator(
  service: OperatorService,
  request: IncomingMessage,
  response: ServerResponse,
  principal: Principal | undefined,
  limits: Limits,
): Promise<Answer | undefined> {
  const { method = "", headers } = request;
  if (method !== "POST") return methodNotAllowed(method);
  const read = await readCall(CallSchema, headers["content-type"], () => readBody(request, limits.body));
  if ("refusal" in read) return read.refusal;
  const { call } = read;
  const problem = callProblem(call);
  if (problem !== undefined) return badRequest(`Failed to validate master::Call: ${problem}`);
  const accepted = acceptedEncoding(headers.accept);
  if (accepted === undefined) return notAcceptable;
  const refusal = await service.access.refusal(principal, NEEDED[call.type] ?? []);
  if (refusal !== undefined) return refusal;
  const write = WRITES[call.type];
  if (write !== undefined) return write(service, call, principal);
  if (call.type === Call_Type.SUBSCRIBE) {
    const stream = new RecordStream(response, { "Content-Type": MEDIA_TYPE[accepted] }, limits.buffered);
    await service.subscribers.subscribe(stream, accepted);
    return undefined;
  }
  return answer(service, call, accepted, request, response);
}

async function answer(
  service: OperatorService,
  call: Call,
  accepted: Encoding,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Answer | undefined> {
  const document = DOCUMENTS[call.type];
  if (document !== undefined) {
    const key = `${enumName(Call_TypeSchema, call.type)} ${accepted}`;
    const rendering = await service.renderings.get(key, (pace) =>
      encodeDocument(accepted, document(service.state), pace),
    );
    await service.readers.send(request, response, rendering, MEDIA_TYPE[accepted]);
    return undefined;
  }
  const message = await respond(service, call);
  if (message === undefined) return { status: 501 };
  if ("status" in message) return message;
  const body = encode(accepted, ResponseSchema, message);
  return { status: 200, body, headers: { "Content-Type": MEDIA_TYPE[accepted] } };
}
