import type { IncomingMessage } from "node:http";
import { Unsupported } from "../../convert/unsupported.ts";
import { type Answer, badRequest } from "../../http/answer.ts";
import { BodyError, decode } from "../../wire/codec.ts";
import { enumName } from "../../wire/enums.ts";
import { type Call, Call_Type, Call_TypeSchema, CallSchema } from "../../wire/gen/mesos/v1/agent/agent_pb.ts";
import { RecordDecoder, RecordError } from "../../wire/recordio.ts";
import {
  ContainerExistsError,
  ContainerizerError,
  ContainerNotFoundError,
  RuntimeUnavailableError,
} from "../containerizer/errors.ts";
import type { Exchange, Route } from "../http/routes.ts";
import type { Access, Visitor } from "./access.ts";
import { callProblem } from "./callcheck.ts";
import type { Calls } from "./calls.ts";
import { type Media, negotiate } from "./media.ts";

/** Bytes of one message of a stream. */
const MOST_RECORD = 1 << 20;

/** POST /api/v1: the checks of Mesos's agent in its order (src/slave/http.cpp, Http::api). */
export const apiRoute = (access: Access, calls: Calls): Route => ({
  methods: ["POST"],
  paths: ["/api/v1"],
  handle: (exchange) => access.serve(exchange.request, (visitor) => handle(exchange, calls, visitor)),
});

async function handle(exchange: Exchange, calls: Calls, visitor: Visitor): Promise<Answer | undefined> {
  const media = negotiate(exchange.request.headers);
  if ("status" in media) return media;
  try {
    if (!media.streamsIn) {
      const call = readCall(await exchange.body(), media);
      return refusedStream(call, media) ?? (await calls.perform(call, { ...exchange, visitor, media }));
    }
    const messages = readCalls(exchange.request, media);
    const first = await messages.next();
    if (first.done) return badRequest("Received EOF while reading request body");
    const call = first.value;
    const answer = refusedStream(call, media) ?? (await calls.attachInput(call, messages, visitor));
    // What is still to come is not read.
    return exchange.request.complete ? answer : { ...answer, headers: { Connection: "close" } };
  } catch (error) {
    return answerTo(error);
  }
}

function answerTo(error: unknown): Answer {
  if (error instanceof BodyError || error instanceof RecordError || error instanceof Unsupported) {
    return badRequest(error.message);
  }
  if (error instanceof ContainerNotFoundError) return { status: 404, body: error.message };
  // Mesos: it was launched already.
  if (error instanceof ContainerExistsError) return { status: 202 };
  if (error instanceof RuntimeUnavailableError) return { status: 503, body: error.message };
  if (error instanceof ContainerizerError) return badRequest(error.message);
  throw error;
}

function refusedStream({ type }: Call, { streamsIn, streamsOut }: Media): Answer | undefined {
  const name = enumName(Call_TypeSchema, type);
  if (streamsIn && type !== Call_Type.ATTACH_CONTAINER_INPUT) {
    const body = `Streaming 'Content-Type' application/recordio is not supported for ${name} call`;
    return { status: 415, body };
  }
  if (!streamsIn && type === Call_Type.ATTACH_CONTAINER_INPUT) {
    return { status: 415, body: `Expecting 'Content-Type' to be application/recordio for ${name} call` };
  }
  const answersStream =
    type === Call_Type.ATTACH_CONTAINER_OUTPUT || type === Call_Type.LAUNCH_NESTED_CONTAINER_SESSION;
  if (!streamsOut || answersStream) return undefined;
  return { status: 406, body: `Streaming response is not supported for ${name} call` };
}

/** Throws BodyError. */
function readCall(body: Uint8Array, { content }: Media): Call {
  const call = decode(content, CallSchema, body, "Call");
  const problem = callProblem(call);
  if (problem !== undefined) throw new BodyError(`Failed to validate agent::Call: ${problem}`);
  return call;
}

/** Throws BodyError and RecordError. */
async function* readCalls(request: IncomingMessage, media: Media): AsyncGenerator<Call, void> {
  const decoder = new RecordDecoder(MOST_RECORD);
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    for (const record of decoder.decode(chunk)) yield readCall(record, media);
  }
}
