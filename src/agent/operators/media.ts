import type { IncomingHttpHeaders } from "node:http";
import type { Answer } from "../../http/answer.ts";
import { badRequest } from "../../http/answer.ts";
import { acceptedEncoding, acceptsMediaType, contentEncoding, type Encoding } from "../../wire/media.ts";

export const RECORDIO = "application/recordio";
const MESSAGE_CONTENT_TYPE = "Message-Content-Type";
const MESSAGE_ACCEPT = "Message-Accept";

/** How a request and its answer are written. */
export interface Media {
  /** Of each message of the request. */
  readonly content: Encoding;
  /** The request is a stream of records. */
  readonly streamsIn: boolean;
  /** Of each message of the answer. */
  readonly accept: Encoding;
  /** The answer may be `application/recordio` alone. */
  readonly streamsOut: boolean;
}

/** The checks of Mesos's agent in its order (src/slave/http.cpp, Http::api). */
export function negotiate(headers: IncomingHttpHeaders): Media | Answer {
  const content = contentOf(headers);
  if ("status" in content) return content;
  const accept = acceptOf(headers);
  return "status" in accept ? accept : { ...content, ...accept };
}

function contentOf(headers: IncomingHttpHeaders): Pick<Media, "content" | "streamsIn"> | Answer {
  const type = headers["content-type"];
  if (type === undefined) return badRequest("Expecting 'Content-Type' to be present");
  const messageType = headers["message-content-type"];
  const whole = contentEncoding(type);
  if (whole !== undefined) {
    if (messageType === undefined) return { content: whole, streamsIn: false };
    return unsupported(`Expecting '${MESSAGE_CONTENT_TYPE}' to be not set for non-streaming requests`);
  }
  if (type !== RECORDIO) {
    return unsupported(
      `Expecting 'Content-Type' of application/json or application/x-protobuf or ${RECORDIO}`,
    );
  }
  if (messageType === undefined) {
    return badRequest(`Expecting '${MESSAGE_CONTENT_TYPE}' to be set for streaming requests`);
  }
  const content = contentEncoding(String(messageType));
  if (content !== undefined) return { content, streamsIn: true };
  return unsupported(`Expecting '${MESSAGE_CONTENT_TYPE}' of application/json or application/x-protobuf`);
}

function acceptOf(headers: IncomingHttpHeaders): Pick<Media, "accept" | "streamsOut"> | Answer {
  const messageAccept = headers["message-accept"];
  const whole = acceptedEncoding(headers.accept);
  if (whole !== undefined) {
    if (messageAccept === undefined) return { accept: whole, streamsOut: false };
    return notAcceptable(`Expecting '${MESSAGE_ACCEPT}' to be not set for non-streaming responses`);
  }
  if (!acceptsMediaType(headers.accept, RECORDIO)) {
    return notAcceptable(
      `Expecting 'Accept' to allow application/json or application/x-protobuf or ${RECORDIO}`,
    );
  }
  const accept = acceptedEncoding(messageAccept === undefined ? undefined : String(messageAccept));
  if (accept !== undefined) return { accept, streamsOut: true };
  return notAcceptable(`Expecting '${MESSAGE_ACCEPT}' to allow application/json or application/x-protobuf`);
}

const unsupported = (body: string): Answer => ({ status: 415, body });
const notAcceptable = (body: string): Answer => ({ status: 406, body });
